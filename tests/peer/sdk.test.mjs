// SPDX-License-Identifier: GPL-3.0-or-later
// The official SDK in a page of its own: what the example apps do not show. See pages/bare.js for
// the functions that the tests call in the page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SMALL, call, event, open as openPage, pictures, play, publish, publishCamera, sound, stats,
    stop } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { slowness, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

let server, browser, pages;
let page; // one page whose session 'main' most tests use

function open(options) {
    return openPage(browser, pages, server, options);
}

describe('official SDK', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ inbound_video_rate_stat_send_interval: 1,
                outbound_video_rate_stat_send_interval: 1 }),
            Browser.open(), startPages(),
        ]);
        page = await open();
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('WS-8 session.status() says ESTABLISHED, over wss too', async () => {
        assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED');
        const secure = await open({ url: server.wss });
        assert.equal(await call(secure, 'sessionStatus'), 'ESTABLISHED');
        await secure.context().close();
    });

    test('WS-15 a refused connection: WARN with the reason, then DISCONNECTED', async () => {
        const status = await call(page, 'connect', server.ws, { appKey: 'noSuchApp' }, 'refused');
        assert.equal(status, 'DISCONNECTED');
        const events = await call(page, 'sessionEvents', 'refused');
        assert.deepEqual(events.map((e) => e.status), ['WARN', 'DISCONNECTED']);
        assert.equal(events[0].info.info, 'Application not found');
    });

    test('WS-23 WS-48 audio only: published and played without video', async () => {
        const { label, name } = await publish(page, { constraints: { audio: true, video: false } });
        const player = await play(page, name);
        await sound(page, player);
        assert.ok(!(await stats(page, player, 'in', 'video'))?.framesDecoded);
        await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-23 video only: published and played without audio', async () => {
        const { label, name } = await publish(page, { constraints: { audio: false,
            video: { width: 320, height: 240 } } });
        const player = await play(page, name);
        await pictures(page, player);
        assert.ok(!(await stats(page, player, 'in', 'audio'))?.packetsReceived);
        await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-48 a player that wants only audio, or only video, of a stream with both', async () => {
        const { label, name } = await publish(page);
        const ears = await play(page, name, { constraints: { audio: true, video: false } });
        const eyes = await play(page, name, { constraints: { audio: false, video: true } });
        await Promise.all([sound(page, ears), pictures(page, eyes)]);
        assert.equal(await stats(page, ears, 'in', 'video'), undefined);
        assert.equal(await stats(page, eyes, 'in', 'audio'), undefined);
        for (const player of [ears, eyes])
            await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-32 stripCodecs H264 publishes VP8, and it plays', async () => {
        const { label, name } = await publish(page, { constraints: SMALL, stripCodecs: 'H264' });
        const sent = await pictures(page, label, 10, 'out');
        assert.equal(sent.codec, 'video/VP8');
        const player = await play(page, name);
        const seen = await pictures(page, player);
        assert.deepEqual([seen.codec, seen.frameWidth, seen.frameHeight], ['video/VP8', 320, 240]);
        await sound(page, player);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('No common codecs: a player without any that could be made fails', async () => {
        const { label, name } = await publish(page, { constraints: { audio: false, video: true } });
        const player = await call(page, 'play', 'no-codec', name, { stripCodecs: 'H264,VP8' });
        assert.equal(player.status, 'FAILED');
        assert.equal(player.info, 'No common codecs');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-33 minBitrate and maxBitrate: the answer is accepted and the bitrate is kept', async () => {
        const { label } = await publish(page, { constraints: { audio: false,
            video: { width: 640, height: 480, minBitrate: 300, maxBitrate: 500 } } });
        await pictures(page, label, 60, 'out');
        const from = await stats(page, label, 'out', 'video');
        const at = Date.now();
        await pictures(page, label, 90, 'out');
        const to = await stats(page, label, 'out', 'video');
        const kbps = (to.bytesSent - from.bytesSent) * 8 / (Date.now() - at);
        assert.ok(kbps < 650, `${kbps.toFixed()} kbit/s of at most 500`);
        await stop(page, label, 'UNPUBLISHED');
    });

    // Publishes a picture of noise until `settled` says yes to the rates so far, in kbit/s, one for
    // each `count` pictures; returns them.
    async function climb(t, { size: [width, height], video = {}, count }, settled) {
        const { label } = await publishCamera(page, width, height, { noise: true, video });
        const rates = [];
        let before = await pictures(page, label, 30, 'out');
        let at = Date.now();
        await until('the bitrate climbs no more', async () => {
            const now = await pictures(page, label, count, 'out');
            rates.push(Math.round((now.bytesSent - before.bytesSent) * 8 / (Date.now() - at)));
            [before, at] = [now, Date.now()];
            if (settled(rates))
                return true;
            throw new Error(`${rates} kbit/s`);
        }, { timeout: 30_000 });
        t.diagnostic(`kbit/s: ${rates}, ${before.frameWidth}x${before.frameHeight}`);
        await stop(page, label, 'UNPUBLISHED');
        return rates;
    }

    test('a publisher with much to say climbs to its maxBitrate and stays below it', async (t) => {
        const maxBitrate = 1500;
        const rates = await climb(t, { size: [640, 480], video: { maxBitrate }, count: 60 },
            (sofar) => sofar.at(-1) >= 0.75 * maxBitrate);
        assert.ok(Math.max(...rates) < 1.2 * maxBitrate, `${rates} kbit/s`);
    });

    test('a publisher that asks for no bitrate sends what Chromium does by itself', async (t) => {
        const rates = await climb(t, { size: [640, 360], count: 45 },
            (sofar) => sofar.length >= 3 && sofar.at(-1) <= 1.08 * sofar.at(-2));
        assert.ok(rates.at(-1) < 1.25 * 1700, `${rates} kbit/s`); // its own bound of this size
    });

    test('WS-70 transport TCP: media flows over TCP for publisher and player', async () => {
        const { label, name } = await publish(page, { constraints: SMALL, transport: 'TCP' });
        const player = await play(page, name, { transport: 'TCP' });
        await Promise.all([pictures(page, player), sound(page, player)]);
        assert.equal((await call(page, 'stats', player)).protocol, 'tcp');
        await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-59 WS-60 muteAudio reaches the players, and those who join later', async () => {
        const { label, name } = await publish(page);
        const player = await play(page, name);
        const late = (what) => (e) => e.status === 'EVENT' && e.type === what;
        await call(page, 'call', label, 'muteAudio');
        const muted = await event(page, player, 'audioMuted', late('audioMuted'));
        assert.equal(muted.mediaSessionId, await call(page, 'call', player, 'id'));
        const joined = await play(page, name);
        assert.equal((await call(page, 'audioState', joined)).muted, true);
        await call(page, 'call', label, 'unmuteAudio');
        await call(page, 'call', label, 'muteVideo');
        await call(page, 'call', label, 'unmuteVideo');
        await event(page, player, 'videoUnmuted', late('videoUnmuted'));
        assert.deepEqual((await call(page, 'events', player))
            .filter((e) => e.status === 'EVENT' && e.type !== 'resize').map((e) => e.type),
        ['audioMuted', 'audioUnmuted', 'videoMuted', 'videoUnmuted']);
        assert.deepEqual((await call(page, 'events', label)).filter((e) => e.status === 'EVENT'), []);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-61 stream.sendData reaches every player, unchanged and in order', async () => {
        const { label, name } = await publish(page);
        const players = [await play(page, name), await play(page, name)];
        const payloads = [{ count: 23 }, 'text', [1, null, { deep: ['ü', '\u{1F600}'] }], 5, true,
            'a\u0000b', { '\u0000': ['\u0000'] }, [0.1, 1e21, 12345678901234567890, -1e-7, 5e-324],
            { b: 1, a: { z: [], y: {} } }, { text: 'x'.repeat(17_000) }, 7,
            'ü'.repeat(32_767), // 64 KiB as JSON
            Array.from({ length: 8_000 }, (_, i) => i), 'the last'];
        for (const payload of payloads)
            await call(page, 'call', label, 'sendData', payload);
        for (const player of players) {
            const got = await until('all payloads', async () => {
                const data = (await call(page, 'events', player)).filter((e) => e.type === 'data');
                return data.length >= payloads.length && data;
            });
            assert.deepEqual(got.map((e) => e.payload), payloads);
            assert.equal(JSON.stringify(got.map((e) => e.payload)), JSON.stringify(payloads));
        }
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-61 what is too large to be passed on is refused, counted and told', async () => {
        const { label, name } = await publish(page);
        const player = await play(page, name);
        const before = await server.metrics();
        await call(page, 'call', label, 'sendData', 'x'.repeat(65_535));
        await call(page, 'call', label, 'sendData', 'small');
        await event(page, player, 'data', (e) => e.payload === 'small');
        const counted = 'sluice_ws_refused_total{reason="size"}';
        assert.equal((await server.metrics())[counted], before[counted] + 1);
        await server.waitForLog(/ warn .*stream event refused, 1 of late: Stream event is too large/);
        assert.equal(await call(page, 'sessionStatus'), 'ESTABLISHED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-62 session.sendData resolves', async () => {
        assert.equal(await call(page, 'sendSessionData', { any: ['thing'] }), 'ACCEPTED');
    });

    test('WS-56 available() resolves for a live name and rejects otherwise', async () => {
        const { label, name } = await publish(page);
        assert.equal(await call(page, 'available', name), 'available');
        await stop(page, label, 'UNPUBLISHED');
        assert.equal(await call(page, 'available', name), 'Stream not found');
    });

    test('WS-46 the picture size is told to players, again when it changes', async () => {
        await call(page, 'canvasCamera', 'sizes', 320, 240);
        const label = 'resizing';
        const started = await call(page, 'publishCamera', label, 'sdk-resizing', 'sizes');
        assert.equal(started.status, 'PUBLISHING', started.info);
        const player = await play(page, 'sdk-resizing');
        for (const [width, height] of [[320, 240], [640, 480], [176, 144]]) {
            await call(page, 'resizeCamera', 'sizes', width, height);
            const streamer = { streamerVideoWidth: width, streamerVideoHeight: height };
            await event(page, player, `resize event ${width}x${height}`, (e) => e.type === 'resize' &&
                JSON.stringify(e.payload) === JSON.stringify(streamer));
            await event(page, player, `RESIZE ${width}x${height}`, (e) => e.status === 'RESIZE' &&
                e.info.width === width && e.info.height === height);
            await until(`the picture is ${width}x${height}`, async () => {
                const { frameWidth, frameHeight } = await stats(page, player, 'in', 'video');
                return frameWidth === width && frameHeight === height;
            });
        }
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-57 WS-58 rates come once a second and fit the real bit rate', async () => {
        const { label, name } = await publish(page, { constraints: { audio: true,
            video: { width: 640, height: 480 } } });
        const player = await play(page, name);
        // the SDK compares the server's figure with its own, both smoothed
        for (const who of [player, label]) {
            const quality = await until(`five rates for ${who}`, async () => {
                const list = (await call(page, 'events', who)).filter((e) => e.status === 'QUALITY');
                return list.length >= 5 && list;
            });
            const { client, server: told } = quality.at(-1);
            assert.ok(Math.abs(client - told) / client < 0.2, `${told} told, ${client} real`);
        }
        await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-57 inboundVideoRate and outboundVideoRate have the eight fields', async () => {
        const frames = [];
        const watched = await browser.page(pages.url + BARE, server);
        watched.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
            const message = JSON.parse(payload);
            if (/VideoRate$/.test(message.message))
                frames.push({ at: Date.now(), ...message });
        }));
        assert.equal(await call(watched, 'connect', server.ws), 'ESTABLISHED');
        const { label, name, event: { id } } = await publish(watched);
        const player = await play(watched, name);
        for (const message of ['inboundVideoRate', 'outboundVideoRate']) {
            const list = await until(`four ${message}`, () => {
                const found = frames.filter((f) => f.message === message);
                return found.length >= 4 && found;
            });
            assert.deepEqual(Object.keys(list[0].data[0]).sort(), ['fps', 'height', 'lostPackets',
                'mediaSessionId', 'nack', 'pli', 'videoRate', 'width']);
            const last = list.at(-1).data[0];
            assert.deepEqual([last.width, last.height], [320, 240]);
            assert.ok(last.fps > 0 && last.videoRate > 0);
            assert.equal(last.mediaSessionId === id, message === 'inboundVideoRate');
            const interval = (list.at(-1).at - list[0].at) / (list.length - 1);
            assert.ok(Math.abs(interval - 1000) < 200 * slowness, `every ${interval} ms`);
        }
        await stop(watched, player, 'STOPPED');
        await stop(watched, label, 'UNPUBLISHED');
        await watched.context().close();
    });

    test('WS-51 the publisher\'s page is closed: players get FAILED at once', async () => {
        const other = await open();
        const { name } = await publish(other);
        const player = await play(page, name);
        await pictures(page, player, 5);
        const start = Date.now();
        await other.context().close();
        const end = await call(page, 'end', player);
        assert.deepEqual([end.status, end.info], ['FAILED', 'Stopped by publisher stop']);
        assert.ok(Date.now() - start < 2_000 * slowness, `${Date.now() - start} ms`);
        const again = await call(page, 'publish', 'again', name, { constraints: SMALL });
        assert.equal(again.status, 'PUBLISHING', again.info);
        await stop(page, 'again', 'UNPUBLISHED');
    });

    test('WS-51 WS-75 the publisher\'s browser is killed: players get FAILED, the name is free', async () => {
        const doomed = await Browser.open();
        try {
            const victim = await doomed.page(pages.url + BARE, server);
            assert.equal(await call(victim, 'connect', server.ws), 'ESTABLISHED');
            const { name } = await publish(victim);
            const player = await play(page, name);
            await pictures(page, player, 5);
            const start = Date.now();
            doomed.kill();
            const end = await call(page, 'end', player);
            assert.deepEqual([end.status, end.info], ['FAILED', 'Stopped by publisher stop']);
            assert.ok(Date.now() - start < 3_000 * slowness, `${Date.now() - start} ms`);
            assert.equal(await call(page, 'available', name), 'Stream not found');
        } finally {
            await doomed.close();
        }
    });

    test('WS-47 a player is killed: the publisher and the other player go on', async () => {
        const { label, name } = await publish(page);
        const stays = await play(page, name);
        const other = await open();
        const goes = await play(other, name);
        await pictures(other, goes, 5);
        await other.context().close();
        await pictures(page, stays, 30);
        await stop(page, stays, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-69 one session publishes one and plays five, and nothing is mixed up', async () => {
        const { label, name } = await publish(page);
        const players = [];
        for (let i = 0; i < 5; i++)
            players.push(await play(page, name));
        await Promise.all(players.map((player) => pictures(page, player, 20)));
        await Promise.all(players.map((player) => sound(page, player)));
        await stop(page, players[2], 'STOPPED');
        await Promise.all(players.filter((_, i) => i !== 2).map((player) => pictures(page, player, 10)));
        assert.equal((await call(page, 'events', players[0])).filter((e) => e.status === 'STOPPED').length, 0);
        await stop(page, label, 'UNPUBLISHED');
        for (const player of players.filter((_, i) => i !== 2))
            assert.equal((await call(page, 'end', player)).status, 'FAILED');
    });

    test('WS-53 stop() before PUBLISHING ends with UNPUBLISHED', async () => {
        const end = await page.evaluate(async (constraints) => {
            const started = window.sluice.publish('hurried', 'sdk-hurried', { constraints });
            const stopped = window.sluice.stop('hurried');
            await started;
            return stopped;
        }, SMALL);
        // while still NEW (no camera yet) the SDK itself says FAILED and sends nothing
        assert.match(end.status, /^(UNPUBLISHED|FAILED)$/);
        assert.equal(await call(page, 'available', 'sdk-hurried'), 'Stream not found');
    });

    test('WS-54 every stop ends with UNPUBLISHED, although DTLS closes first', async () => {
        for (let i = 0; i < 10; i++) {
            const { label } = await publish(page);
            await stop(page, label, 'UNPUBLISHED');
        }
    });

    test('WS-42 a player hears of codec, answer, PLAYING and size in this order', async () => {
        const { label, name } = await publish(page);
        const order = [];
        const watched = await browser.page(pages.url + BARE, server);
        watched.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
            const { message, data } = JSON.parse(payload);
            if (!/^(ping|getUserData|getVersion|outboundVideoRate)$/.test(message))
                order.push({ message, data });
        }));
        assert.equal(await call(watched, 'connect', server.ws), 'ESTABLISHED');
        const player = await play(watched, name);
        await until('the size', () => order.some((m) => m.message === 'notifyStreamEvent'));
        const id = await call(watched, 'call', player, 'id');
        assert.deepEqual(order.slice(0, 4).map((m) => m.message), ['notifyAudioCodec', 'setRemoteSDP',
            'notifyStreamStatusEvent', 'notifyVideoFormat']);
        assert.deepEqual(order[0].data, [id, { name: 'opus' }]);
        assert.deepEqual(order[3].data, [{ streamerVideoWidth: 320, streamerVideoHeight: 240,
            mediaSessionId: id, status: 'RESIZE' }]);
        const answer = order[1].data[1];
        for (const kind of ['audio', 'video'])
            assert.match(answer, new RegExp(`a=ssrc:\\d+ cname:rtp/${kind}/${id}`), 'WS-45');
        const streams = [...answer.matchAll(/a=msid:(\S+) /g)].map((m) => m[1]);
        assert.ok(new Set(streams).size <= 1, 'WS-45: one msid stream');
        await stop(watched, player, 'STOPPED');
        await watched.context().close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('lip-sync: audio and video are one MediaStream and are played together', async () => {
        const { label, name } = await publish(page);
        const player = await play(page, name);
        await Promise.all([sound(page, player), pictures(page, player, 60)]);
        assert.deepEqual((await call(page, 'element', player)).tracks, ['audio', 'video']);
        let apart; // ms; Chromium brings them together little by little
        await until(() => `they are ${apart} ms apart`, async () => {
            const { in: { audio, video } } = await call(page, 'stats', player);
            apart = audio.estimatedPlayoutTimestamp - video.estimatedPlayoutTimestamp;
            return Math.abs(apart) < 150; // false for NaN: there is none yet
        });
        await stop(page, player, 'STOPPED');
        await stop(page, label, 'UNPUBLISHED');
    });

    test('WS-68 100 sequential publications on one session leave nothing behind', async () => {
        const session = await WcsClient.session(server.ws);
        const before = server.usage();
        const camera = { audio: false, video: { width: 160, height: 120 } };
        const failures = await page.evaluate(async ([constraints, count]) => {
            const failed = [];
            for (let i = 0; i < count; i++) {
                const started = await window.sluice.publish('again', 'sdk-again', { constraints });
                if (started.status !== 'PUBLISHING')
                    failed.push(started);
                else if ((await window.sluice.stop('again')).status !== 'UNPUBLISHED')
                    failed.push('stop');
            }
            return failed;
        }, [camera, 100]);
        assert.deepEqual(failures, []);
        await until('the descriptors are those of before', () => {
            const { fds } = server.usage();
            return fds <= before.fds ? true : Promise.reject(new Error(`${fds} of ${before.fds}`));
        });
        if (slowness === 1)
            assert.ok(server.usage().rssKb - before.rssKb < 8 * 1024,
                `${server.usage().rssKb - before.rssKb} KB more`);
        await session.close();
    });

    test('the page threw nothing and the server is alive', () => {
        // the SDK's own, where a stream ends before its <video> has begun to play
        const known = /^TypeError: Cannot set properties of null \(setting 'muted'\)/;
        assert.deepEqual(page.faults.filter((fault) => !known.test(fault)), []);
        server.assertAlive();
    });
});

describe('official SDK with rtp_bundle=false', () => {
    let plain;
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ rtp_bundle: false }), Browser.open(), startPages()]);
        plain = await open();
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('WS-29 without BUNDLE media still flows', async () => {
        const { label, name } = await publish(plain);
        const player = await play(plain, name);
        await Promise.all([pictures(plain, player), sound(plain, player)]);
        assert.ok((await call(plain, 'stats', player)).transports.length >= 2, 'two transports');
        await stop(plain, player, 'STOPPED');
        await stop(plain, label, 'UNPUBLISHED');
    });

    test('by default no rates are sent', async () => {
        const { label, name } = await publish(plain);
        const player = await play(plain, name);
        await pictures(plain, player, 60);
        assert.deepEqual((await call(plain, 'events', player)).filter((e) => e.status === 'QUALITY'), []);
        await stop(plain, label, 'UNPUBLISHED');
    });
});
