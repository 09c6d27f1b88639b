// SPDX-License-Identifier: GPL-3.0-or-later
// What lies outside and does not answer: who reads the log, who knows a passphrase, a disk, a name
// service. Clients and media go on, what cannot be done is told, and the end has a bound.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePorts } from './lib/ports.mjs';
import { RtmpServer } from './lib/rtmp.mjs';
import { buildDir, Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const HANG = path.join(buildDir, 'tests/tools/hang.so');

let scratch, rtmp;

before(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-outside-'));
    rtmp = await RtmpServer.start();
});
after(async () => {
    await rtmp?.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
});

async function rest(server, where, body = {}) {
    const response = await fetch(`${server.http}/rest-api${where}`, { method: 'POST',
        headers: { 'Content-Type': 'application/json', ...server.credentials },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(8_000 * slowness) });
    return response.status;
}

// The built-in stream to our RTMP server: media without a browser. The connection that it made.
async function pushDemo(server, app) {
    const before = rtmp.connections.length;
    assert.equal(await rest(server, '/push/startup', { streamName: 'demo',
        rtmpUrl: `${rtmp.url}/${app}` }), 200);
    return rtmp.publication(before);
}

function mediaGoesOn(connection) {
    const count = connection.media.length;
    return until('more media', () => connection.media.length > count + 20);
}

async function session(server) {
    const client = await WcsClient.session(server.ws);
    await client.close();
}

// ---- A log ----

