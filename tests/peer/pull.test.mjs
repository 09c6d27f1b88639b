// SPDX-License-Identifier: GPL-3.0-or-later
// Pulls over REST, as seed 001 has them: Chromium with the official SDK publishes at one server and
// plays at another, and a server that answers as the original did in 2018 (lib/upstream.mjs) takes
// the place of the first. Then everything an upstream can do wrong.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { SMALL, Viewer, gone, pullBody, pulled, pulls, rest, startPull, streams }
    from './lib/nodes.mjs';
import { startPages } from './lib/pages.mjs';
import { RtmpServer } from './lib/rtmp.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { FAULTS, Upstream } from './lib/upstream.mjs';
import { Source } from './lib/upstream_source.mjs';
import { pause, slowness, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const VIEWERS = 10;
const UNREACHABLE = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let origin, edge, browser, pages, publisher;

before(async () => {
    [origin, edge, browser, pages] = await Promise.all([
        Server.start({ demo_stream: true }),
        Server.start({ wcs_agent_ssl: true, wcs_agent_ssl_verify: false }, { workers: 2 }),
        Browser.open(), startPages()]);
    publisher = await Viewer.open(browser, pages, origin);
    await publisher.publish('camera', 'camera');
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await edge?.stop();
    await origin?.stop();
});

const players = async (server, name) => (await streams(server, { name, published: false })).length;

describe('A pull', () => {
    test('is listed with the six fields, and plays (REST-8, 9, 10, 11, WS-77)', async () => {
        await startPull(edge, origin, 'camera', 'copy');
        const entry = await pulled(edge, 'copy');
        assert.deepEqual(Object.keys(entry).sort(), ['localMediaSessionId', 'localStreamName',
            'remoteMediaSessionId', 'remoteStreamName', 'status', 'uri']);
        assert.match(entry.localMediaSessionId, UUID);
        assert.match(entry.remoteMediaSessionId, UUID);
        assert.equal(entry.uri, `${origin.ws}/websocket`);
        assert.equal(entry.remoteStreamName, 'camera');
        const [stream] = await streams(edge, { name: 'copy' });
        assert.equal(stream.published, true);
        assert.equal(stream.status, 'PUBLISHING');
        assert.equal(stream.mediaProvider, 'WebRTC');
        assert.equal(stream.sessionId, null);
        assert.equal(stream.mediaSessionId, entry.localMediaSessionId);
        const viewer = await Viewer.open(browser, pages, edge);
        await viewer.play('copy', 'copy');
        const { video } = await viewer.plays();
        assert.equal(video.frameWidth, 320);
        await until('its rates', async () => {
            const [told] = await streams(edge,
                { name: 'copy', published: true, display: ['metrics'] });
            assert.deepEqual([told.width, told.height], [320, 240]);
            assert.equal(told.metrics.VIDEO_WIDTH, 320);
            return told.metrics.VIDEO_RATE > 10_000 && told.metrics.VIDEO_FPS > 5;
        });
        await viewer.close();
    });

    test('shows NEW and no remote id before its session is established (REST-9)', async () => {
        const silent = net.createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => silent.once('listening', resolve));
        await startPull(edge, { uri: `ws://127.0.0.1:${silent.address().port}` }, 'a', 'fresh');
        const entry = (await pulls(edge)).find((pull) => pull.localStreamName === 'fresh');
        assert.equal(entry.status, 'NEW');
        assert.equal(entry.remoteMediaSessionId, null);
        assert.equal((await rest(edge, '/pull/terminate', { localStreamName: 'fresh' })).status, 200);
        silent.close();
    });

    test('looks like any stream to a client here (WS-42, 43, 56)', async () => {
        const client = await WcsClient.session(edge.ws);
        client.send('availableStream', { mediaSessionId: 'asks', name: 'copy' });
        assert.equal((await client.next('availableStream')).data[0].status, 'true');
        const id = client.play('copy', offer({ direction: 'recvonly' }));
        await client.next('setRemoteSDP', (first) => first === id);
        assert.deepEqual(client.about(id).map(({ message }) => message),
            ['notifyAudioCodec', 'setRemoteSDP']);
        assert.deepEqual(client.about(id)[0].data, [id, { name: 'opus' }]);
        client.stop('stopStream', id, 'copy');
        assert.equal((await client.status(id)).status, 'STOPPED');
        await client.close();
    });

    test('is an ordinary player to the remote (WS-77): its hooks and terminations apply',
        async () => {
            const remote = await streams(origin, { name: 'camera', published: false });
            assert.equal(remote.length, 1);
            assert.equal(remote[0].status, 'PLAYING');
            const { body } = await rest(origin, '/connection/find_all');
            const connection = body.find(({ sessionId }) => sessionId === remote[0].sessionId);
            assert.equal(connection.appKey, 'defaultApp');
            assert.match(connection.clientOSVersion, /^Sluice/);
            await startPull(edge, origin, 'camera', 'cut');
            const { remoteMediaSessionId } = await pulled(edge, 'cut');
            assert.equal((await rest(origin, '/stream/terminate',
                { mediaSessionId: remoteMediaSessionId })).status, 200);
            await gone(edge, 'cut');
            await edge.waitForLog(/stream="cut".*Stopped by rest \/terminate/);
        });

    test('conflicts: the same name again, a published name, one being pulled (REST-12, 13)',
        async () => {
            assert.equal((await rest(edge, '/pull/pull', pullBody(origin, 'camera', 'copy'))).status,
                409);
            assert.equal((await rest(origin, '/pull/pull', pullBody(edge, 'copy', 'camera'))).status,
                409);
            await startPull(edge, origin, 'camera', 'copy2'); // another name
            await pulled(edge, 'copy2');
            // and the other way: nobody publishes under a pull's name, media or not
            const viewer = await Viewer.open(browser, pages, edge);
            const event = await viewer.call('publish', 'thief', 'copy2', SMALL);
            assert.deepEqual([event.status, event.info], ['FAILED', 'Stream name is already in use']);
            await viewer.close();
            assert.equal((await rest(edge, '/pull/terminate', { localStreamName: 'copy2' })).status,
                200);
            await gone(edge, 'copy2');
        });

    test('refuses what is no server or no name, with words', async () => {
        const whole = pullBody(origin, 'camera', 'x');
        const cases = {
            'no uri': { ...whole, uri: undefined },
            'no local name': { ...whole, localStreamName: undefined },
            'no remote name': { ...whole, remoteStreamName: '' },
            'http': { ...whole, uri: 'http://127.0.0.1:8080' },
            'no host': { ...whole, uri: 'ws://:8080' },
            'a password': { ...whole, uri: 'ws://user:secret@127.0.0.1:8080' },
            'port 0': { ...whole, uri: 'ws://127.0.0.1:0' },
            'a blank': { ...whole, uri: 'ws://127.0.0.1:8080/a b' },
            'a line end in the URL': { ...whole, uri: 'ws://127.0.0.1:8080/a\r\nHost: b' },
            'a control in the name': { ...whole, localStreamName: 'a\u0001b' },
            'a control in the remote name': { ...whole, remoteStreamName: 'a\nb' },
            'a long name': { ...whole, localStreamName: 'n'.repeat(300) },
        };
        for (const [why, body] of Object.entries(cases)) {
            const answer = await rest(edge, '/pull/pull', body);
            assert.equal(answer.status, 400, `${why}: ${JSON.stringify(answer)}`);
            assert.ok(answer.body.message.length > 5, why);
        }
        assert.ok(!edge.log.includes('secret'));
        assert.equal((await rest(edge, '/pull/terminate', {})).status, 400);
        assert.equal((await rest(edge, '/pull/terminate', { uri: 'x' })).status, 400);
        assert.equal((await rest(edge, '/pull/terminate', { localStreamName: 'none' })).status, 404);
    });

    test('is stopped by names, and by either form of the uri (REST-15)', async () => {
        for (const filter of [{ localStreamName: 'stopped', remoteStreamName: 'camera' },
            { uri: origin.ws, localStreamName: 'stopped' },
            { uri: `${origin.ws}/websocket`, localStreamName: 'stopped' }]) {
            const before_ = await players(origin, 'camera');
            await startPull(edge, origin, 'camera', 'stopped');
            await pulled(edge, 'stopped');
            assert.equal(await players(origin, 'camera'), before_ + 1);
            assert.deepEqual(await rest(edge, '/pull/terminate', filter), { status: 200, body: '' });
            await gone(edge, 'stopped');
            await until('the remote sees the player leave', async () =>
                await players(origin, 'camera') === before_);
        }
    });

    test('and its stream by /stream/terminate (section 6.1)', async () => {
        await startPull(edge, origin, 'camera', 'ended');
        await pulled(edge, 'ended');
        assert.deepEqual(await rest(edge, '/stream/terminate', { name: 'ended', published: true }),
            { status: 200, body: '' });
        await gone(edge, 'ended');
    });

    test('of an absent stream goes and publishes nothing (REST-16)', async () => {
        await startPull(edge, origin, 'nobody', 'nothing');
        await gone(edge, 'nothing');
        await edge.waitForLog(/stream="nothing".*FAILED "Stream not found"/);
    });

    test('serves ten viewers as one player of the remote (REST-18)', async () => {
        await startPull(edge, origin, 'camera', 'ten');
        await pulled(edge, 'ten');
        const atOrigin = await players(origin, 'camera');
        const viewers = await Promise.all(Array.from({ length: 2 }, () =>
            Viewer.open(browser, pages, edge)));
        for (let i = 0; i < VIEWERS; i++)
            await viewers[i % 2].play(`v${i}`, 'ten');
        await Promise.all(viewers.map((viewer, v) => viewer.goesOn(`v${v}`)));
        assert.equal(await players(edge, 'ten'), VIEWERS);
        assert.equal(await players(origin, 'camera'), atOrigin);
        for (const viewer of viewers)
            await viewer.close();
        await rest(edge, '/pull/terminate', { localStreamName: 'ten' });
    });

    test('tells the viewers here what the publisher there mutes (WS-59)', async () => {
        const viewer = await Viewer.open(browser, pages, edge);
        await viewer.play('muted', 'copy');
        await publisher.call('call', 'camera', 'muteAudio');
        const event = await until('audioMuted at the edge', async () => (await viewer.call('events',
            'muted')).find(({ status, type }) => status === 'EVENT' && type === 'audioMuted'));
        assert.ok(event);
        // who comes later hears it from PLAYING, also where the pull itself came later (WS-60)
        await viewer.play('late', 'copy');
        assert.deepEqual(await viewer.call('audioState', 'late'), { muted: true });
        await startPull(edge, origin, 'camera', 'muted-copy');
        await pulled(edge, 'muted-copy');
        await viewer.play('later', 'muted-copy');
        assert.deepEqual(await viewer.call('audioState', 'later'), { muted: true });
        await publisher.call('call', 'camera', 'unmuteAudio');
        await rest(edge, '/pull/terminate', { localStreamName: 'muted-copy' });
        await viewer.close();
    });

    test('goes through a chain of three, and ends with its publisher (REST-17, WS-50)', async () => {
        const last = await Server.start();
        try {
            const other = await Viewer.open(browser, pages, origin);
            await other.publish('short', 'short');
            await startPull(edge, origin, 'short', 'middle');
            await pulled(edge, 'middle');
            await startPull(last, edge, 'middle', 'far');
            await pulled(last, 'far');
            const viewer = await Viewer.open(browser, pages, last);
            await viewer.play('far', 'far');
            await viewer.plays();
            const ended = viewer.call('end', 'far');
            await other.call('stop', 'short');
            assert.deepEqual(await ended, { status: 'FAILED', info: 'Stopped by publisher stop' });
            await gone(edge, 'middle');
            await gone(last, 'far');
            await viewer.close();
            await other.close();
        } finally {
            await last.stop();
        }
    });

    test('in a loop dies at once, and the log tells', async () => {
        await Promise.all([startPull(edge, origin, 'loop', 'loop'),
            startPull(origin, edge, 'loop', 'loop')]);
        await Promise.all([gone(edge, 'loop'), gone(origin, 'loop')]);
        await edge.waitForLog(/stream="loop".*FAILED "Stream not found"/);
        await startPull(edge, edge, 'self', 'self');
        await gone(edge, 'self');
    });
});

