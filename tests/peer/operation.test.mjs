// SPDX-License-Identifier: GPL-3.0-or-later
// What an operator does to the server and sees of it: signals, exit codes, certificates, metrics. And
// what clients see when a network, a browser or a certificate goes wrong.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Relay } from './lib/relay.mjs';
import { ORDINARY, Server, buildDir } from './lib/server.mjs';
import { slowness, until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const SMALL = { audio: true, video: { width: 320, height: 240 } };
const SECRETS = { rest_hook_secret_key: 'open-sesame', rtmp_push_auto_start_url: 'rtmp://h/open-sesame' };

let browser, pages, scratch;
let number = 0;

before(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-operation-'));
    [browser, pages] = await Promise.all([Browser.open(), startPages()]);
});
after(async () => {
    await browser?.close();
    await pages?.close();
    fs.rmSync(scratch, { recursive: true, force: true });
});

// ---- The program by itself ----

// Starts it, by another program if it says so; {process, output(), exit}: exit resolves with
// {code, signal}.
function launch(args, by = []) {
    const [command, ...rest] = [...by, path.join(buildDir, 'sluice'), ...args];
    const child = spawn(command, rest, { cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (output += text));
    const exit = new Promise((resolve) =>
        child.once('close', (code, signal) => resolve({ code, signal })));
    return { process: child, output: () => output, exit };
}

// Runs it to its end: {code, output}. One that does not end is killed.
function run(...args) {
    return end(launch(args), args);
}

async function end(program, args) {
    try {
        const { code } = await within(10_000 * slowness, `the end of sluice ${args.join(' ')}`,
            program.exit);
        return { code, output: program.output() };
    } finally {
        program.process.kill('SIGKILL');
    }
}

function options(values) {
    return Object.entries(values).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

// Options for a server on free ports with a state directory of its own.
async function place(values = {}) {
    const first = await freePorts(5);
    return { ip: '127.0.0.1', ip_local: '127.0.0.1', worker_count: 1,
        state_dir: fs.mkdtempSync(path.join(scratch, 'state-')), 'ws.port': first,
        'wss.port': first + 1, 'http.port': first + 2, 'https.port': first + 3,
        media_port_from: first + 4, media_port_to: first + 4, ...values };
}

// ---- Streams in the bare page ----

function call(page, method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

async function open(url, { session = {}, init, from = browser } = {}) {
    const page = await from.page(pages.url + BARE, undefined, { init });
    assert.equal(await call(page, 'connect', url, session), 'ESTABLISHED');
    return page;
}

// Publishes a stream with a new name: {label, name}.
async function publish(page, extra = {}) {
    const label = `publisher-${++number}`;
    const name = `operation-${number}`;
    const event = await call(page, 'publish', label, name, { constraints: SMALL, ...extra });
    assert.equal(event.status, 'PUBLISHING', event.info);
    return { label, name };
}

async function play(page, name, extra = {}) {
    const label = `player-${++number}`;
    const event = await call(page, 'play', label, name, extra);
    assert.equal(event.status, 'PLAYING', event.info);
    return label;
}

// Waits for `count` more decoded pictures and returns the statistics of the stream.
async function pictures(page, label, count = 15) {
    let first;
    return until(`${count} more pictures of ${label}`, async () => {
        const stats = await call(page, 'stats', label);
        const decoded = stats?.in.video?.framesDecoded ?? 0;
        first ??= decoded;
        return decoded >= first + count && stats;
    });
}

function sound(page, label) {
    return until(`${label} hears something`, async () => {
        const stats = await call(page, 'stats', label);
        return stats?.in.audio?.totalAudioEnergy > 0 && stats;
    });
}

// How a stream ended, within `ms`.
async function assertEnds(page, label, expected, ms) {
    const end = await within(ms * slowness, `the end of ${label}`, call(page, 'end', label));
    assert.deepEqual([end.status, end.info], expected);
}

// Runs `body` with a server of these options.
async function withServer(values, body) {
    const server = await Server.start(values);
    try {
        await body(server);
        server.assertAlive();
    } finally {
        await server.stop();
    }
}

describe('the command line', () => {
    test('wrong usage ends with 2 and says how to get help', async () => {
        for (const args of [['--no-such-option'], ['-o'], ['word'], ['-c']]) {
            const { code, output } = await run(...args);
            assert.equal(code, 2, args.join(' '));
            assert.match(output, /sluice --help/);
        }
    });

    test('a bad configuration ends with 78 and names the key', async () => {
        const bad = path.join(scratch, 'bad.properties');
        fs.writeFileSync(bad, 'ws.port=many\n');
        for (const [args, words] of [
            [['-o', 'ws.port=70000'], /ws\.port/],
            [['-o', 'no_such_key=1'], /no_such_key/],
            [['-o', 'rest_allow=here'], /rest_allow/],
            [['-c', bad], /ws\.port/],
            [['-c', path.join(scratch, 'missing.properties')], /missing\.properties/],
        ]) {
            for (const action of [[], ['--check']]) {
                const { code, output } = await run(...args, ...action);
                assert.equal(code, 78, `${args.join(' ')}: ${output}`);
                assert.match(output, words);
            }
        }
    });

    test('--check accepts a good file with 0, and warns of unknown keys', async () => {
        const file = path.join(scratch, 'good.properties');
        fs.writeFileSync(file, 'ws.port=9000\nno_such_key=1\n');
        const { code, output } = await run('-c', file, '--check');
        assert.equal(code, 0, output);
        assert.match(output, /good\.properties:2.*no_such_key/);
    });

    test('--print-config shows what is in force, and no secrets', async () => {
        const { code, output } = await run(...options({ 'ws.port': 9000, ...SECRETS }),
            '--print-config');
        assert.equal(code, 0, output);
        assert.match(output, /^ws\.port=9000$/m);
        assert.match(output, /^wss\.port=8443$/m);
        for (const key of Object.keys(SECRETS))
            assert.match(output, new RegExp(`^${key}=\\*+$`, 'm'));
        assert.doesNotMatch(output, /sesame/);
    });

    test('CFG-19 a port that is in use ends with 69 and names the key', async () => {
        const values = await place({ demo_stream: true });
        for (const key of ['ws.port', 'wss.port', 'http.port', 'https.port']) {
            const taken = net.createServer().listen(values[key]);
            await new Promise((resolve) => taken.once('listening', resolve));
            const { code, output } = await run(...options(values));
            await new Promise((resolve) => taken.close(resolve));
            assert.equal(code, 69, output);
            assert.match(output, new RegExp(`\\b${key.replace('.', '\\.')}\\b.*${values[key]}`));
        }
    });

    test('CFG-19 so does a media port', async () => {
        const values = await place();
        const taken = net.createServer().listen(values.media_port_from, '127.0.0.1');
        await new Promise((resolve) => taken.once('listening', resolve));
        const { code, output } = await run(...options(values));
        await new Promise((resolve) => taken.close(resolve));
        assert.equal(code, 69, output);
        assert.match(output, /media_port_(from|to)/);
    });

    test('a start without descriptors or threads ends with 1 and says what is missing', async () => {
        fs.chmodSync(scratch, 0o755); // the other user passes through it
        const values = await place({ demo_stream: true, 'cli.port': 0 });
        const starts = [
            ...[4, 8, 15, 16, 17].map((count) => [`--nofile=${count}`, /descriptors|open files/]),
            // the first thread; the pool's and the worker's are missing
            ...[1, 4, 5, 6].map((count) => [`--nproc=${count}`, /thread/]),
        ];
        for (const [limit, words] of starts) {
            const args = options({ ...values, state_dir: path.join(scratch, `state${limit}`) });
            const { code, output } = await end(launch(args, [...ORDINARY, 'prlimit', limit]), args);
            assert.equal(code, 1, `${limit}: ${output}`);
            assert.match(output.trim().split('\n').at(-1), words);
        }
    });

    test('SIGUSR1 opens log_file again, SIGINT ends with 0', async () => {
        const file = path.join(scratch, 'sluice.log');
        const values = await place({ log_file: file });
        const program = launch(options(values));
        const read = (name) => fs.existsSync(name) ? fs.readFileSync(name, 'utf8') : '';
        try {
            await until('ready', () => /sluice ready/.test(read(file)));
            assert.match(read(file), /sluice ready/, program.output());
            fs.renameSync(file, `${file}.1`);
            const before = read(`${file}.1`);
            program.process.kill('SIGUSR1');
            await until('the new file', () => fs.existsSync(file));
            program.process.kill('SIGINT');
            const exit = await within(3_000 * slowness, 'the end after SIGINT', program.exit);
            assert.deepEqual(exit, { code: 0, signal: null });
            assert.match(read(file), /server: stopping/);
            assert.equal(read(`${file}.1`), before, 'nothing goes to the old file');
        } finally {
            program.process.kill('SIGKILL');
        }
    });
});

// The algorithm of the SDK's rest module (stat.poll) in our words: throws as that does.
function readStat(body) {
    const groups = {};
    let group = 'unknown';
    for (const line of body.split('\n')) {
        if (line[0] === '-') {
            group = /-+([A-z]+) */.exec(line)[1].toLowerCase();
            groups[group] = {};
        } else {
            const [key, value] = line.split('=');
            groups[group][key] = value;
        }
    }
    return groups;
}

function certificate(port) {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
        });
        socket.once('error', reject);
    });
}

