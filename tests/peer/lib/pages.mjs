// SPDX-License-Identifier: GPL-3.0-or-later
// A web server on loopback for what the browsers load: the official SDK with its example apps as
// npm installed them (/sdk/...), and the tests' own page (/pages/...).
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from './server.mjs';

const FOLDERS = {
    sdk: path.join(root, 'node_modules/@flashphoner/websdk'),
    pages: path.join(root, 'tests/peer/pages'),
};
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css',
    '.mp4': 'video/mp4', '.png': 'image/png', '.jpg': 'image/jpeg', '.svg': 'image/svg+xml' };

export const EXAMPLES = '/sdk/examples/demo/streaming';
export const BARE = '/pages/bare.html';

function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    const [, folder, ...rest] = decodeURIComponent(pathname).split('/');
    const file = FOLDERS[folder] && path.join(FOLDERS[folder], ...rest);
    if (!file?.startsWith(FOLDERS[folder] + path.sep) || !fs.existsSync(file) ||
        !fs.statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
    }
    response.writeHead(200, {
        'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
    fs.createReadStream(file).pipe(response);
}

// {url, close()}
export async function startPages() {
    const server = http.createServer(answer);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        }),
    };
}