describe('TLS', () => {
    test('wss needs wcs_agent_ssl (REST-14)', async () => {
        const answer = await rest(origin, '/pull/pull',
            { ...pullBody(edge, 'copy', 'secure'), uri: edge.wss });
        assert.equal(answer.status, 500);
        assert.match(answer.body.message, /wcs_agent_ssl/);
    });

    test('wss works where it is set (REST-14, CFG-5)', async () => {
        await startPull(edge, { uri: origin.wss }, 'demo', 'secure');
        const { uri } = await pulled(edge, 'secure');
        assert.equal(uri, `${origin.wss}/websocket`);
        await rest(edge, '/pull/terminate', { uri: origin.wss });
        await gone(edge, 'secure');
    });

    test('a certificate is checked unless told otherwise', async () => {
        const strict = await Server.start({ wcs_agent_ssl: true });
        await startPull(strict, { uri: origin.wss }, 'demo', 'strict');
        await gone(strict, 'strict');
        await strict.waitForLog(/stream="strict".*FAILED/);
        await strict.stop();
        process.env.SSL_CERT_FILE = path.join(origin.stateDir, 'cert.pem');
        try {
            const trusting = await Server.start({ wcs_agent_ssl: true });
            await startPull(trusting, { uri: origin.wss }, 'demo', 'trusted');
            await pulled(trusting, 'trusted');
            await trusting.stop();
        } finally {
            delete process.env.SSL_CERT_FILE;
        }
    });
});

