// SPDX-License-Identifier: GPL-3.0-or-later
// A Redis of the test's own: started, stopped, killed, hung, and asked what it holds.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from './wait.mjs';

const PROGRAM = '/usr/bin/redis-server';

export class Redis {
    #process;

    // address: where it listens; nothing is kept on disk, so a new start is an empty one.
    static async start({ address = '127.0.0.1', port = 6379, password } = {}) {
        if (!fs.existsSync(PROGRAM))
            throw new Error(`${PROGRAM} is missing: tools/install-deps test`);
        const redis = new Redis();
        Object.assign(redis, { address, port, password });
        redis.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-redis-'));
        await redis.restart();
        return redis;
    }

    get url() {
        return `redis://${this.password ? `:${this.password}@` : ''}${this.address}:${this.port}`;
    }

    async restart() {
        this.#process = spawn(PROGRAM, ['--port', this.port, '--bind', this.address, '--save', '',
            '--appendonly', 'no', '--dir', this.dir, '--protected-mode', 'no',
            ...(this.password ? ['--requirepass', this.password] : [])],
        { stdio: ['ignore', 'ignore', 'inherit'] });
        this.ended = new Promise((resolve) => this.#process.once('exit', resolve));
        await until('Redis answers', async () => (await this.ask('PING')).includes('PONG'));
    }

    // One inline command, the raw answer.
    ask(command) {
        return new Promise((resolve, reject) => {
            const socket = net.connect(this.port, this.address);
            let text = '';
            socket.on('error', reject);
            socket.on('data', (bytes) => (text += bytes));
            socket.on('close', () => resolve(text));
            socket.write(`${this.password ? `AUTH ${this.password}\r\n` : ''}${command}\r\nQUIT\r\n`);
        });
    }

    signal(name) {
        this.#process.kill(name);
    }
    async kill() {
        this.#process.kill('SIGKILL');
        await this.ended;
    }
    async stop() {
        await this.kill();
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
