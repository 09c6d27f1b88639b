// SPDX-License-Identifier: GPL-3.0-or-later
// A web back end as an application's developer would write it, and as he should not: every request
// is written down, and each method answers as the test says.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { Server } from './server.mjs';
import { PATIENCE_MS, slowness, within } from './wait.mjs';

const MEGABYTE = ' '.repeat(1 << 20);

// What a behaviour may be, besides a function (request) => behaviour, {status, body, headers} and
// {hold: promise} (answers once it resolves, as it says). body: sent as it is if it is a string or a Buffer.
const BEHAVIOURS = {
    echo: (request, response) => send(response, { body: request.raw.toString() }),
    refuse: (request, response) => send(response, { status: 403, body: '' }),
    empty: (request, response) => send(response, { body: '' }),
    garbage: (request, response) => send(response, { body: '{"name": "x", ' }),
    redirect: (request, response) => send(response, { status: 302, body: '',
        headers: { Location: '/redirected' } }),
    hang: () => {},
    die: (request, response) => response.socket.destroy(),
    dieInAnswer: (request, response) => {
        response.writeHead(200, { 'Content-Length': 1000 });
        response.write('{"half":', () => response.socket.destroy());
    },
    huge: (request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        for (let i = 0; i < 10; i++)
            response.write(MEGABYTE);
        response.end('{}');
    },
    trickle: (request, response) => {
        response.writeHead(200, { 'Content-Length': 100_000 });
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
    },
};

function send(response, { status = 200, body = {}, headers = {} }) {
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(text);
}

// One application's share of the back end: its URL, what came, what is answered.
export class Endpoint {
    #behaviours = new Map();
    #unread = [];
    #waiters = new Set();
    requests = []; // {method, path, headers, raw, body, at, socket}, in order

    constructor(key, url) {
        this.key = key;
        this.url = url;
    }

    // From now on; without a method: of all that have none of their own.
    on(method, behaviour) {
        if (behaviour === undefined)
            [method, behaviour] = ['*', method];
        this.#behaviours.set(method, behaviour);
        return this;
    }

    // A connect that gives the session this restClientConfig.
    config(restClientConfig) {
        return this.on('connect', ({ body }) => ({ body: { ...body, restClientConfig } }));
    }

    of(method) {
        return this.requests.filter((request) => request.method === method);
    }

    // The next unread request of this method for whose body accept() is true.
    next(method, accept = () => true, timeout = PATIENCE_MS) {
        let waiter;
        const found = new Promise((resolve) => {
            waiter = () => {
                const at = this.#unread.findIndex((r) => r.method === method && accept(r.body, r));
                if (at >= 0)
                    resolve(this.#unread.splice(at, 1)[0]);
                return at >= 0;
            };
            if (!waiter())
                this.#waiters.add(waiter);
        });
        const what = () => `hook ${method}; the last are ` + JSON.stringify(this.requests.slice(-5)
            .map((r) => [r.method, r.body?.status, r.body?.name])).slice(0, 1000);
        return within(timeout * slowness, what, found).finally(() => this.#waiters.delete(waiter));
    }

    take(request, response) {
        this.requests.push(request);
        this.#unread.push(request);
        for (const waiter of this.#waiters)
            if (waiter())
                this.#waiters.delete(waiter);
        this.#answer(request, response,
            this.#behaviours.get(request.method) ?? this.#behaviours.get('*') ?? 'echo');
    }

    #answer(request, response, behaviour) {
        if (typeof behaviour === 'function')
            this.#answer(request, response, behaviour(request));
        else if (typeof behaviour === 'string')
            BEHAVIOURS[behaviour](request, response);
        else if (behaviour.hold)
            behaviour.hold.then((then) => this.#answer(request, response, then ?? 'echo'));
        else
            send(response, behaviour);
    }
}

export class Backend {
    #server;
    #sockets = new Set();
    #endpoints = new Map();
    strays = []; // requests that belong to no endpoint

    // tls: {cert, key}, PEM. address: another than loopback, for servers in a Network.
    static async start({ tls, address = '127.0.0.1' } = {}) {
        const backend = new Backend();
        const take = (request, response) => backend.#take(request, response);
        backend.#server = tls ? https.createServer(tls, take) : http.createServer(take);
        backend.#server.on('connection', (socket) => {
            backend.#sockets.add(socket);
            socket.on('close', () => backend.#sockets.delete(socket));
        });
        backend.#server.on('tlsClientError', () => {}); // those who do not trust us
        await new Promise((resolve) => backend.#server.listen(0, address, resolve));
        backend.url = `${tls ? 'https' : 'http'}://${address}:${backend.#server.address().port}`;
        return backend;
    }

    endpoint(key) {
        if (!this.#endpoints.has(key))
            this.#endpoints.set(key, new Endpoint(key, `${this.url}/${key}`));
        return this.#endpoints.get(key);
    }

    async #take(request, response) {
        const chunks = [];
        request.on('error', () => {}); // cut by the server
        for await (const chunk of request)
            chunks.push(chunk);
        const raw = Buffer.concat(chunks);
        const [, key, method, ...rest] = request.url.split('/');
        let body;
        try {
            body = JSON.parse(raw.toString());
        } catch {
            body = undefined;
        }
        const taken = { verb: request.method, path: request.url, method, headers: request.headers,
            raw, body, at: performance.now(), socket: request.socket };
        const endpoint = this.#endpoints.get(key);
        if (endpoint && method && rest.length === 0) {
            endpoint.take(taken, response);
        } else {
            this.strays.push(taken);
            send(response, { status: 404, body: '' });
        }
    }

    stop() {
        for (const socket of this.#sockets)
            socket.destroy();
        return new Promise((resolve) => this.#server.close(resolve));
    }
}

// The server with these applications: {key: {url, methods, ...}}. Its state lies in a directory that
// is there before it starts. env: more of its environment; only while no other server is starting.
export async function startWithApps(apps, options = {}, { env = {}, ...settings } = {}) {
    const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-hooks-'));
    const list = Object.entries(apps).map(([key, app]) => ({ name: key, appKey: key, ...app }));
    fs.writeFileSync(path.join(stateDir, 'apps.json'),
        JSON.stringify({ version: 1, users: [], apps: list }), { mode: 0o600 });
    const remove = () => fs.rmSync(stateDir, { recursive: true, force: true });
    try {
        Object.assign(process.env, env);
        const server = await Server.start({ state_dir: stateDir, ...options }, settings);
        const stop = server.stop.bind(server);
        server.stop = () => stop().finally(remove);
        return server;
    } catch (error) {
        remove();
        throw error;
    } finally {
        Object.keys(env).forEach((name) => delete process.env[name]);
    }
}