describe('A push to another server (/pull/push)', () => {
    test('publishes there, is listed and terminated as pulls are', async () => {
        assert.equal((await rest(origin, '/pull/push', pullBody(edge, 'there', 'none'))).status, 404);
        assert.deepEqual(await rest(origin, '/pull/push', pullBody(edge, 'there', 'camera')),
            { status: 200, body: '' });
        assert.equal((await rest(origin, '/pull/push', pullBody(edge, 'there', 'camera'))).status,
            409);
        await pulled(origin, 'camera');
        const viewer = await Viewer.open(browser, pages, edge);
        await viewer.play('there', 'there');
        await viewer.plays();
        const ended = viewer.call('end', 'there');
        assert.equal((await rest(origin, '/pull/terminate', { remoteStreamName: 'there' })).status,
            200);
        assert.deepEqual(await ended, { status: 'FAILED', info: 'Stopped by publisher stop' });
        await viewer.close();
    });

    test('ends with either side', async () => {
        const other = await Viewer.open(browser, pages, origin);
        await other.publish('mine', 'mine');
        await rest(origin, '/pull/push', pullBody(edge, 'yours', 'mine'));
        await pulled(origin, 'mine');
        await rest(edge, '/stream/terminate', { name: 'yours' });
        await until('the list is empty', async () => (await pulls(origin)).length === 0);
        assert.equal((await streams(origin, { name: 'mine', published: true })).length, 1);
        await rest(origin, '/pull/push', pullBody(edge, 'yours', 'mine'));
        await pulled(origin, 'mine');
        await other.call('stop', 'mine');
        await until('the list is empty', async () => (await pulls(origin)).length === 0);
        await until('it is not there', async () => (await streams(edge, { name: 'yours' })).length === 0);
        await other.close();
    });
});

