// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSSH's client, as a script or at a terminal (script(1) makes one).
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';

// What a terminal shows as text: without sequences, bells and returns.
export function plain(text) {
    return text.replace(/\x1b\[[0-9;]*[A-Za-z]|[\x07\r]/g, '');
}

function quote(word) {
    return `'${word.replaceAll("'", "'\\''")}'`;
}

// One run of ssh. `out` and `err` are what came so far; at a terminal all of it is in `out`.
export class Ssh {
    out = '';
    err = '';
    #read = 0; // of out, by expect()

    constructor(command, args, env) {
        this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
        this.process.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
        this.process.stderr.setEncoding('utf8').on('data', (text) => (this.err += text));
        this.process.stdin.on('error', () => {}); // it ended before it read everything
        this.exit = new Promise((resolve) =>
            this.process.once('close', (code) => resolve((this.code = code))));
    }

    write(text) {
        this.process.stdin.write(text);
    }
    // Waits for text or a pattern behind what was expected before; returns what stood in between.
    async expect(what, timeout = PATIENCE_MS) {
        return until(`${what} in ${JSON.stringify(this.out.slice(this.#read))} ${this.err}`, () => {
            const rest = plain(this.out).slice(this.#read);
            const at = typeof what === 'string' ? rest.indexOf(what) : rest.search(what);
            if (at < 0)
                return null;
            const found = typeof what === 'string' ? what : what.exec(rest)[0];
            this.#read += at + found.length;
            return { between: rest.slice(0, at), found };
        }, { timeout });
    }
    // The end: {code, out, err}.
    async done(timeout = PATIENCE_MS) {
        try {
            const code = await within(timeout * slowness,
                () => `the end of ssh: ${this.out} ${this.err}`, this.exit);
            return { code, out: this.out, err: this.err };
        } finally {
            this.kill();
        }
    }
    // Of the terminal: the shell that began it waits for the new size in a file.
    resize(columns, rows) {
        fs.writeFileSync(this.sizeFile, `cols ${columns} rows ${rows}\n`);
    }
    kill() {
        this.process.kill('SIGKILL');
    }
}

// Somebody with an account: how to log in, and where.
export class SshUser {
    // from: the client's own address, for a server that counts by it
    constructor({ port, user = 'admin', password = '', key, from = '127.0.0.1',
        logLevel = 'ERROR' }) {
        Object.assign(this, { port, user, password, key, from, logLevel });
    }

    as(other) {
        return new SshUser({ ...this, ...other });
    }
    get options() {
        return ['-F', 'none', '-p', `${this.port}`, '-b', this.from,
            '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
            '-o', 'GlobalKnownHostsFile=/dev/null', '-o', `LogLevel=${this.logLevel}`,
            '-o', 'ConnectTimeout=20', '-o', 'IdentityAgent=none',
            ...(this.key ? ['-i', this.key, '-o', 'IdentitiesOnly=yes',
                '-o', 'PreferredAuthentications=publickey']
                : ['-o', 'PubkeyAuthentication=no'])];
    }
    get #env() {
        return { ...process.env, SSH_ASKPASS: askpass(), SSH_ASKPASS_REQUIRE: 'force',
            SLUICE_TEST_PASSWORD: this.password };
    }

    // ssh with these words behind the options; stdin stays open.
    start(...words) {
        return new Ssh('ssh', [...this.options, `${this.user}@127.0.0.1`, ...words], this.#env);
    }
    startWith(options, ...words) {
        return new Ssh('ssh', [...this.options, ...options, `${this.user}@127.0.0.1`, ...words],
            this.#env);
    }
    // One command, or the lines of `input`: {code, out, err}.
    async run(command, input = '') {
        const ssh = command ? this.start(command) : this.start();
        ssh.process.stdin.end(input);
        return ssh.done();
    }
    // A shell at a terminal, at its first prompt.
    async terminal({ columns = 80, rows = 24, command } = {}) {
        const words = ['ssh', '-tt', ...this.options, `${this.user}@127.0.0.1`];
        const sizeFile = path.join(path.dirname(askpass()), `size-${++terminals}`);
        const resize = `(until [ -s ${sizeFile} ] || ! kill -0 $$; do sleep 0.05; done; ` +
            `stty -F /dev/tty $(cat ${sizeFile})) 2>/dev/null &`;
        const line = `stty cols ${columns} rows ${rows}; ${resize} exec ` +
            [...words, ...(command ? [command] : [])].map(quote).join(' ');
        const ssh = new Ssh('script', ['-qefc', line, '/dev/null'], this.#env);
        ssh.sizeFile = sizeFile;
        if (!command)
            await ssh.expect('% ');
        return ssh;
    }
}

let askpassFile;
let terminals = 0;

// A program that says the password, as SSH_ASKPASS wants it.
function askpass() {
    if (!askpassFile) {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-askpass-'));
        askpassFile = path.join(dir, 'askpass');
        fs.writeFileSync(askpassFile, '#!/bin/sh\nprintf "%s\\n" "$SLUICE_TEST_PASSWORD"\n',
            { mode: 0o700 });
        process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
    }
    return askpassFile;
}
