// SPDX-License-Identifier: GPL-3.0-or-later
// The server under test: started on ports of its own, watched, and ended with an exit code that
// counts.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import './leftovers.mjs';
import { freePorts } from './ports.mjs';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const buildDir = process.env.SLUICE_BUILD || path.join(root, 'build-test');

const READY = /sluice ready/;
const REPORT = /ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:/;
const LISTENERS = ['ws.port', 'wss.port', 'http.port', 'https.port', 'hls.port',
    'hls.https.port', 'rtsp.port'];
const NODE_PORT = 8080; // nothing else is there
// Starts a program as a user who has root's rights to files and no others: the kernel holds root to
// no limit of threads.
export const ORDINARY = process.getuid() !== 0 ? [] : ['setpriv', '--reuid=nobody', '--regid=nogroup',
    '--clear-groups', '--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];

export class Server {
    #process;
    #exit;
    lines = [];

    // options: configuration keys, as -o would take them. workers: media workers, one port each.
    // netns: a node of a Network (netns.mjs) to run in, on its address and from port 8080 on.
    // ordinary: not as root, for setLimits(). env: more of its environment. stderr: a descriptor for
    // its log, which `lines` then lacks. small: {directory, size} in bytes, a file system of its own
    // that only the server sees; others by way of its /proc/PID/root. resolv: a file in the place of
    // resolv.conf(5).
    static async start(options = {},
        { workers = 1, netns, ordinary = false, env, stderr, small, resolv } = {}) {
        const server = new Server();
        await server.#start(options, workers, netns, ordinary, env, stderr, small, resolv);
        return server;
    }

    async #start(options, workers, netns, ordinary, env, stderr = 'pipe', small = undefined,
        resolv = undefined) {
        const first = netns ? NODE_PORT : await freePorts(LISTENERS.length + workers);
        this.address = netns?.address ?? '127.0.0.1';
        this.stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-test-'));
        this.mediaPort = first + LISTENERS.length;
        this.options = {
            ip: this.address,
            ip_local: this.address,
            state_dir: this.stateDir,
            worker_count: workers,
            'cli.port': 0,
            'rtsp.port': 0,
            media_port_from: this.mediaPort,
            media_port_to: this.mediaPort + workers,
            ...Object.fromEntries(LISTENERS.map((key, i) => [key, first + i])),
            ...(netns && { rest_allow: `${netns.address}/24` }),
            // access(2) goes by the user alone, and would find no pages in a home of root's
            ...(ordinary && { web_root: path.join(buildDir, 'web') }),
            ...options,
        };
        const args = Object.entries(this.options).flatMap(([key, value]) =>
            ['-o', `${key}=${value}`]);
        const program = path.join(buildDir, 'sluice');
        const wrapper = (process.env.SLUICE_WRAPPER ?? '').split(' ').filter(Boolean);
        if (ordinary && ORDINARY.length > 0)
            execFileSync('chown', ['-R', 'nobody:nogroup', this.options.state_dir]);
        const mount = small ? `mount -t tmpfs -o size=${small.size} tmpfs "$0"`
            : resolv && 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)"';
        const mounted = !mount ? [] : ['unshare', ...(process.getuid() === 0 ? [] : ['-r']), '-m',
            'sh', '-c', `${mount} && exec "$@"`, small?.directory ?? resolv];
        const [command, ...rest] = [...mounted, ...(netns?.prefix ?? []), ...(ordinary ? ORDINARY : []),
            ...wrapper, program, ...args];
        this.#process = spawn(command, rest, {
            stdio: ['ignore', 'pipe', stderr],
            cwd: this.stateDir,
            env: { ...process.env, ...env },
        });
        this.#exit = new Promise((resolve) => {
            this.#process.once('error', (error) => resolve({ error }));
            this.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        this.#exit.then((exit) => (this.exited = exit));
        for (const stream of [this.#process.stdout, this.#process.stderr])
            stream && this.#collect(stream);
        const started = until('the server is ready', () => this.exited || (stderr === 'pipe'
            ? this.lines.some((line) => READY.test(line))
            : fetch(`${this.http}/healthz`).then((response) => response.ok, () => false)));
        await started.catch((error) => {
            this.kill();
            throw error;
        });
        if (this.exited)
            throw new Error(`the server ended: ${JSON.stringify(this.exited)}\n${this.log}`);
    }

    #collect(stream) {
        let rest = '';
        stream.setEncoding('utf8');
        stream.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            this.lines.push(...lines);
            if (process.env.SLUICE_TEST_LOG)
                process.stderr.write(lines.map((line) => `  | ${line}\n`).join(''));
        });
        stream.on('end', () => rest && this.lines.push(rest));
    }

    get pid() {
        return this.#process.pid;
    }
    get log() {
        return this.lines.join('\n');
    }
    get ws() {
        return `ws://${this.address}:${this.options['ws.port']}`;
    }
    get wss() {
        return `wss://${this.address}:${this.options['wss.port']}`;
    }
    get http() {
        return `http://${this.address}:${this.options['http.port']}`;
    }
    get https() {
        return `https://${this.address}:${this.options['https.port']}`;
    }

    get hls() {
        return `http://${this.address}:${this.options['hls.port']}`;
    }
    get hlsTls() {
        return `https://${this.address}:${this.options['hls.https.port']}`;
    }

    waitForLog(pattern, timeout = PATIENCE_MS) {
        return until(`a log line like ${pattern}`,
            () => this.lines.find((line) => pattern.test(line)), { timeout });
    }

    // How it ends, whoever ends it: {code, signal}.
    get end() {
        return this.#exit;
    }
    signal(name) {
        this.#process.kill(name);
    }
    kill() {
        this.#process.kill('SIGKILL');
    }

    assertAlive() {
        assert.equal(this.exited, undefined, `the server ended early\n${this.#tail()}`);
    }

    // What an ordinary server may have from now on; without a number, as much as it could at start.
    setLimits({ nofile, nproc } = {}) {
        const limits = fs.readFileSync(`/proc/${this.pid}/limits`, 'utf8');
        const most = (name) => new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(limits)[1];
        const [command, ...rest] = [...ORDINARY, 'prlimit', '--pid', `${this.pid}`,
            `--nofile=${nofile ?? most('Max open files')}:`,
            `--nproc=${nproc ?? most('Max processes')}:`];
        execFileSync(command, rest);
    }
    // The number that the next descriptor would have.
    get freeDescriptor() {
        const used = new Set(fs.readdirSync(`/proc/${this.pid}/fd`).map(Number));
        return Array.from({ length: used.size + 1 }, (_, fd) => fd).find((fd) => !used.has(fd));
    }

    // What the kernel knows of the process: descriptors, resident memory, threads, CPU seconds.
    usage() {
        const proc = `/proc/${this.pid}`;
        const status = fs.readFileSync(`${proc}/status`, 'utf8');
        const number = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)[1]);
        const stat = fs.readFileSync(`${proc}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
        return {
            fds: fs.readdirSync(`${proc}/fd`).length,
            rssKb: number('VmRSS'),
            threads: number('Threads'),
            cpu: (Number(stat[11]) + Number(stat[12])) / 100,
        };
    }

    // The metrics page as {name or name{labels}: number}.
    async metrics() {
        const response = await fetch(`${this.http}/metrics`);
        assert.equal(response.status, 200, 'GET /metrics');
        const lines = (await response.text()).split('\n');
        return Object.fromEntries(lines.filter((line) => line && !line.startsWith('#'))
            .map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)[0])]));
    }

    // Ends the server as an operator does, and fails on a wrong exit code or a sanitizer's report.
    async stop() {
        if (this.exited === undefined)
            this.signal('SIGTERM');
        const exit = await within(20_000 * slowness, 'the server ends after SIGTERM', this.#exit)
            .catch((error) => {
                this.kill();
                throw new Error(`${error.message}\n${this.#tail()}`);
            });
        fs.rmSync(this.stateDir, { recursive: true, force: true });
        assert.ok(!REPORT.test(this.log), `a sanitizer's report:\n${this.#report()}`);
        assert.deepEqual(exit, { code: 0, signal: null }, `the server's exit\n${this.#tail()}`);
    }

    #tail() {
        return this.lines.slice(-60).join('\n');
    }
    #report() {
        const at = this.lines.findIndex((line) => REPORT.test(line));
        return this.lines.slice(at, at + 80).join('\n');
    }
}