describe('A server that answers as the original did (WS-76)', () => {
    for (const codec of ['H264', 'VP8']) {
        test(`${codec} plays in Chromium, and everything goes upstream once`, async () => {
            const upstream = await Upstream.start({ codec, dropEvery: 50 });
            const viewers = [];
            try {
                await startPull(edge, upstream, 'test', 'original');
                await pulled(edge, 'original');
                const [play] = upstream.plays;
                assert.equal(play.request.mediaProvider, 'WebRTC');
                for (const key of ['width', 'height', 'bitrate', 'minBitrate', 'maxBitrate', 'quality'])
                    assert.equal(play.request[key], 0, key);
                for (let i = 0; i < 2; i++)
                    viewers.push(await Viewer.open(browser, pages, edge));
                for (let i = 0; i < VIEWERS; i++)
                    await viewers[i % 2].play(`v${i}`, 'original');
                for (const viewer of viewers)
                    for (let i = 0; i < VIEWERS; i++)
                        if (viewers[i % 2] === viewer)
                            await viewer.goesOn(`v${i}`);
                const seconds = 4;
                const first = upstream.rtcp;
                await pause(seconds * 1000);
                const { video } = play.tracks;
                await until('all that was lost was asked for', () =>
                    video.dropped.length > 0 && upstream.rtcp.nacked >= video.dropped.length - 1);
                const last = upstream.rtcp;
                // once, or again if the repetition was late; never once for each viewer
                assert.ok(last.mostNacks <= VIEWERS / 2, `${last.mostNacks} NACKs of one packet`);
                assert.ok(last.nacked <= video.dropped.length, 'nothing else is asked for');
                // key frame requests of ten viewers: merged, at most one in 300 ms
                assert.ok(last.pli + last.fir - first.pli - first.fir <= seconds / 0.3 + 1, 'merged');
                assert.ok(last.remb - first.remb >= seconds - 1, 'a bound of the bitrate');
                assert.ok(last.remb - first.remb <= seconds + 1, 'once a second, not once a viewer');
                assert.deepEqual(upstream.sessions[0].problems, []);
                await upstream.endStream();
                assert.deepEqual(await viewers[0].call('end', 'v0'),
                    { status: 'FAILED', info: 'Stopped by publisher stop' });
                await gone(edge, 'original');
                await until('the WebSocket is closed', () => upstream.live.length === 0);
            } finally {
                for (const viewer of viewers)
                    await viewer.close();
                await upstream.stop();
            }
        });
    }

    test('an encoder made for files: B pictures keep their order, parameter sets of the SDP reach all',
        async () => {
            const upstream = await Upstream.start({ bPictures: true, setsInSdp: true });
            const rtmp = await RtmpServer.start();
            let viewer;
            try {
                await startPull(edge, upstream, 'test', 'file');
                await pulled(edge, 'file');
                assert.equal((await rest(edge, '/push/startup',
                    { streamName: 'file', rtmpUrl: rtmp.url })).status, 200);
                const { media } = await rtmp.publication();
                const pictures = () => media.filter(({ type, body }) => type === 9 && body[1] === 1);
                await until('80 pictures came', () => pictures().length >= 80);
                assert.ok(media.some(({ type, body }) => type === 9 && body[1] === 0), 'a configuration');
                const decoded = pictures().map(({ timestamp }) => timestamp);
                const shown = pictures().map(({ timestamp, body }) =>
                    timestamp + body.readIntBE(2, 3));
                decoded.forEach((at, i) => {
                    assert.ok(i === 0 || at >= decoded[i - 1], 'decoding rises');
                    assert.ok(shown[i] >= at, 'nothing is shown before it is decoded');
                });
                assert.ok(shown.filter((at, i) => i > 0 && at < shown[i - 1]).length >= 20,
                    'pictures are shown in another order');
                // 25 a second, no two at a time. One place is where the lines of sound and picture
                // begin to belong together: a step there crosses the pictures that wait for their
                // turn. Another may be where a busy machine lost a picture on its way.
                const gaps = [...shown].sort((a, b) => a - b).slice(0, -4)
                    .map((at, i, all) => at - (all[i - 1] ?? at - 40));
                assert.ok(gaps.every((gap) => gap >= 5), `${gaps}`);
                const odd = gaps.flatMap((gap, i) => (gap < 35 || gap > 45 ? [i] : []));
                const places = odd.filter((at, i) => i === 0 || at - odd[i - 1] > 5);
                assert.ok(places.length <= 2 && odd.length <= 10, `${gaps}`);
                const sound = media.filter(({ type }) => type === 8).at(-1).timestamp;
                assert.ok(Math.abs(sound - decoded.at(-1)) < 700, `${sound} ${decoded.at(-1)}`);
                viewer = await Viewer.open(browser, pages, edge);
                await viewer.play('file', 'file');
                // 2.1 case 6 of media-outputs.md: a browser would show few of them as they come
                await viewer.goesOn('file', 60);
                assert.ok((await edge.metrics()).sluice_variants_made_total >= 1);
                await rest(edge, '/pull/terminate', { localStreamName: 'file' });
                await gone(edge, 'file');
            } finally {
                await viewer?.close();
                await rtmp.stop();
                await upstream.stop();
            }
        });

    test('and as other servers of its kind do: DTLS client here, AES-GCM, wss', async () => {
        const upstream = await Upstream.start({ setup: 'passive', srtpProfile: 'gcm', tls: true,
            transportCc: true, firstSequence: 65500 });
        try {
            await startPull(edge, upstream, 'test', 'modern');
            await pulled(edge, 'modern');
            const viewer = await Viewer.open(browser, pages, edge);
            await viewer.play('modern', 'modern');
            await viewer.plays();
            await until('transport-wide feedback', () => upstream.rtcp.transportCc > 2);
            await rest(edge, '/pull/terminate', { localStreamName: 'modern' });
            await until('stopStream came', () => upstream.plays[0].stopped);
            await viewer.close();
        } finally {
            await upstream.stop();
        }
    });
});

