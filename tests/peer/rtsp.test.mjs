// SPDX-License-Identifier: GPL-3.0-or-later
// Streams for players that speak RTSP: statements RTSP-1 to RTSP-14 of media-outputs.md, with
// FFmpeg, GStreamer and a client of our own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Backend, startWithApps } from './lib/backend.mjs';
import { SMALL, call, open } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { RtspClient, nalTypes, receiverReport, rtcpPackets, timestamp, udpPair }
    from './lib/rtsp.mjs';
import { Server, root } from './lib/server.mjs';
import { pause, slowness, until, within } from './lib/wait.mjs';

const run = promisify(execFile);
const TIMEOUT_S = 3;
const NAME = 'camera', TALL = 'a b/c', CYRILLIC = 'камера', NOISE = 'noise';
const VP8 = 'vp8', PCMA = 'pcma';

let server, port, browser, pages, page;

// A server with ports for pairs of RTP and RTCP.
async function rtspOptions(options = {}) {
    const rtspPort = await freePorts(1), media = await freePorts(40);
    return { 'rtsp.port': rtspPort, media_port_from: media, media_port_to: media + 39, ...options };
}

async function publish(name, options = {}) {
    const event = await call(page, 'publish', name, name, { constraints: SMALL, ...options });
    assert.equal(event.status, 'PUBLISHING', event.info);
}

before(async () => {
    const options = await rtspOptions({ log_level: 'DEBUG', demo_stream: true,
        rtsp_connections_per_ip_max: 0 }); // all the clients here are of one address
    port = options['rtsp.port'];
    [server, browser, pages] = await Promise.all([Server.start(options), Browser.open(),
        startPages()]);
    page = await open(browser, pages, server);
    await publish(NAME, { stripCodecs: 'VP8' });
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
});

const encode = (name) => encodeURIComponent(name);
const urlOf = (name, at = port) => `rtsp://127.0.0.1:${at}/${encode(name)}`;

// What ffprobe tells of the streams: {video: codec, audio: codec}, and the packets of some seconds.
async function probe(url, transport = 'tcp', more = []) {
    const { stdout } = await within(25_000 * slowness, `ffprobe ${url}`, run('ffprobe', ['-v', 'error',
        '-rtsp_transport', transport, '-show_entries', 'stream=codec_type,codec_name', '-of', 'json',
        ...more, url]));
    const found = JSON.parse(stdout);
    return { ...Object.fromEntries(found.streams.map((stream) =>
        [stream.codec_type, stream.codec_name])), packets: found.packets };
}

async function decodes(url, transport) {
    const { stderr } = await within(25_000 * slowness, `ffmpeg ${url}`, run('ffmpeg', ['-v', 'error',
        '-rtsp_transport', transport, '-i', url, '-t', '2', '-f', 'null', '-']));
    // FFmpeg's own words on a stream that it has joined; none of a broken picture
    assert.doesNotMatch(stderr, /error while decoding|corrupt|non-existing|missing/i);
}

async function players(name) {
    const response = await fetch(`${server.http}/rest-api/stream/find`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name, published: false }) });
    return response.status === 404 ? [] : (await response.json());
}

// GStreamer until it has decoded some of both.
async function gstreamer(url, transport) {
    const player = spawn('/usr/bin/python3', [path.join(root, 'tests/tools/rtsp-player.py'), url,
        transport], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
        await within(25_000 * slowness, `GStreamer plays by ${transport}`,
            new Promise((resolve, reject) => {
                player.once('close', (code) => reject(new Error(`it ended with ${code}`)));
                createInterface({ input: player.stdout }).on('line', (line) => {
                    const { pictures, sounds } = JSON.parse(line);
                    if (pictures > 20 && sounds > 40)
                        resolve();
                });
            }));
    } finally {
        player.kill('SIGKILL');
    }
}

async function withClient(use, at = port) {
    const client = await RtspClient.open(at);
    try {
        return await use(client);
    } finally {
        await client.close();
    }
}

