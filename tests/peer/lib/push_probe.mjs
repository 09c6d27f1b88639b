// SPDX-License-Identifier: GPL-3.0-or-later
// Drives tests/tools/push_probe.c: the push module with a stream made of a file.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from './rtmp.mjs';
import { buildDir } from './server.mjs';
import { PATIENCE_MS, slowness, until, within } from './wait.mjs';

// Once a second, on the second, the picture turns white and 1 kHz sounds, for 100 ms.
const BEEP = '0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)';

const made = new Map(); // file: the promise of it

// Media files, each made once, also when several tests want it at the same time. `video`: h264, vp8, none; `audio`: opus, pcm_alaw,
// pcm_mulaw, none.
export function makeMedia(dir, { video = 'h264', audio = 'opus', size = '640x360' } = {}) {
    const file = path.join(dir, `${video}-${audio}-${size}.mkv`);
    if (!made.has(file))
        made.set(file, encode(file, video, audio, size));
    return made.get(file);
}

async function encode(file, video, audio, size) {
    const args = ['-v', 'error', '-y'];
    if (video !== 'none')
        args.push('-f', 'lavfi', '-i', `color=black:s=${size}:r=30,` +
            "drawbox=c=white:t=fill:enable='lt(mod(t\\,1)\\,0.1)'");
    if (audio !== 'none')
        args.push('-f', 'lavfi', '-i', `aevalsrc='${BEEP}|${BEEP}':s=48000`);
    args.push('-t', '10');
    if (video === 'h264')
        args.push('-c:v', 'libx264', '-profile:v', 'baseline', '-bf', '0', '-g', '30', '-tune',
            'zerolatency');
    if (video === 'vp8')
        args.push('-c:v', 'libvpx', '-g', '30', '-deadline', 'realtime');
    if (audio === 'opus')
        args.push('-c:a', 'libopus');
    else if (audio !== 'none')
        args.push('-c:a', audio, '-ar', '8000', '-ac', '1');
    await run('ffmpeg', [...args, file]);
    return file;
}

// A WAV file of one tone.
export async function makeTone(file, { hz = 3000, seconds = 1, rate = 8000, codec = 'pcm_s16le' } = {}) {
    await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i',
        `sine=frequency=${hz}:sample_rate=${rate}:duration=${seconds}`, '-c:a', codec, file]);
}

export class PushProbe {
    #process;
    #answers = [];
    #waiting = [];
    lines = [];

    static async start(file, options = {}, { environment = {} } = {}) {
        const probe = new PushProbe();
        probe.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-push-'));
        const all = { rtmp_transponder_stream_name_prefix: 'rtmp_', media_dir: probe.dir,
            log_level: 'DEBUG', ...options };
        const args = Object.entries(all).map(([key, value]) => `${key}=${value}`);
        probe.#process = spawn(path.join(buildDir, 'tests/tools/push_probe'),
            [path.join(buildDir, 'sluice'), ...args, file],
            { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
        probe.#process.stdin.on('error', () => {});
        probe.exit = new Promise((resolve) => {
            probe.#process.once('error', (error) => resolve({ error }));
            probe.#process.once('close', (code, signal) => resolve({ code, signal }));
        });
        probe.exit.then((exit) => {
            probe.exited = exit;
            for (const { reject } of probe.#waiting)
                reject(new Error(`the probe ended: ${JSON.stringify(exit)}\n${probe.log}`));
        });
        probe.#collect(probe.#process.stdout, (line) => {
            const waiting = probe.#waiting.shift();
            if (waiting)
                waiting.resolve(line);
            else
                probe.#answers.push(line);
        });
        probe.#collect(probe.#process.stderr, (line) => {
            probe.lines.push(line);
            if (process.env.SLUICE_TEST_LOG)
                process.stderr.write(`  | ${line}\n`);
        });
        await probe.#answer('the stream');
        return probe;
    }

    get pid() {
        return this.#process.pid;
    }
    get log() {
        return this.lines.join('\n');
    }

    // Pids of those that have been ready so far, the oldest first.
    codecProcesses(role) {
        return this.lines.flatMap((line) => {
            const [, name, pid] = / codec: (\w+) \d+ \(pid (\d+)\) is ready/.exec(line) ?? [];
            return name === role ? [Number(pid)] : [];
        });
    }

    // The last line about a push: codec processes come and go beside.
    get lastWords() {
        return this.lines.findLast((line) => !/ codec: /.test(line));
    }

    #collect(stream, onLine) {
        let rest = '';
        stream.setEncoding('utf8');
        stream.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            lines.forEach(onLine);
        });
    }

    #answer(what) {
        return within(PATIENCE_MS * slowness, () => `an answer: ${what}\n${this.log}`,
            new Promise((resolve, reject) => {
                if (this.#answers.length > 0)
                    resolve(this.#answers.shift());
                else
                    this.#waiting.push({ resolve, reject });
            }));
    }

    // The rest of the line after `ok`; an error with `code` (an errno value) for `error`.
    async ask(command) {
        this.#process.stdin.write(`${command}\n`);
        const line = await this.#answer(command);
        const [, error, words] = /^error (\d+) ?(.*)$/.exec(line) ?? [];
        if (error)
            throw Object.assign(new Error(words), { code: Number(error) });
        return line.replace(/^ok ?/, '');
    }

    push(url, options) {
        return this.ask(`push ${url}${options ? ` ${JSON.stringify(options)}` : ''}`);
    }
    async describe() {
        return JSON.parse(await this.ask('describe'));
    }
    async state() {
        return (await this.ask('summary')).split(' ')[0];
    }
    waitForState(state, timeout) {
        return until(`the push is ${state}`, async () => (await this.state()) === state, { timeout });
    }
    // No push is there any more.
    waitForEnd(timeout) {
        return until('the push has ended', () => this.state().then(() => false,
            (error) => error.code === 2), { timeout });
    }
    // What is logged comes through another pipe than the answers, and may be read after them.
    waitForLastWords(pattern, timeout = PATIENCE_MS) {
        return until(`last words like ${pattern}`, () => pattern.test(this.lastWords), { timeout });
    }
    waitForLog(pattern, timeout = PATIENCE_MS) {
        return until(`a log line like ${pattern}`,
            () => this.lines.find((line) => pattern.test(line)), { timeout });
    }

    async stop() {
        this.#process.stdin.write('quit\n');
        const exit = await within(20_000 * slowness, () => `the probe ends\n${this.log}`, this.exit)
            .catch((error) => {
                this.#process.kill('SIGKILL');
                throw error;
            });
        fs.rmSync(this.dir, { recursive: true, force: true });
        if (exit.code !== 0 || /ERROR: (Address|Leak)Sanitizer|runtime error:|ThreadSanitizer/.test(this.log))
            throw new Error(`the probe's exit: ${JSON.stringify(exit)}\n${this.log}`);
    }
    kill() {
        this.#process.kill('SIGKILL');
    }
}