describe('a running server', () => {
    let server, page, publisher, player;
    before(async () => {
        server = await Server.start();
        page = await open(server.wss);
        publisher = await publish(page);
        player = await play(page, publisher.name);
        await Promise.all([pictures(page, player), sound(page, player)]);
    });
    after(async () => {
        await page?.context().close();
        await server?.stop();
    });

    test('the metrics count what flows, and the join histogram the player', async () => {
        const first = await server.metrics();
        await pictures(page, player, 10);
        const metrics = await server.metrics();
        for (const name of ['sluice_rtp_packets_total', 'sluice_rtp_bytes_total']) {
            for (const dir of ['in', 'out']) {
                const key = `${name}{dir="${dir}"}`;
                assert.ok(metrics[key] > first[key] && first[key] > 0, `${key} ${metrics[key]}`);
            }
        }
        assert.equal(metrics['sluice_join_seconds_count'], 1);
        assert.equal(metrics['sluice_join_seconds_bucket{le="+Inf"}'], 1);
        assert.ok(metrics['sluice_join_seconds_sum'] > 0 && metrics['sluice_join_seconds_sum'] < 5);
        assert.equal(metrics['sluice_streams_started_total{direction="in"}'], 1);
        assert.equal(metrics['sluice_streams_started_total{direction="out"}'], 1);
        assert.equal(metrics['sluice_draining'], 0);
        const sum = (name) => Object.entries(metrics)
            .filter(([key]) => key === name || key.startsWith(`${name}{`))
            .reduce((total, [, value]) => total + value, 0);
        assert.deepEqual([sum('sluice_connections'), sum('sluice_streams')], [1, 2]);
    });

    test('REST-47 /?action=stat is what the SDK reads, with the live figures', async () => {
        const response = await fetch(`${server.http}/?action=stat`);
        assert.equal(response.status, 200);
        assert.match(response.headers.get('content-type'), /^text\/plain/);
        const groups = readStat(await response.text());
        assert.deepEqual(Object.keys(groups), ['connection', 'stream', 'call', 'port', 'transcoding',
            'core', 'system']);
        assert.equal(groups.connection.connections, '1');
        assert.equal(groups.connection.connections_websocket, '1');
        assert.equal(groups.stream.streams_webrtc_in, '1');
        assert.equal(groups.stream.streams_webrtc_out, '1');
        assert.equal(groups.stream.streams_viewers, '1');
        assert.ok(Number(groups.core.core_threads) >= 2);
        for (const group of Object.values(groups)) {
            for (const [key, value] of Object.entries(group))
                assert.match(value, /^\d+(\.\d+)?$/, key);
        }
    });

    test('HLS-22 SIGHUP: new connections get the new certificate, a running session goes on', async () => {
        const ports = ['wss.port', 'https.port', 'hls.https.port'].map((key) => server.options[key]);
        const before = await Promise.all(ports.map(certificate));
        assert.equal(new Set(before).size, 1);
        const other = await Server.start(); // its self-signed certificate is as good as any
        try {
            for (const file of ['cert.pem', 'key.pem'])
                fs.copyFileSync(path.join(other.stateDir, file), path.join(server.stateDir, file));
        } finally {
            await other.stop();
        }
        assert.deepEqual(await Promise.all(ports.map(certificate)), before, 'not before the signal');
        server.signal('SIGHUP');
        await server.waitForLog(/reload: \d+ settings applied/);
        const fresh = await until('the new certificate on all of them', async () => {
            const now = await Promise.all(ports.map(certificate));
            return now.every((print) => print !== before[0]) && now;
        });
        assert.equal(new Set(fresh).size, 1);
        await pictures(page, player);
        assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED');
        assert.equal(await call(page, 'available', publisher.name), 'available', 'still answered');
        const session = await WcsClient.session(server.wss);
        await session.close();
    });

    test('a certificate that cannot be read leaves the old one in use', async () => {
        const port = server.options['wss.port'];
        const before = await certificate(port);
        fs.writeFileSync(path.join(server.stateDir, 'cert.pem'), 'nothing of the kind\n');
        server.signal('SIGHUP');
        await server.waitForLog(/certificate kept as it was/);
        assert.equal(await certificate(port), before);
    });

    test('SIGTERM: not ready, no new session, running streams go on until they end; then 0', async () => {
        const ready = () => fetch(`${server.http}/readyz`).then((response) => response.status);
        assert.equal(await ready(), 200);
        const idle = await WcsClient.session(server.ws);
        const deaf = await WcsClient.session(server.ws);
        deaf.stopReading();
        server.signal('SIGTERM');
        await until('/readyz says 503', async () => await ready() === 503);
        assert.equal((await fetch(`${server.http}/livez`)).status, 200);
        const late = await WcsClient.open(server.ws);
        late.send('connection', { appKey: 'defaultApp', mediaProviders: ['WebRTC'] });
        assert.equal((await late.next('fail')).data[0].info, 'Server is shutting down');
        await within(5_000 * slowness, 'the new session is refused', late.closed);
        await pictures(page, player, 30);
        assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED');
        server.assertAlive();
        assert.ok(!idle.isClosed, 'nobody is sent away as long as the server goes on');
        // Only streams are waited for: the sessions stay, and one of them answers nothing.
        const start = performance.now();
        await call(page, 'stop', player);
        await call(page, 'stop', publisher.label);
        const exit = await until('the server ends', () => server.exited, { timeout: 5_000 });
        assert.deepEqual(exit, { code: 0, signal: null });
        const took = performance.now() - start;
        assert.ok(took < 1_500 * slowness, `${took} ms`);
        assert.equal((await idle.closed).code, 1001);
        deaf.abort();
    });

    test('SIGTERM without a stream ends at once, sessions notwithstanding', async () => {
        const quick = await Server.start({ drain_timeout: 60 });
        try {
            const [idle, deaf] = [await WcsClient.session(quick.ws), await WcsClient.session(quick.wss)];
            deaf.stopReading();
            const start = performance.now();
            quick.signal('SIGTERM');
            assert.deepEqual(await until('the server ends', () => quick.exited), { code: 0,
                signal: null });
            const took = performance.now() - start;
            assert.ok(took < 1_500 * slowness, `${took} ms`);
            assert.equal((await idle.closed).code, 1001);
            deaf.abort();
        } finally {
            await quick.stop();
        }
    });

    test('SIGINT ends at once with 0, a publication and a player notwithstanding', async () => {
        const quick = await Server.start();
        try {
            const client = await open(quick.ws);
            const { name } = await publish(client);
            await pictures(client, await play(client, name), 5);
            const start = Date.now();
            quick.signal('SIGINT');
            assert.deepEqual(await until('the server ends', () => quick.exited), { code: 0,
                signal: null });
            assert.ok(Date.now() - start < 2_000 * slowness, `${Date.now() - start} ms`);
            await client.context().close();
        } finally {
            await quick.stop();
        }
    });
});