describe('An upstream that', () => {
    let victim, source;
    before(async () => {
        source = await Source.start({ size: '320x180' });
        victim = await Server.start({ pull_timeout_ms: 4000 * slowness, pull_connect_timeout_s: 2,
            demo_stream: true, dtls_timeout_ms: 2500 * slowness, ice_timeout_ms: 2500 * slowness });
    });
    after(async () => {
        await victim?.stop();
        await source?.stop();
    });

    // A few at once: each has a server of its own.
    async function tryAll(names, check) {
        for (let i = 0; i < names.length; i += 8)
            await trySome(names.slice(i, i + 8), check);
    }
    async function trySome(names, check) {
        await Promise.all(names.map(async (name) => {
            const upstream = await Upstream.start({ faults: [name], source });
            try {
                await startPull(victim, upstream, 'test', name);
                await check(name, upstream);
            } catch (error) {
                error.message = `${name}: ${error.message}`;
                throw error;
            } finally {
                await upstream.stop();
            }
        }));
    }
    const TOLERATED = ['sdp-3000-lines', 'sdp-70000-bytes', 'sdp-long-line', 'sdp-1000-candidates'];

    for (const kind of ['connection', 'play', 'answer', 'media']) {
        test(`fails the pull (${kind}): it goes, nothing is published, the log tells`, async () => {
            const names = FAULTS[kind].filter((name) => !TOLERATED.includes(name));
            await tryAll(names, async (name, upstream) => {
                await gone(victim, name);
                await victim.waitForLog(new RegExp(`stream="${name}".*FAILED`));
                await until('no socket is left', () => upstream.live.length === 0);
            });
            victim.assertAlive();
        });
    }

    test('says more than it must: the pull works, or ends; nothing breaks', async () => {
        await tryAll(FAULTS.noise, async (name) => {
            await pulled(victim, name);
            await rest(victim, '/pull/terminate', { localStreamName: name });
        });
        await tryAll([...TOLERATED, ...FAULTS.garbage], async (name) => {
            await pause(2000 * slowness);
            await rest(victim, '/pull/terminate', { localStreamName: name });
            await gone(victim, name);
        });
        victim.assertAlive();
    });

    test('dies without a word is noticed at once; a hundred that are not there harm nobody',
        async () => {
            const client = await WcsClient.session(victim.ws);
            const upstream = await Upstream.start({ source });
            await startPull(victim, upstream, 'test', 'killed');
            await pulled(victim, 'killed');
            const { fds } = victim.usage();
            upstream.drop();
            await gone(victim, 'killed', 1_500);
            await upstream.stop();
            // nothing listens, nobody answers, no such name
            const silent = net.createServer((socket) => socket.on('error', () => {}));
            await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
            const places = ['127.0.0.1:1', `127.0.0.1:${silent.address().port}`,
                'no-such-host.invalid:8080', '169.254.169.254:80'];
            for (let i = 0; i < UNREACHABLE; i++)
                await startPull(victim, { uri: `ws://${places[i % places.length]}` }, 'a', `u${i}`);
            // the loop goes on: a request is answered in the meantime
            const id = client.play('demo', offer({ direction: 'recvonly' }));
            const asked = performance.now();
            await client.next('setRemoteSDP', (first) => first === id);
            assert.ok(performance.now() - asked < 1000 * slowness, 'the loop is free');
            await until('all are gone', async () => (await pulls(victim)).length === 0,
                { timeout: 15_000 });
            silent.close();
            client.stop('stopStream', id, 'demo');
            await until('every descriptor is back', () => victim.usage().fds <= fds);
            await client.close();
        });

    test('is killed with -9: the stream ends here, others go on', async () => {
        const doomed = await Server.start({ demo_stream: true });
        await startPull(victim, doomed, 'demo', 'doomed');
        await pulled(victim, 'doomed');
        const viewer = await Viewer.open(browser, pages, victim);
        await viewer.play('doomed', 'doomed');
        await viewer.play('demo', 'demo');
        const ended = viewer.call('end', 'doomed');
        doomed.kill();
        assert.deepEqual(await ended, { status: 'FAILED', info: 'Stopped by publisher stop' });
        await gone(victim, 'doomed');
        await viewer.goesOn('demo');
        await viewer.close();
        const metrics = await victim.metrics();
        assert.equal(metrics.sluice_pulls, 0);
        assert.ok(metrics.sluice_pulls_started_total > 0 && metrics.sluice_pull_failures_total > 0);
    });
});
