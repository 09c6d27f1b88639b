// SPDX-License-Identifier: GPL-3.0-or-later
// Reverse proxies on the server's own machine, whose workers run as a user of the test's choice:
// nginx and HAProxy. They listen on loopback and are gone with stop().
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePorts } from './ports.mjs';
import { until } from './wait.mjs';

const PROGRAMS = { nginx: '/usr/sbin/nginx', haproxy: '/usr/sbin/haproxy' };

// sites: what stands in each one's `location /` besides proxy_pass.
function nginxConfig({ user, target, sites, ports, dir }) {
    const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ');
    return `daemon off; user ${user} nogroup; worker_processes 1; pid ${dir}/pid; error_log ${dir}/log;
        events { worker_connections 256; }
        http { access_log off; ${temps}
        ${sites.map((site, i) => `server { listen 127.0.0.1:${ports[i]};
            location / { proxy_pass ${target}; ${site} } }`).join('\n')} }`;
}

// sites: {mode, lines}
function haproxyConfig({ user, target, sites, ports }) {
    return `global
    user ${user}
defaults
    timeout connect 5s
    timeout client 30s
    timeout server 30s
${sites.map(({ mode, lines = '' }, i) => `listen site${i}
    bind 127.0.0.1:${ports[i]}
    mode ${mode}
    ${lines}
    server media ${new URL(target).host}
`).join('')}`;
}

function listens(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.once('connect', () => resolve(Boolean(socket.destroy())));
        socket.once('error', () => resolve(false));
    });
}

export class Proxy {
    #process;
    #exited;

    // kind: 'nginx' or 'haproxy'. user: of its workers. target: the server's URL. sites: see above;
    // each has a port of its own, urls[i].
    static async start(kind, { user, target, sites }) {
        if (!fs.existsSync(PROGRAMS[kind]))
            throw new Error(`${PROGRAMS[kind]} is missing: tools/install-deps test`);
        if (process.getuid() !== 0)
            throw new Error('only root can give a proxy a user of its own');
        const proxy = new Proxy();
        const first = await freePorts(sites.length);
        const ports = sites.map((_, i) => first + i);
        proxy.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-proxy-'));
        proxy.urls = ports.map((port) => `http://127.0.0.1:${port}`);
        const file = path.join(proxy.dir, 'conf');
        const made = { user, target, sites, ports, dir: proxy.dir };
        fs.writeFileSync(file, kind === 'nginx' ? nginxConfig(made) : haproxyConfig(made));
        proxy.#process = spawn(PROGRAMS[kind], [kind === 'nginx' ? '-c' : '-f', file],
            { stdio: ['ignore', 'ignore', 'pipe'] });
        let words = '';
        proxy.#process.stderr.on('data', (bytes) => (words += bytes));
        proxy.#exited = new Promise((resolve) => proxy.#process.once('close', resolve));
        await until(`${kind} listens`, async () => (await Promise.all(ports.map(listens)))
            .every(Boolean) || Promise.reject(new Error(words))).catch(async (error) => {
            await proxy.stop();
            throw error;
        });
        return proxy;
    }

    async stop() {
        this.#process.kill('SIGTERM');
        await this.#exited;
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