describe('networks and codecs', () => {
    test('IPv6: publishes and plays over [::1]', async () => {
        assert.ok(Object.values(os.networkInterfaces()).flat().some((a) => a.address === '::1'),
            'the kernel has no ::1');
        await withServer({ ip: '::1', ip_local: '::1' }, async (server) => {
            const page = await open(`ws://[::1]:${server.options['ws.port']}`);
            const { name } = await publish(page);
            const player = await play(page, name);
            await Promise.all([pictures(page, player), sound(page, player)]);
            const remotes = await page.evaluate(async () => {
                const found = [];
                for (const connection of window.peerConnections()) {
                    for (const report of (await connection.getStats()).values())
                        if (report.type === 'remote-candidate')
                            found.push(`${report.address} ${report.port}`);
                }
                return found;
            });
            assert.deepEqual([...new Set(remotes)], [`::1 ${server.mediaPort}`]);
            await page.context().close();
        });
    });

    test('PCMU alone is published and played with sound', async () => {
        await withServer({}, async (server) => {
            const page = await open(server.ws);
            const { label, name } = await publish(page, { stripCodecs: 'opus,PCMA,G722' });
            const player = await play(page, name);
            const heard = await sound(page, player);
            assert.equal(heard.in.audio.codec, 'audio/PCMU');
            assert.equal((await call(page, 'stats', label)).out.audio.codec, 'audio/PCMU');
            await pictures(page, player);
            await page.context().close();
        });
    });

    test('VP9 is published and played when it is configured', async () => {
        await withServer({ codecs: 'opus,vp9,h264,vp8' }, async (server) => {
            const page = await open(server.ws);
            const { label, name } = await publish(page);
            const player = await play(page, name);
            const seen = await pictures(page, player);
            assert.equal(seen.in.video.codec, 'video/VP9');
            assert.deepEqual([seen.in.video.frameWidth, seen.in.video.frameHeight], [320, 240]);
            assert.equal((await call(page, 'stats', label)).out.video.codec, 'video/VP9');
            // one that joins in the middle gets a key frame, too
            await pictures(page, await play(page, name));
            await page.context().close();
        });
    });
});

