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

// Runs in a page: a headless browser has no screen, a canvas stands in for it.
export function paintScreen() {
    navigator.mediaDevices.getDisplayMedia = async () => {
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: 640, height: 480 });
        const context = canvas.getContext('2d');
        let n = 0;
        setInterval(() => {
            context.fillStyle = `hsl(${n++ % 360} 80% 50%)`;
            context.fillRect(0, 0, 640, 480);
        }, 33);
        return canvas.captureStream(30);
    };
}

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

// The official pages look for recordings and the like on the server that they came from.
function pass(request, response, target) {
    const onward = http.request(target + request.url, { method: request.method,
        headers: { ...request.headers, host: new URL(target).host } }, (answered) => {
        response.writeHead(answered.statusCode, answered.headers);
        answered.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
}

// {url, close()}; files: a function that tells whose /client is behind it.
export async function startPages({ files } = {}) {
    const server = http.createServer((request, response) =>
        files && request.url.startsWith('/client/')
            ? pass(request, response, files()) : answer(request, response));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        }),
    };
}
