// SPDX-License-Identifier: GPL-3.0-or-later
// Drives tests/tools/webrtcbin.py: GStreamer's webrtcbin as a publisher. Its ICE (libnice) uses no
// loopback address, so a test of it runs in a Network.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { root } from './server.mjs';
import { until, within } from './wait.mjs';

const PROGRAM = path.join(root, 'tests/tools/webrtcbin.py');

export class WebRtcBin {
    #process;
    #exit;
    #errors = '';
    said = []; // every line of it

    // bundle: its bundle-policy. video: vp8 or vp9. first: sound or picture.
    static start({ bundle = 'max-bundle', video = 'vp8', first = 'picture' } = {}) {
        const peer = new WebRtcBin();
        peer.#process = spawn(PROGRAM, [bundle, video, first], { stdio: ['pipe', 'pipe', 'pipe'] });
        peer.#exit = new Promise((resolve) => {
            peer.#process.once('error', (error) => resolve({ error }));
            peer.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        peer.#exit.then((exit) => (peer.#errors += ` exit: ${JSON.stringify(exit)}`));
        peer.#process.stderr.on('data', (text) => (peer.#errors += text));
        readline.createInterface({ input: peer.#process.stdout })
            .on('line', (line) => {
                if (line.startsWith('{'))
                    peer.said.push(JSON.parse(line));
                else
                    peer.#errors += `${line}\n`; // GLib's last words
            });
        return peer;
    }

    #hear(key) {
        return until(() => `webrtcbin's ${key}: ${JSON.stringify(this.said)} ${this.#errors}`,
            () => this.said.find((line) => key in line)).then((line) => line[key]);
    }

    offer() {
        return this.#hear('offer');
    }

    // Fails with its words if it does not take the answer.
    async answer(answer) {
        this.#process.stdin.write(JSON.stringify({ answer }) + '\n');
        assert.equal(await this.#hear('answered'), '');
    }

    async stop() {
        this.#process.stdin.end();
        await within(10_000, 'webrtcbin ends', this.#exit).catch((error) => {
            this.#process.kill('SIGKILL');
            throw error;
        });
    }
}