describe('clients that fail', () => {
    test('WS-51 the publisher\'s browser hangs: after the ping bound its player gets FAILED', async () => {
        const bound = { 'keep_alive.server_interval': 500, 'keep_alive.probes': 3 };
        await withServer(bound, async (server) => {
            const hung = await Browser.open();
            try {
                const { name } = await publish(await open(server.ws, { from: hung }));
                const page = await open(server.ws);
                const player = await play(page, name);
                await pictures(page, player, 5);
                hung.freeze();
                await assertEnds(page, player, ['FAILED', 'Stopped by publisher stop'], 5_000);
                assert.equal(await call(page, 'available', name), 'Stream not found');
                assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED', 'who answers stays');
                await page.context().close();
            } finally {
                hung.kill();
                await hung.close();
            }
        });
    });

    test('a player whose network goes away: Failed by ICE keep alive, and nobody else', async () => {
        await withServer({ consent_timeout_ms: 4000 }, async (server) => {
            const relay = await Relay.start(server.mediaPort);
            try {
                const page = await open(server.ws);
                const { name } = await publish(page);
                const [stays, goes] = [await play(page, name),
                    await play(page, name, { relayPort: relay.port })];
                await Promise.all([pictures(page, stays), pictures(page, goes)]);
                await relay.set('drop on');
                await assertEnds(page, goes, ['FAILED', 'Failed by ICE keep alive'], 8_000);
                await pictures(page, stays);
                await page.context().close();
            } finally {
                await relay.stop();
            }
        });
    });

    test('WS-35 a certificate that is not the one in the offer: DTLS fingerprint error', async () => {
        await withServer({}, async (server) => {
            const page = await open(server.ws, { init: () => {
                const { send } = WebSocket.prototype;
                WebSocket.prototype.send = function (text) {
                    // the SDP inside: the fingerprint's first byte
                    return send.call(this, window.forge ? text.replace(
                        /(a=fingerprint:sha-256 )(\w\w)/gi,
                        (_, head, byte) => head + (byte === '00' ? '01' : '00')) : text);
                };
            } });
            const { name } = await publish(page);
            await page.evaluate(() => (window.forge = true));
            const refused = await call(page, 'publish', 'forged', 'operation-forged',
                { constraints: SMALL });
            assert.deepEqual([refused.status, refused.info],
                ['FAILED', 'Failed by DTLS fingerprint error']);
            assert.equal(await call(page, 'available', 'operation-forged'), 'Stream not found');
            const started = await call(page, 'play', 'forged player', name);
            if (started.status === 'PLAYING') // told before DTLS
                await assertEnds(page, 'forged player',
                    ['FAILED', 'Failed by DTLS fingerprint error'], 5_000);
            else
                assert.deepEqual([started.status, started.info],
                    ['FAILED', 'Failed by DTLS fingerprint error']);
            assert.equal(await call(page, 'available', name), 'available', 'nobody else suffers');
            await page.context().close();
        });
    });
});
