// SPDX-License-Identifier: GPL-3.0-or-later
// A program of tests/tools that spoils a network as it is told (tests/tools/netem.h).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildDir } from './server.mjs';
import { within } from './wait.mjs';

export class Netem {
    #tool;
    #process;
    #waiting = [];
    #exit;

    // Starts the tool, a program of the build or a path; resolves with the match of its first line.
    async run(tool, args, ready) {
        this.#tool = tool;
        this.#process = spawn(path.resolve(buildDir, 'tests/tools', tool), args,
            { stdio: ['pipe', 'pipe', 'inherit'] });
        this.#exit = new Promise((resolve, reject) => {
            this.#process.once('error', reject);
            this.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        this.#process.stdin.on('error', () => {}); // the exit tells
        createInterface({ input: this.#process.stdout }).on('line', (line) => {
            const answer = this.#waiting.shift();
            answer?.(line);
        });
        const line = await this.#answer(`the ${tool} is ready`);
        const match = ready.exec(line);
        if (!match)
            throw new Error(`the ${tool} says: ${line}`);
        return match;
    }

    #answer(what) {
        return within(5_000, what, Promise.race([
            new Promise((resolve) => this.#waiting.push(resolve)),
            this.#exit.then((exit) => {
                throw new Error(`the ${this.#tool} ended: ${JSON.stringify(exit)}`);
            }),
        ]));
    }

    // One after the other: 'loss 5', 'cut', ...
    async set(...commands) {
        for (const command of commands) {
            this.#process.stdin.write(`${command}\n`);
            const line = await this.#answer(`the answer to '${command}'`);
            if (line !== `ok ${command}`)
                throw new Error(`the ${this.#tool} says: ${line}`);
        }
    }

    // {held, up: {received, sent, lost, duplicated, reordered, overflowed, queue_us (what waits for the
    // bandwidth now)}, down: the same}
    async stats() {
        this.#process.stdin.write('stats\n');
        return JSON.parse(await this.#answer('the counters'));
    }

    // Resolves with {code, signal}.
    async stop() {
        this.#process.kill('SIGTERM');
        return within(5_000, `the ${this.#tool} ends`, this.#exit);
    }
}
