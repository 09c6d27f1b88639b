// SPDX-License-Identifier: GPL-3.0-or-later
// Headless Firefox with one page, driven over WebDriver BiDi (a WebSocket of its own).
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';
import { root } from './server.mjs';
import { slowness, within } from './wait.mjs';

const PROGRAM = process.env.FIREFOX || '/usr/bin/firefox-esr';
const INSTRUMENT = path.join(root, 'tests/peer/pages/instrument.js');
const PREFERENCES = {
    'app.update.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'media.autoplay.default': 0,
    'media.gmp-manager.updateEnabled': false,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'toolkit.telemetry.server': '',
};

export class Firefox {
    #process;
    #socket;
    #profile;
    #context;
    #waiting = new Map();
    #lastId = 0;

    static async open() {
        if (!fs.existsSync(PROGRAM))
            throw new Error(`${PROGRAM} is missing: tools/install-deps test`);
        const firefox = new Firefox();
        firefox.#profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-firefox-'));
        fs.writeFileSync(path.join(firefox.#profile, 'user.js'), Object.entries(PREFERENCES)
            .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
            .join(''));
        try {
            await firefox.#connect(await firefox.#start());
        } catch (error) {
            await firefox.close();
            throw error;
        }
        return firefox;
    }

    // Resolves with the address that it listens at.
    #start() {
        const child = spawn(PROGRAM, ['--headless', '--no-remote', '--profile', this.#profile,
            '--remote-debugging-port', '0', 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'],
            env: { ...process.env, HOME: this.#profile } });
        this.#process = child;
        child.ended = new Promise((resolve) => child.once('close', resolve));
        let said = '';
        return within(30_000 * slowness, () => `Firefox; it said ${said.slice(-500)}`,
            new Promise((resolve, reject) => {
                child.once('error', reject);
                child.ended.then(() => reject(new Error(`Firefox ended: ${said.slice(-500)}`)));
                child.stderr.on('data', (bytes) => {
                    said += bytes;
                    const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
                    if (found)
                        resolve(found[1]);
                });
            }));
    }

    async #connect(address) {
        this.#socket = new WebSocket(`${address}/session`);
        await new Promise((resolve, reject) => {
            this.#socket.once('open', resolve);
            this.#socket.once('error', reject);
        });
        this.#socket.on('message', (bytes) => {
            const message = JSON.parse(bytes);
            const waiting = this.#waiting.get(message.id);
            this.#waiting.delete(message.id);
            if (message.type === 'error')
                waiting?.reject(new Error(`${message.error}: ${message.message}`));
            else
                waiting?.resolve(message.result);
        });
        await this.#send('session.new', { capabilities: {} });
        await this.#send('script.addPreloadScript',
            { functionDeclaration: `() => {${fs.readFileSync(INSTRUMENT, 'utf8')}}` });
        const { contexts } = await this.#send('browsingContext.getTree', {});
        this.#context = contexts[0].context;
    }

    #send(method, params) {
        const id = ++this.#lastId;
        const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
        this.#socket.send(JSON.stringify({ id, method, params }));
        return within(20_000 * slowness, method, answer);
    }

    goto(url) {
        return this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
    }

    // Calls the function (source text, of one argument that JSON can hold) in the page.
    async evaluate(source, argument) {
        const { result, exceptionDetails } = await this.#send('script.evaluate', {
            expression: `Promise.resolve((${source})(${JSON.stringify(argument)})).then(JSON.stringify)`,
            target: { context: this.#context }, awaitPromise: true });
        if (exceptionDetails)
            throw new Error(exceptionDetails.text);
        return result.value === undefined ? undefined : JSON.parse(result.value);
    }

    async close() {
        this.#socket?.terminate();
        this.#process?.kill('SIGKILL');
        await this.#process?.ended;
        fs.rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
    }
}