describe('RTSP players', () => {
    for (const transport of ['tcp', 'udp']) {
        test(`RTSP-1 FFmpeg and GStreamer play a browser's stream over ${transport}`, async () => {
            const { video, audio } = await probe(urlOf(NAME), transport);
            assert.deepEqual({ video, audio }, { video: 'h264', audio: 'opus' });
            await decodes(urlOf(NAME), transport);
            await gstreamer(urlOf(NAME), transport);
        });
    }

    test('RTSP-2 the first picture is a key frame, within a second of PLAY', () =>
        withClient(async (client) => {
            const [video] = await client.setUp(NAME);
            assert.equal(video.kind, 'video');
            const begun = performance.now();
            const answer = await client.play(NAME);
            assert.equal(answer.status, 200);
            const first = await until('a packet of pictures', () =>
                client.frames.find(({ channel }) => channel === video.channel), { interval: 10 });
            assert.ok(nalTypes(first.data).some((type) => [5, 7].includes(type)),
                `${nalTypes(first.data)}`);
            assert.ok(first.at - begun < 1000 * slowness, `${first.at - begun} ms`);
            const info = Object.fromEntries(answer.headers['rtp-info'].split(',').map((part) =>
                [/url=([^;]*)/.exec(part)[1], Number(/seq=(\d+)/.exec(part)[1])]));
            assert.equal(first.data.readUInt16BE(2), info[video.control]);
            // a report comes before it, for who puts its tracks on one time
            const report = client.frames.find(({ channel }) => channel === video.channel + 1);
            assert.equal(rtcpPackets(report.data)[0].type, 200);
            assert.ok(client.frames.indexOf(report) < client.frames.indexOf(first));
        }));

    // Of frames that are made at one time, each arrives a little after the time that its packets and
    // reports say; the difference is what a player would show.
    test('RTSP-3 sound and pictures are on one time', () => withClient(async (client) => {
        const tracks = await client.setUp('demo');
        await client.play('demo');
        await until('three seconds of both', () => {
            const at = client.frames.map((frame) => frame.at);
            return Math.max(...at) - Math.min(...at) > 3000;
        });
        const delays = tracks.map(({ channel, clock }) => {
            const reports = client.frames.filter((frame) => frame.channel === channel + 1);
            const report = rtcpPackets(reports.at(-1).data)[0].data;
            const ntp = report.readUInt32BE(8) + report.readUInt32BE(12) / 2 ** 32;
            const rtp = report.readUInt32BE(16);
            return Math.min(...client.frames.filter((frame) => frame.channel === channel)
                .map((frame) => frame.at - 1000 * (ntp + ((timestamp(frame.data) - rtp) | 0) / clock)));
        });
        assert.ok(Math.abs(delays[0] - delays[1]) < 40 * slowness, `${delays[0] - delays[1]} ms`);
        // What FFmpeg makes of it is what the reports say, from the first packet on.
        const { packets } = await probe(urlOf(NAME), 'tcp', ['-show_entries',
            'packet=codec_type,pts_time', '-read_intervals', '%+3']).then(({ packets: all }) =>
            ({ packets: all.filter((packet) => packet.pts_time !== undefined) }));
        const first = (kind) => Number(packets.find((packet) => packet.codec_type === kind).pts_time);
        assert.ok(Math.abs(first('audio') - first('video')) < 1,
            `${first('audio')} and ${first('video')} s`);
        for (const kind of ['audio', 'video']) {
            const times = packets.filter((packet) => packet.codec_type === kind)
                .map((packet) => Number(packet.pts_time));
            const steps = times.slice(1).map((time, i) => time - times[i]);
            assert.ok(Math.max(...steps) < 0.5 && Math.min(...steps) > -0.001,
                `${kind}: ${Math.min(...steps)} to ${Math.max(...steps)} s`);
        }
    }));

    test('RTSP-4 VP8 and G.711 are played as they are', async () => {
        await publish(VP8, { stripCodecs: 'H264' });
        await publish(PCMA, { constraints: { audio: true, video: false },
            stripCodecs: 'opus,PCMU,G722' });
        const vp8 = await probe(urlOf(VP8), 'udp');
        assert.deepEqual([vp8.video, vp8.audio], ['vp8', 'opus']);
        const pcma = await probe(urlOf(PCMA));
        assert.deepEqual([pcma.video, pcma.audio], [undefined, 'pcm_alaw']);
        await gstreamer(urlOf(VP8), 'tcp');
        await call(page, 'stop', VP8);
        await call(page, 'stop', PCMA);
    });

    test('is listed as a player, and terminated as one', () => withClient(async (client) => {
        await client.setUp(NAME);
        await client.play(NAME);
        const [player] = await until('the player is listed', async () =>
            (await players(NAME)).filter(({ status }) => status === 'PLAYING').length === 1 &&
            players(NAME));
        assert.equal(player.mediaProvider, 'RTSP');
        assert.match(player.mediaSessionId, /^[0-9a-f-]{36}-camera-RTSP$/);
        await fetch(`${server.http}/rest-api/stream/terminate`, { method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ mediaSessionId: player.mediaSessionId }) });
        await within(5_000 * slowness, 'the connection is closed', client.closed);
    }));

    test('RTSP-5 what cannot be is answered with its status', () => withClient(async (client) => {
        const url = `${client.url}/${NAME}`;
        const status = async (...args) => (await client.request(...args)).status;
        assert.equal(await status('OPTIONS', '*'), 200);
        assert.equal(await status('DESCRIBE', `${client.url}/nobody`), 404);
        assert.equal(await status('DESCRIBE', `${client.url}/..`), 404);
        assert.equal(await status('DESCRIBE', `${client.url}/%00`), 400);
        assert.equal(await status('ANNOUNCE', url, {}, 'v=0\r\n'), 405);
        assert.equal(await status('RECORD', url), 405);
        assert.equal(await status('DANCE', url), 501);
        assert.equal(await status('PLAY', url), 455);
        assert.equal(await status('OPTIONS', '*', { CSeq: undefined }), 400);
        assert.equal(await status('OPTIONS', '*', { Require: 'magic' }), 551);
        assert.equal(await status('DESCRIBE', url), 200);
        const setup = (transport, track = 1) =>
            status('SETUP', `${url}/trackID=${track}`, { Transport: transport });
        assert.equal(await setup('RTP/AVP;multicast;port=5000-5001'), 461);
        assert.equal(await setup('RTP/AVP;unicast;destination=10.1.2.3;client_port=5000-5001'), 461);
        assert.equal(await setup('RTP/AVP/TCP;unicast;interleaved=0-1', 7), 404);
        assert.equal(await setup('RTP/AVP/TCP;unicast;interleaved=0-1'), 200);
        assert.equal(await setup('RTP/AVP;unicast;client_port=5000-5001', 0), 461); // mixed
        assert.match(client.session, /^[0-9a-z]{26}$/);
        assert.equal(await status('PLAY', url, { Session: 'another' }), 454);
        assert.equal(await status('PLAY', url, { Session: undefined }), 454);
        assert.equal(await status('PLAY', url), 200);
        assert.equal(await status('SETUP', `${url}/trackID=0`,
            { Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' }), 455);
        assert.equal(await status('GET_PARAMETER', url), 200);
        assert.equal(await status('SET_PARAMETER', url), 200);
        assert.equal(await status('SET_PARAMETER', url, {}, 'volume: 11\r\n'), 451);
        assert.equal(await status('TEARDOWN', url), 200);
        client.session = undefined;
        assert.equal(await status('DESCRIBE', `${client.url}/${NAME}/`), 200);
        client.send('OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n');
        assert.equal((await client.answer()).status, 505);
        await within(5_000 * slowness, 'the connection is closed', client.closed);
    }));

    test('pauses, and goes on with a key frame where the stream is then', () =>
        withClient(async (client) => {
            const [video] = await client.setUp(NAME);
            const pictures = () => client.frames.filter(({ channel }) => channel === video.channel);
            await client.play(NAME);
            await until('pictures', () => pictures().length > 20);
            assert.equal((await client.request('PAUSE', `${client.url}/${NAME}`)).status, 200);
            const before = client.frames.length;
            await pause(500);
            const late = client.frames.slice(before).filter(({ channel }) => channel % 2 === 0);
            assert.equal(late.length, 0);
            const last = pictures().at(-1).data;
            const count = pictures().length;
            const answer = await client.play(NAME);
            assert.equal(answer.status, 200);
            const next = await until('pictures again', () => pictures()[count], { interval: 10 });
            assert.ok(nalTypes(next.data).some((type) => [5, 7].includes(type)));
            assert.equal(next.data.readUInt16BE(2), (last.readUInt16BE(2) + 1) & 0xffff);
            const away = (timestamp(next.data) - timestamp(last)) >>> 0;
            assert.ok(away > 0.4 * 90000 && away < 10 * 90000, `${away} ticks`);
        }));

    test('RTSP-6 RTSP-7 UDP goes to the client alone, and stays as long as it reports', async () => {
        const pairs = [await udpPair(), await udpPair()];
        const elsewhere = await udpPair(pairs[0].port, '127.0.0.2');
        const options = await rtspOptions({ rtsp_timeout_s: TIMEOUT_S, demo_stream: true });
        const impatient = await Server.start(options);
        const client = await RtspClient.open(options['rtsp.port']);
        const transport = (i) => `RTP/AVP;unicast;client_port=${pairs[i].port}-${pairs[i].port + 1}`;
        const tracks = await client.setUp('demo', transport);
        const serverPort = Number(/server_port=(\d+)/.exec(tracks[0].transport)[1]);
        assert.ok(serverPort % 2 === 0 && serverPort >= options.media_port_from &&
            serverPort < options.media_port_to);
        await client.play('demo');
        await until('packets', () => pairs.every(({ packets }) => packets.length > 5));
        assert.ok(pairs[0].packets.every(({ from }) => from.port === serverPort));
        const timer = setInterval(() => pairs[0].rtcp.send(receiverReport(), serverPort + 1,
            '127.0.0.1'), 500);
        await pause(1000 * (TIMEOUT_S + 2));
        assert.ok(!client.isClosed, 'it reports, and was dropped');
        clearInterval(timer);
        await within(1000 * (TIMEOUT_S + 3) * slowness, 'the silent one is dropped', client.closed);
        const count = pairs[0].packets.length;
        await pause(500);
        assert.ok(pairs[0].packets.length <= count + 1);
        assert.equal(elsewhere.packets.length, 0);
        [...pairs, elsewhere].forEach((pair) => pair.close());
        await impatient.stop();
    });

    test('RTSP-8 who stops reading is closed, and costs no other anything', async () => {
        await call(page, 'canvasCamera', NOISE, 640, 480, { audio: true, noise: true });
        const event = await call(page, 'publishCamera', NOISE, NOISE, NOISE,
            { stripCodecs: 'VP8', video: { minBitrate: 1500, maxBitrate: 2500 } });
        assert.equal(event.status, 'PUBLISHING', event.info);
        const other = await RtspClient.open(port);
        const [video] = await other.setUp(NOISE);
        await other.play(NOISE);
        await until('pictures', () => other.frames.length > 50);
        const before = server.usage().rssKb;
        const stalled = spawn('/usr/bin/python3', [path.join(root, 'tests/tools/rtsp-stalled.py'),
            `${port}`, NOISE], { stdio: ['pipe', 'pipe', 'inherit'] });
        try {
            await within(10_000 * slowness, 'it plays', new Promise((resolve, reject) => {
                stalled.once('close', (code) => reject(new Error(`it ended with ${code}`)));
                createInterface({ input: stalled.stdout }).on('line', resolve);
            }));
            const begun = performance.now();
            await server.waitForLog(/takes nothing of what is sent/, 40_000);
            assert.ok(performance.now() - begun > 9000, 'it was given its time');
        } finally {
            stalled.kill('SIGKILL');
        }
        const grown = server.usage().rssKb - before;
        assert.ok(grown < 8 * 1024 * slowness, `${grown} kB more`);
        const at = other.frames.filter(({ channel }) => channel === video.channel)
            .map((frame) => frame.at);
        const gaps = at.slice(1).map((time, i) => time - at[i]);
        assert.ok(Math.max(...gaps) < 1000 * slowness, `${Math.max(...gaps)} ms without pictures`);
        await other.close();
        await call(page, 'stop', NOISE);
    });

    test('RTSP-11 a query stays out of control URLs, and does not hinder', async () => {
        const { video } = await probe(`${urlOf(NAME)}?token=a%26b&x=1`);
        assert.equal(video, 'h264');
        await withClient(async (client) => {
            const answer = await client.request('DESCRIBE', `${client.url}/${NAME}?token=secret`);
            assert.ok(!answer.body.includes('secret') && answer.body.includes('/trackID='));
            // as players do that put the track behind everything
            const setup = await client.request('SETUP',
                `${client.url}/${NAME}?token=secret/trackID=1`,
                { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
            assert.equal(setup.status, 200);
        });
    });

    test('RTSP-12 names with blanks, slashes and in Cyrillic', async () => {
        for (const name of [TALL, CYRILLIC]) {
            await publish(name, { stripCodecs: 'VP8' });
            assert.equal((await probe(urlOf(name))).video, 'h264');
            await call(page, 'stop', name);
        }
    });

    test('RTSP-13 when its publisher stops, a player has a BYE and ends', async () => {
        const name = 'short';
        await publish(name, { stripCodecs: 'VP8' });
        const client = await RtspClient.open(port);
        const [video] = await client.setUp(name);
        await client.play(name);
        const ffmpeg = run('ffmpeg', ['-v', 'error', '-rtsp_transport', 'tcp', '-i', urlOf(name), '-f',
            'null', '-']);
        await until('two players', async () =>
            (await players(name)).filter(({ status }) => status === 'PLAYING').length === 2);
        await until('pictures', () => client.frames.length > 20);
        await call(page, 'stop', name);
        await within(5_000 * slowness, 'the connection is closed', client.closed);
        await within(10_000 * slowness, 'FFmpeg ends', ffmpeg);
        const last = client.frames.filter(({ channel }) => channel === video.channel + 1).at(-1);
        assert.deepEqual(rtcpPackets(last.data).at(-1).type, 203);
    });
});

describe('Hostile RTSP clients', () => {
    const raw = () => new Promise((resolve, reject) => {
        const socket = net.connect({ port, host: '127.0.0.1' }, () => resolve(socket));
        socket.once('error', reject);
        socket.on('error', () => {});
        socket.resume();
    });

    test('RTSP-14 garbage, a megabyte of header, half requests, floods: bounded and alive',
        async () => {
            const before = server.usage();
            await withClient(async (client) => { // a header without an end
                client.send(`OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`);
                assert.equal((await client.answer()).status, 413);
                await within(5_000 * slowness, 'it is closed', client.closed);
            });
            await withClient(async (client) => {
                client.send(`OPTIONS rtsp://h/${'a'.repeat(3000)} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
                assert.equal((await client.answer()).status, 414);
            });
            const lines = ['$\x01\xff\xff', '\0\0\0\0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n',
                'OPTIONS\r\n\r\n', '\x16\x03\x01\x02\x00', '$$$$$$$$', 'RTSP/1.0 200 OK\r\n\r\n'];
            for (let i = 0; i < 100; i++) {
                const socket = await raw();
                socket.write(lines[i % lines.length]);
                socket.write(Buffer.from(Array.from({ length: 500 }, () => Math.random() * 256)));
                setTimeout(() => socket.destroy(), 200);
            }
            await withClient(async (client) => { // many at once, in order
                const url = `${client.url}/${NAME}`;
                client.send(Array.from({ length: 500 }, (_, i) =>
                    `OPTIONS ${url} RTSP/1.0\r\nCSeq: ${i}\r\n\r\n$\x01\0\x02ab`).join(''));
                for (let i = 0; i < 500; i++)
                    assert.equal((await client.answer()).headers.cseq, `${i}`);
            });
            // with the last of the hundred above they stay below rtsp_connections_max
            const half = await Promise.all(Array.from({ length: 850 }, async () => {
                const socket = await raw();
                socket.write('DESCRIBE rtsp://h/camera RTSP/1.0\r\nCSeq: ');
                return socket;
            }));
            await withClient((client) => client.setUp(NAME));
            const grown = server.usage().rssKb - before.rssKb;
            assert.ok(grown < 40 * 1024 * slowness, `${grown} kB for them`);
            await within(25_000 * slowness, 'half requests are given up', Promise.all(half.map((socket) =>
                socket.destroyed || new Promise((resolve) => socket.once('close', resolve)))));
            await until('their descriptors are free', () => server.usage().fds <= before.fds + 5);
            server.assertAlive();
        });

    test('beyond rtsp_connections_max newcomers are turned away', async () => {
        const sockets = await Promise.all(Array.from({ length: 1010 }, raw));
        await until('some are closed', () =>
            sockets.filter((socket) => socket.readyState === 'closed').length >= 10);
        assert.ok((await server.metrics())['sluice_rtsp_refused_total'] >= 10);
        sockets.forEach((socket) => socket.destroy());
        await until('others are served', () => withClient((client) =>
            client.request('OPTIONS', '*').then((answer) => answer?.status === 200)));
    });
});

describe('The back end and RTSP players', () => {
    const METHODS = ['connect', 'playStream', 'playRTSP', 'StreamStatusEvent'];
    let backend, app, plain, asked, unasked, askedPort, unaskedPort;

    before(async () => {
        backend = await Backend.start();
        [app, plain] = ['asks', 'silent'].map((key) => backend.endpoint(key));
        const apps = { asks: { url: app.url, methods: METHODS },
            silent: { url: plain.url, methods: ['connect'] } };
        const options = [await rtspOptions({ rtsp_server_auth_enabled: true, demo_stream: true,
            rtsp_server_opus_to_aac: true, rest_request_timeout: 1 }), await rtspOptions()];
        [askedPort, unaskedPort] = options.map((option) => option['rtsp.port']);
        asked = await startWithApps(apps, options[0]);
        unasked = await startWithApps(apps, options[1]);
    });
    after(async () => {
        await asked?.stop();
        await unasked?.stop();
        await backend?.stop();
    });

    test('RTSP-9 is asked by playRTSP, and its yes plays', () => withClient(async (client) => {
        const query = 'demo?appKey=asks&aclAuth=t0ken';
        app.on('playRTSP', 'echo');
        const description = await client.request('DESCRIBE', `${client.url}/${query}`,
            { 'User-Agent': 'Test/1' });
        assert.equal(description.status, 200);
        const { body } = await app.next('playRTSP');
        assert.equal(body.rtspUrl, `${client.url}/${query}`);
        assert.equal(body.name, body.rtspUrl);
        assert.deepEqual([body['User-Agent'], body.userAgent, body.mediaProvider, body.appKey],
            ['Test/1', 'Test/1', 'RTSP', 'asks']);
        assert.equal(body.custom.aclAuth, 't0ken');
        assert.match(body.mediaSessionId, /^[0-9a-f-]{36}-demo-RTSP$/);
        assert.match(body.sessionId, /^\/127\.0\.0\.1:\d+\/127\.0\.0\.1:\d+$/);
        await client.setUp(query);
        await client.play('demo');
        await until('pictures', () => client.frames.length > 10);
        assert.ok(app.of('playRTSP').length >= 4); // DESCRIBE, twice, the first SETUP, PLAY
        assert.equal(app.of('connect').length + app.of('playStream').length, 0);
        const event = await app.next('StreamStatusEvent', ({ status }) => status === 'PLAYING');
        assert.equal(event.body.mediaProvider, 'RTSP');
        assert.equal(event.body.mediaSessionId, body.mediaSessionId);
        assert.ok(!asked.log.includes('t0ken'), 'the log tells a token');
    }, askedPort));

    test('opus is made into AAC for whom it is wanted', async () => {
        app.on('playRTSP', 'echo');
        const { video, audio } = await probe(`${urlOf('demo', askedPort)}?appKey=asks`);
        assert.deepEqual({ video, audio }, { video: 'h264', audio: 'aac' });
    });

    for (const no of ['refuse', 'die', 'hang', 'redirect']) {
        test(`RTSP-9 a back end that says ${no} lets nobody in`, () => withClient(async (client) => {
            app.on('playRTSP', no);
            assert.equal((await client.request('DESCRIBE', `${client.url}/demo?appKey=asks`)).status,
                403);
            await within(5_000 * slowness, 'the connection is closed', client.closed);
        }, askedPort));
    }

    test('RTSP-9 a no to PLAY ends what was set up', () => withClient(async (client) => {
        app.on('playRTSP', 'echo');
        await client.setUp('demo?appKey=asks');
        app.on('playRTSP', 'refuse');
        assert.equal((await client.play('demo')).status, 403);
        await within(5_000 * slowness, 'the connection is closed', client.closed);
    }, askedPort));

    for (const key of ['silent', 'nobody', '']) {
        test(`RTSP-10 an application that does not ask cannot say yes: "${key}"`, () =>
            withClient(async (client) => {
                const answer = await client.request('DESCRIBE', `${client.url}/demo?appKey=${key}`);
                assert.equal(answer.status, 403);
            }, askedPort));
    }

    test('RTSP-10 without the question a guarded stream is refused, others are not', async () => {
        app.config({ playStream: { restOnError: 'FAIL' } });
        const describe = (name) => withClient(async (client) =>
            (await client.request('DESCRIBE', `${client.url}/${name}?appKey=asks`)).status,
        unaskedPort);
        const [guarded, open_] = await Promise.all([0, 1].map(() =>
            browser.page(pages.url + BARE, unasked)));
        assert.equal(await call(guarded, 'connect', unasked.ws, { appKey: 'asks' }), 'ESTABLISHED');
        assert.equal(await call(open_, 'connect', unasked.ws, { appKey: 'silent' }), 'ESTABLISHED');
        for (const [where, name] of [[guarded, 'guarded'], [open_, 'open']]) {
            const event = await call(where, 'publish', name, name, { constraints: SMALL });
            assert.equal(event.status, 'PUBLISHING', event.info);
        }
        assert.equal(await describe('guarded'), 403);
        assert.equal(await describe('open'), 200);
        await unasked.waitForLog(/rtsp_server_auth_enabled/);
        assert.equal(app.of('playRTSP').filter(({ body }) => body.name.includes('open')).length, 0);
        await call(guarded, 'stop', 'guarded');
        await call(open_, 'stop', 'open');
    });
});

test('one address cannot take the connections of all', async () => {
    const options = await rtspOptions({ rtsp_connections_per_ip_max: 5 });
    const own = await Server.start(options);
    const open_ = (localAddress) => RtspClient.open(options['rtsp.port'], { localAddress });
    const served = async (client) =>
        (await client.request('OPTIONS', '*').catch(() => undefined))?.status === 200;
    const many = await Promise.all(Array.from({ length: 5 }, () => open_('127.0.0.1')));
    for (const client of many)
        assert.ok(await served(client));
    const late = await open_('127.0.0.1');
    await within(5_000 * slowness, 'it is turned away', late.closed);
    const other = await open_('127.0.0.2');
    assert.ok(await served(other), 'another address is served');
    many[0].close();
    await until('its place is free', async () => {
        const next = await open_('127.0.0.1');
        const is = await served(next);
        next.close();
        return is;
    });
    [...many, other].forEach((client) => client.close());
    await own.stop();
});