// A pipe that is the server's log: nobody reads it before read() is called.
class Pipe {
    constructor(name) {
        this.file = path.join(scratch, name);
        execFileSync('mkfifo', [this.file]);
        this.reader = fs.openSync(this.file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
        this.writer = fs.openSync(this.file, fs.constants.O_WRONLY);
        this.text = '';
    }
    read() {
        const buffer = Buffer.alloc(1 << 16);
        try {
            for (let got; (got = fs.readSync(this.reader, buffer)) > 0;)
                this.text += buffer.toString('latin1', 0, got);
        } catch (error) {
            if (error.code !== 'EAGAIN')
                throw error;
        }
        return this.text;
    }
    close() {
        fs.closeSync(this.reader);
        fs.closeSync(this.writer);
    }
}

// Sessions come and go, a line or two each, until lines are lost.
async function fillLog(server) {
    await until('lines are lost', async () => {
        await Promise.all(Array.from({ length: 60 }, () => session(server)));
        return (await server.metrics()).sluice_log_lines_lost > 0;
    }, { timeout: 30_000, interval: 1 });
}

describe('a log that nobody reads', { concurrency: true }, () => {
    test('media and sessions go on; who reads again hears how much is missing', async () => {
        const pipe = new Pipe('paused');
        const server = await Server.start({ demo_stream: true, log_level: 'DEBUG' },
            { stderr: pipe.writer });
        try {
            const media = await pushDemo(server, 'paused');
            await fillLog(server);
            await mediaGoesOn(media);
            await session(server);
            const told = await until('the count', () =>
                /warn log: (\d+) lines were lost: they came faster/.exec(pipe.read()));
            assert.ok(Number(told[1]) > 0);
            await session(server);
            const { sluice_log_lines_lost: lost } = await server.metrics();
            server.signal('SIGINT');
            await within(10_000 * slowness, 'the end', server.end);
            const notes = pipe.read().matchAll(/ log: (\d+) lines were lost: /g);
            const sum = [...notes].reduce((total, [, count]) => total + Number(count), 0);
            assert.ok(sum >= lost, `${sum} of ${lost} lines were told of`);
            const times = pipe.text.match(/^\S+Z/gm);
            assert.deepEqual(times, [...times].sort(), 'in order');
            assert.match(pipe.text, /server: stopping/);
        } finally {
            await server.stop();
            pipe.close();
        }
    });

    test('the end does not wait for a reader, nor for one that is gone', async () => {
        for (const gone of [false, true]) {
            const pipe = new Pipe(`end-${gone}`);
            const server = await Server.start({}, { stderr: pipe.writer });
            try {
                if (gone)
                    pipe.close();
                else
                    await fillLog(server);
                await session(server);
                server.signal('SIGINT');
                assert.deepEqual(await within(10_000 * slowness, 'the end', server.end),
                    { code: 0, signal: null });
            } finally {
                await server.stop();
                if (!gone)
                    pipe.close();
            }
        }
    });

    test('a start that fails ends with its code although nobody reads why', async () => {
        const pipe = new Pipe('start');
        fs.writeSync(pipe.writer, Buffer.alloc(60_000)); // nearly all it holds
        const child = spawn(path.join(buildDir, 'sluice'),
            ['-o', `unknown.${'x'.repeat(8000)}=1`, '-o', 'http.port=70000'],
            { stdio: ['ignore', 'ignore', pipe.writer] });
        const [code] = await within(10_000 * slowness, 'the end', new Promise((resolve) =>
            child.once('exit', (...exit) => resolve(exit))));
        assert.equal(code, 78);
        pipe.close();
    });
});

// ---- A passphrase ----

describe('a key with a passphrase', () => {
    test('is refused at start and kept out at SIGHUP; nobody is asked', async () => {
        const server = await Server.start();
        const key = path.join(server.stateDir, 'key.pem');
        try {
            await promisify(execFile)('openssl', ['pkey', '-in', key, '-out', `${key}.new`,
                '-aes128', '-passout', 'pass:secret']);
            fs.renameSync(`${key}.new`, key);
            server.signal('SIGHUP');
            await server.waitForLog(/certificate kept as it was: wss\.port: key .* has a passphrase/);
            await session(server);
            await server.waitForLog(/https\.port: key .* has a passphrase/);
            // With an input that could answer: it would be asked where there is no terminal.
            const other = await freePorts(1);
            const child = spawn('setsid', [path.join(buildDir, 'sluice'),
                ...Object.entries({ ...server.options, 'ws.port': 0, 'http.port': 0, 'https.port': 0,
                    'hls.port': 0, 'hls.https.port': 0, 'rtsp.port': 0,
                    'wss.port': other, media_port_from: other, media_port_to: other })
                    .flatMap(([name, value]) => ['-o', `${name}=${value}`])],
            { stdio: ['pipe', 'ignore', 'pipe'] });
            let words = '';
            child.stderr.setEncoding('utf8').on('data', (text) => (words += text));
            const code = await within(10_000 * slowness, 'the end', new Promise((resolve) =>
                child.once('close', resolve)));
            assert.equal(code, 78, words);
            assert.match(words, /key .*key\.pem: has a passphrase/);
        } finally {
            await server.stop();
        }
    });
});

// ---- A disk and a name service ----

// A server whose disk and name service hang while `flag` exists.
async function startHanging(name) {
    const flag = path.join(scratch, `${name}-hangs`);
    const port = await freePorts(1);
    const pages = path.join(scratch, `sluice-test-pages-${name}`);
    fs.mkdirSync(pages);
    fs.writeFileSync(path.join(pages, 'index.html'), '<p>here</p>');
    const server = await Server.start({ demo_stream: true, 'cli.port': port,
        disable_rest_auth: false, web_root: pages },
    { env: { LD_PRELOAD: HANG, HANG_FLAG: flag, HANG_PATH: 'sluice-test-' } });
    const password = fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim();
    server.credentials = {
        Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` };
    return { server, admin: new SshUser({ port, password }),
        hang: () => fs.writeFileSync(flag, ''), release: () => fs.rmSync(flag, { force: true }) };
}

function askForNames(server) {
    return Array.from({ length: 20 }, (_, i) => rest(server, '/push/startup',
        { streamName: 'demo', rtmpUrl: `rtmp://host-${i}.hang/live` }));
}

describe('a disk and a name service that hang', { concurrency: true }, () => {
    test('keep no session, no media and no login; who asked is told', async () => {
        const { server, admin, hang, release } = await startHanging('a');
        try {
            const media = await pushDemo(server, 'hanging');
            const page = async () => (await fetch(server.http)).status;
            assert.equal(await page(), 200);
            hang();
            const pages = [page(), page()];
            server.signal('SIGHUP');
            const names = askForNames(server);
            const change = admin.run('add app late late http://127.0.0.1:9/x');
            const reload = admin.run('reload');
            await Promise.all(Array.from({ length: 20 }, () => session(server)));
            const asked = performance.now();
            assert.equal(await rest(server, '/push/find_all'), 200, 'a password is checked');
            assert.equal((await admin.run('show apps')).code, 0, 'the console, too');
            assert.ok(performance.now() - asked < 5_000 * slowness);
            await mediaGoesOn(media);
            assert.deepEqual(new Set(await Promise.all(names)), new Set([400]));
            assert.deepEqual(await Promise.all(pages), [503, 503]);
            await server.waitForLog(/warn reload: no answer/, 15_000);
            await server.waitForLog(/warn apps\.json: the disk has not answered/, 15_000);
            const told = await Promise.all([change, reload]);
            for (const { code, out, err } of told) {
                assert.notEqual(code, 0);
                assert.match(out + err, /the disk does not answer/);
            }
            await mediaGoesOn(media);
            release();
            await until('the state is written', () => JSON.parse(fs.readFileSync(
                path.join(server.stateDir, 'apps.json'), 'utf8')).apps.some(
                ({ name }) => name === 'late'));
            assert.equal((await admin.run('reload')).code, 0);
            assert.equal(await page(), 200);
        } finally {
            release();
            await server.stop();
        }
    });

    test('do not keep the end, either', async () => {
        const { server, admin, hang, release } = await startHanging('b');
        try {
            hang();
            server.signal('SIGHUP');
            const names = askForNames(server).map((name) => name.catch(() => 'cut'));
            const change = admin.run('add app lost lost http://127.0.0.1:9/x');
            await session(server);
            server.signal('SIGINT');
            assert.deepEqual(await within(18_000 * slowness, 'the end', server.end),
                { code: 0, signal: null });
            assert.match(server.log, /a disk or a name service did not let go in 10 s; leaving/);
            await Promise.all([...names, change]);
        } finally {
            release();
            await server.stop();
        }
    });
});
