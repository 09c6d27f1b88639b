// SPDX-License-Identifier: GPL-3.0-or-later
// The project's UDP relay (tests/tools/relay.c): a bad network whose conditions a test changes.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildDir } from './server.mjs';
import { within } from './wait.mjs';

export class Relay {
    #process;
    #waiting = [];
    #exit;

    // Forwards 127.0.0.1:targetPort; commands are the relay's own, such as 'loss 5'.
    static async start(targetPort, ...commands) {
        const relay = new Relay();
        relay.#process = spawn(path.join(buildDir, 'tests/tools/relay'),
            ['127.0.0.1:0', `127.0.0.1:${targetPort}`], { stdio: ['pipe', 'pipe', 'inherit'] });
        relay.#exit = new Promise((resolve, reject) => {
            relay.#process.once('error', reject);
            relay.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        createInterface({ input: relay.#process.stdout }).on('line', (line) => {
            const answer = relay.#waiting.shift();
            answer?.(line);
        });
        const line = await relay.#answer('the relay listens');
        relay.port = Number(/^listening .*:(\d+)$/.exec(line)[1]);
        await relay.set(...commands);
        return relay;
    }

    #answer(what) {
        return within(5_000, what, Promise.race([
            new Promise((resolve) => this.#waiting.push(resolve)),
            this.#exit.then((exit) => {
                throw new Error(`the relay ended: ${JSON.stringify(exit)}`);
            }),
        ]));
    }

    async set(...commands) {
        for (const command of commands) {
            this.#process.stdin.write(`${command}\n`);
            const line = await this.#answer(`the relay's answer to '${command}'`);
            if (line !== `ok ${command}`)
                throw new Error(`the relay says: ${line}`);
        }
    }

    async stats() {
        this.#process.stdin.write('stats\n');
        return JSON.parse(await this.#answer('the relay\'s counters'));
    }

    async stop() {
        this.#process.kill('SIGTERM');
        return within(5_000, 'the relay ends', this.#exit);
    }
}
