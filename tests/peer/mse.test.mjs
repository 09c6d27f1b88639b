// SPDX-License-Identifier: GPL-3.0-or-later
// Players over a WebSocket of their own (media-outputs.md section 7): the official SDK with its
// media provider MSE in Chromium, and raw media sockets that read as badly as clients can.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { SMALL, call, event, open, pictures, play, publish, publishCamera, stop }
    from './lib/bare.mjs';
import { Browser, text } from './lib/browser.mjs';
import { MediaSocket, MSE_OFFER, WSPLAYER_OFFER, wsPlayerUnit } from './lib/media_socket.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { WcsClient } from './lib/wcs.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

const MSE = { mediaProvider: 'MSE' };
const STALL_MS = 15_000; // of the server's patience

let server, browser, pages, page;

// What a video element has decoded: pictures, and the loudest sample of half a second.
function decoded(where, selector) {
    return where.evaluate(async (which) => {
        const video = which.startsWith('#') ? document.querySelector(`${which} video`)
            : window.sluice.video(which);
        if (!video)
            return null;
        const seen = { frames: video.webkitDecodedFrameCount, time: video.currentTime,
            width: video.videoWidth, height: video.videoHeight, loudest: 0 };
        const tracks = video.captureStream().getAudioTracks();
        if (tracks.length > 0) {
            const context = new AudioContext();
            const analyser = context.createAnalyser();
            analyser.fftSize = 32768; // longer than the beep's pause is not needed
            context.createMediaStreamSource(new MediaStream(tracks)).connect(analyser);
            await new Promise((resolve) => setTimeout(resolve, 1200));
            const samples = new Float32Array(analyser.fftSize);
            analyser.getFloatTimeDomainData(samples);
            seen.loudest = Math.max(...samples.map(Math.abs));
            await context.close();
        }
        return seen;
    }, selector);
}

// Waits until it shows and sounds, and goes on.
async function assertShows(where, selector, { video = true, audio = true, size } = {}) {
    let first;
    return until(`${selector} shows and sounds`, async () => {
        const now = await decoded(where, selector);
        first ??= now;
        const good = now && now.time > first.time + 1 &&
            (!video || now.frames > first.frames + 10) && (!audio || now.loudest > 0.01) &&
            (!size || (now.width === size[0] && now.height === size[1]));
        if (good)
            return now;
        throw new Error(JSON.stringify({ first, now }));
    });
}

async function metric(name) {
    const page = await (await fetch(`${server.http}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(page)?.[1]);
}

async function sockets() {
    return await metric('sluice_mse_sockets_total') - await metric('sluice_mse_sockets_closed_total');
}

async function player(name) {
    const response = await fetch(`${server.http}/rest-api/stream/find`, {
        method: 'POST', body: JSON.stringify({ name, published: false }),
        headers: { 'Content-Type': 'application/json' } });
    return (await response.json())[0];
}

// A raw playback in a session: {id, media}.
async function watch(client, name,
    { provider = 'MSE', offer = MSE_OFFER, url = server.ws, ...options } = {}) {
    const id = client.play(name, offer, { mediaProvider: provider });
    await client.next('setRemoteSDP', (data) => data === id);
    const media = await MediaSocket.open(url, client.userData.authToken, options);
    await client.status(id, 'PLAYING');
    return { id, media };
}

function assertOneClock(units) {
    for (const kind of ['audio', 'video']) {
        const times = units.filter((unit) => unit.kind === kind).map(({ ms }) => ms);
        times.forEach((ms, i) => assert.ok(i === 0 || ms >= times[i - 1], `${kind}: ${times[i - 1]}, ${ms}`));
    }
}

// Every key frame comes behind its configuration, and what follows a gap is one.
function assertKeyframes(units) {
    const video = units.filter(({ kind }) => kind === 'video');
    assert.ok(video[0].config && video[1].keyframe);
    video.forEach((unit, i) => {
        if (unit.keyframe && !unit.config)
            assert.ok(video[i - 1].config && video[i - 1].ms === unit.ms, 'no configuration');
    });
}

describe('MSE and WSPlayer', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ demo_stream: true, outbound_video_rate_stat_send_interval: 1,
                transcoder_idle_ms: 1000 }),
            Browser.open(), startPages(),
        ]);
        page = await open(browser, pages, server);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('MSE-1 the official player shows a publication in its size, and sounds', async () => {
        const { label, name } = await publish(page,
            { constraints: { audio: true, video: { width: 640, height: 480 } } });
        const app = await browser.page(`${pages.url}${EXAMPLES}/player/player.html?mediaProvider=MSE`,
            server);
        await app.fill('#streamName', name);
        await app.click('#playBtn');
        await text(app, '#status', 'PLAYING');
        await assertShows(app, '#remoteVideo', { size: [640, 480] });
        const found = await player(name);
        assert.equal(found.mediaProvider, 'MSE');
        assert.equal(found.audioCodec, 'mpeg4-generic');
        assert.equal(found.videoCodec, 'H264');
        await app.click('#playBtn');
        await text(app, '#status', 'STOPPED');
        assert.deepEqual(app.faults, []);
        await app.context().close();
        await stop(page, label, 'UNPUBLISHED');
    });

    for (const [what, strip] of [['VP8 and opus', 'H264'], ['PCMA', 'opus,PCMU,G722']]) {
        test(`MSE-2 a publication of ${what}`, async () => {
            const { label, name } = await publish(page, { constraints: SMALL, stripCodecs: strip });
            const shown = await play(page, name, MSE);
            await assertShows(page, shown, { size: [320, 240] });
            await stop(page, shown, 'STOPPED');
            await stop(page, label, 'UNPUBLISHED');
        });
    }

    for (const [what, media] of [['sound', { audio: true, video: false }],
        ['pictures', { audio: false, video: SMALL.video }]]) {
        test(`MSE-3 a publication of ${what} only`, async () => {
            const { label, name } = await publish(page, { constraints: media });
            const shown = await play(page, name, MSE);
            await assertShows(page, shown, { audio: media.audio, video: Boolean(media.video) });
            await stop(page, shown, 'STOPPED');
            await stop(page, label, 'UNPUBLISHED');
        });
    }

    test('MSE-4 another size of the publication is shown', async () => {
        const { label, name } = await publishCamera(page, 640, 480, { audio: true });
        const shown = await play(page, name, MSE);
        await assertShows(page, shown, { audio: false, size: [640, 480] });
        await call(page, 'resizeCamera', label, 320, 240);
        await event(page, shown, 'RESIZE', ({ status, info }) => status === 'RESIZE' && info.width === 320);
        await assertShows(page, shown, { audio: false, size: [320, 240] });
        await stop(page, label, 'UNPUBLISHED');
    });

    test('MSE-5 the client hears of no rates', async () => {
        const client = await WcsClient.session(server.wss);
        assert.deepEqual(Object.keys(client.userData).filter((key) => /metrics/i.test(key)), []);
        const { id, media } = await watch(client, 'demo', { url: server.wss });
        const webrtc = await play(page, 'demo');
        await event(page, webrtc, 'a rate was told to others', ({ status }) => status === 'QUALITY');
        await media.wait('three seconds of pictures', (units) =>
            units.filter(({ kind }) => kind === 'video').length > 75);
        assert.deepEqual(client.about(id).map(({ message }) => message)
            .filter((name) => /VideoRate/.test(name)), []);
        await stop(page, webrtc, 'STOPPED');
        await client.close();
    });

    test('MSE-6 two streams in one session, each with its own picture', async () => {
        const one = await publishCamera(page, 320, 240, { audio: true });
        const two = await publishCamera(page, 640, 480, { audio: true });
        const shown = [await play(page, one.name, MSE), await play(page, two.name, MSE)];
        await assertShows(page, shown[0], { size: [320, 240] });
        await assertShows(page, shown[1], { size: [640, 480] });
        await stop(page, shown[0], 'STOPPED');
        await assertShows(page, shown[1], { size: [640, 480] });
        await stop(page, shown[1], 'STOPPED');
        await stop(page, one.label, 'UNPUBLISHED');
        await stop(page, two.label, 'UNPUBLISHED');
    });

    test('MSE-9 a link of half the rate: gaps, and one clock', async (t) => {
        const { label, name } = await publishCamera(page, 640, 360, { audio: true, noise: true });
        const client = await WcsClient.session(server.ws);
        const { media: whole } = await watch(client, name);
        const { media } = await watch(client, name);
        t.after(async () => {
            media.end();
            whole.end();
            await client.close();
            await stop(page, label, 'UNPUBLISHED');
        });
        await pause(4000); // for the rate
        const drops = await metric('sluice_mse_drops_total');
        // half of what the other one gets now: a busy browser sends less than a while ago
        for (let bytes = whole.bytes, i = 0; i < 20; i++, bytes = whole.bytes) {
            await pause(2000);
            media.throttle((whole.bytes - bytes) / 4);
            if (await metric('sluice_mse_drops_total') > drops + 1)
                break;
        }
        assert.ok(await metric('sluice_mse_drops_total') > drops + 1, 'something was dropped');
        const gone = media.units.length;
        await media.wait('it plays on behind a gap', (units) => units.slice(gone).some((unit, i, list) =>
            i > 0 && unit.kind === 'video' && unit.keyframe));
        assertOneClock(media.units);
        assertKeyframes(media.units);
        // each player's clock is its own, the pictures are the same
        const framesOf = ({ units }) => units.filter(({ kind, config }) => kind === 'video' && !config);
        const places = new Map(framesOf(whole).map(({ body }, i) => [body.toString('latin1'), i]));
        let gaps = 0, last;
        for (const { body, keyframe } of framesOf(media)) {
            const place = places.get(body.toString('latin1'));
            if (last !== undefined && place > last + 1) {
                gaps++;
                assert.ok(keyframe, `no key frame behind a gap of ${place - last - 1}`);
            }
            last = place;
        }
        assert.ok(gaps > 0, 'nothing is missing');
    });

    // One has to wait for the server's patience; the others meanwhile.
    describe('side by side', { concurrency: 2 }, () => {
        test('MSE-10 a link that stalls: the end, and nobody else notices', async (t) => {
            const { label, name } = await publishCamera(page, 640, 360, { audio: true, noise: true });
            const client = await WcsClient.session(server.ws);
            const { id, media } = await watch(client, name);
            t.after(async () => {
                media.end();
                await client.close();
                await stop(page, label, 'UNPUBLISHED');
            });
            const webrtc = await play(page, name);
            media.throttle(0);
            const from = Date.now();
            const seen = await pictures(page, webrtc, 1);
            assert.equal((await client.status(id, 'FAILED', STALL_MS + 10_000)).info, 'Failed by error');
            const passed = Date.now() - from;
            assert.ok(passed < (STALL_MS + 5000) * slowness, `${passed} ms`);
            const now = await pictures(page, webrtc, 1);
            assert.ok(now.framesDecoded - seen.framesDecoded > passed / 1000 * 5, 'the other player went on');
        });

        test('MSE-7 a stop closes the socket; a lost socket is the end', async () => {
            const client = await WcsClient.session(server.ws);
            const first = await watch(client, 'demo');
            client.stop('stopStream', first.id, 'demo');
            assert.equal((await client.status(first.id, 'STOPPED')).info, 'Stopped by user');
            assert.equal((await first.media.closed).code, 1000);
            const second = await watch(client, 'demo');
            second.media.end();
            assert.equal((await client.status(second.id, 'FAILED')).info, 'Failed by error');
            const waiting = client.play('demo', MSE_OFFER, { mediaProvider: 'MSE' });
            assert.equal((await client.status(waiting, 'FAILED', 12_000)).info, 'Failed by error');
            await client.close();
        });

        test('MSE-8 a socket that nobody waits for is closed', async () => {
            const client = await WcsClient.session(server.ws);
            const id = client.play('demo', MSE_OFFER, { mediaProvider: 'MSE' });
            await client.next('setRemoteSDP', (data) => data === id);
            const unknown = await MediaSocket.open(server.ws, `${client.userData.authToken}0`);
            const foreign = await MediaSocket.open(server.ws, client.userData.authToken,
                { localAddress: '127.0.0.2' });
            for (const media of [unknown, foreign]) {
                assert.equal((await media.closed).code, 1008);
                assert.equal(media.bytes, 0);
            }
            const media = await MediaSocket.open(server.ws, client.userData.authToken);
            await client.status(id, 'PLAYING');
            const idle = await MediaSocket.open(server.ws, client.userData.authToken);
            media.send({ message: 'ping' });
            await until('a pong', () => media.text === '{"message":"pong"}');
            media.send({ message: 'pong' });
            await media.wait('it plays on', (units) => units.length > 50);
            media.send({ message: 'publishStream', data: [{}] });
            assert.equal((await media.closed).code, 1008);
            assert.equal((await idle.closed).code, 1008, 'nothing is played');
            await client.close();
        });

        test('MSE-12 the back end is asked, by the name of the provider', async () => {
            const backend = await Backend.start();
            const app = backend.endpoint('app1');
            const asking = await startWithApps({ app1: { url: app.url,
                methods: ['connect', 'playStream', 'StreamStatusEvent'] } }, { demo_stream: true });
            app.config({ playStream: { clientExclude: '', restExclude: '', restOnError: 'FAIL',
                restPolicy: 'NOTIFY', restOverwrite: '' } });
            const client = await WcsClient.session(asking.ws, { appKey: app.key });
            const id = client.play('demo', MSE_OFFER, { mediaProvider: 'MSE' });
            assert.equal((await app.next('playStream')).body.mediaProvider, 'MSE');
            const media = await MediaSocket.open(asking.ws, client.userData.authToken);
            await client.status(id, 'PLAYING');
            const told = await app.next('StreamStatusEvent', ({ status }) => status === 'PLAYING');
            assert.equal(told.body.mediaProvider, 'MSE');
            app.on('playStream', 'refuse');
            const refused = client.play('demo', MSE_OFFER, { mediaProvider: 'MSE' });
            await client.next('fail', (data) => data.id === refused);
            media.end();
            await client.close();
            await asking.stop();
            await backend.stop();
        });

        test('MSE-13 a size that is asked for', async () => {
            const { label, name } = await publish(page,
                { constraints: { audio: true, video: { width: 640, height: 480 } } });
            const shown = await play(page, name, { ...MSE, playWidth: 320, playHeight: 240 });
            await assertShows(page, shown, { size: [320, 240] });
            assert.equal((await player(name)).codecImpl, 'libx264');
            await stop(page, shown, 'STOPPED');
            await stop(page, label, 'UNPUBLISHED');
        });
    });

    test('MSE-7 no socket is left of all these', async () => {
        await until('nothing is left', async () => (await sockets()) === 0);
    });

    test('MSE-11 a hundred players share one encoder', async (t) => {
        const clients = [await WcsClient.session(server.ws), await WcsClient.session(server.ws)];
        t.after(() => Promise.all(clients.map((client) => client.close())));
        const all = (await Promise.all(clients.flatMap((client) => Array.from({ length: 50 }, () =>
            watch(client, 'demo'))))).map(({ media }) => media);
        const shared = (media) => new Map(media.units.filter(({ kind, config }) =>
            kind === 'audio' && !config).map(({ ms, body }) => [ms, body.toString('hex')]));
        await Promise.all(all.map((media) => media.wait('a second of sound', (units) =>
            units.filter(({ kind }) => kind === 'audio').length > 60)));
        for (const { units } of all) { // or the SDK's player never begins
            const [sound, picture] = ['audio', 'video'].map((kind) =>
                units.find((unit) => unit.kind === kind && !unit.config).ms);
            assert.ok(sound >= picture && sound - picture < 50, `${sound - picture} ms apart`);
        }
        const last = shared(all.at(-1)), first = shared(all[0]);
        let same = 0;
        for (const [ms, body] of last) {
            if (first.has(ms))
                assert.equal(first.get(ms), body);
            same += first.has(ms);
        }
        assert.ok(same > 20, `${same} of ${last.size} frames are the same`);
        assert.equal(await sockets(), 100);
    });

    test('MSE-14 WSPlayer: clocks and a key frame first, whatever the source\'s rate', async () => {
        const { label, name } = await publish(page,
            { constraints: { audio: true, video: { width: 320, height: 240, frameRate: 15 } } });
        const client = await WcsClient.session(server.ws);
        // beside its playStream, and before it
        const media = await MediaSocket.open(server.ws, client.userData.authToken, { parse: wsPlayerUnit });
        const id = client.play(name, WSPLAYER_OFFER, { mediaProvider: 'WSPlayer' });
        assert.equal((await client.next('notifyAudioCodec')).data[1].name, 'PCMU');
        await client.status(id, 'PLAYING');
        await media.wait('two seconds', (units) => units.filter(({ kind }) => kind === 'audio').length > 100);
        const { units } = media;
        assert.deepEqual(units.slice(0, 3).map(({ kind, keyframe }) => [kind, keyframe]),
            [['sync', false], ['sync', false], ['video', true]]);
        assert.notEqual(units[0].ssrc, units[1].ssrc);
        const audio = units.filter(({ kind }) => kind === 'audio');
        audio.forEach((unit, i) => {
            assert.equal(unit.body.length, 160);
            assert.ok(i === 0 || unit.time - audio[i - 1].time === 160);
        });
        const stream = Buffer.concat(units.filter(({ kind }) => kind === 'video').map(({ body }) => body));
        const probed = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-f', 'mpegvideo', '-i', 'pipe:0',
            '-show_streams', '-count_frames', '-of', 'json'], { input: stream })).streams[0];
        assert.equal(probed.codec_name, 'mpeg1video');
        assert.deepEqual([probed.width, probed.height], [320, 240]);
        assert.ok(['24/1', '25/1', '30/1'].includes(probed.r_frame_rate), probed.r_frame_rate);
        assert.ok(Number(probed.nb_read_frames) > 15);
        client.stop('stopStream', id, name);
        await client.status(id, 'STOPPED');
        await client.close();
        await stop(page, label, 'UNPUBLISHED');
    });

    // A camera whose picture is the time, in sixteen black and white bars of 10 ms.
    async function publishClock() {
        const label = 'clock';
        await page.evaluate((name) => {
            const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
            const context = canvas.getContext('2d');
            const paint = () => {
                const now = Math.floor(Date.now() / 10);
                for (let bit = 0; bit < 16; bit++) {
                    context.fillStyle = now >> bit & 1 ? 'white' : 'black';
                    context.fillRect(bit * 40, 0, 40, 360);
                }
            };
            window.cameras = { ...window.cameras, [name]: window.paintedCamera({ canvas, paint, ms: 10,
                ...window.toneSource(440) }) };
        }, label);
        const event = await call(page, 'publishCamera', label, label, label, { stripCodecs: 'VP8' });
        assert.equal(event.status, 'PUBLISHING', event.info);
        return label;
    }

    // For so long: how old the pictures are that a video element shows, in milliseconds.
    function ages(where, selector, ms) {
        return where.evaluate(async ([which, duration]) => {
            const video = document.querySelector(`${which} video`);
            const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
            const context = canvas.getContext('2d', { willReadFrequently: true });
            const seen = [], until = performance.now() + duration;
            while (performance.now() < until) {
                await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
                context.drawImage(video, 0, 0, 640, 360);
                const now = Math.floor(Date.now() / 10);
                let shown = 0;
                for (let bit = 0; bit < 16; bit++)
                    shown |= (context.getImageData(bit * 40 + 20, 180, 1, 1).data[0] > 127) << bit;
                seen.push((now - shown & 0xffff) * 10);
            }
            return seen;
        }, [selector, ms]);
    }

    test('glass to glass on the official page: less than a second', async () => {
        const name = await publishClock();
        const app = await browser.page(
            `${pages.url}${EXAMPLES}/player/player.html?mediaProvider=MSE`, server);
        await app.fill('#streamName', name);
        await app.click('#playBtn');
        await text(app, '#status', 'PLAYING');
        await until('it shows pictures', async () =>
            (await decoded(app, '#remoteVideo'))?.frames > 40);
        // When the lead is over, the player is a second behind what it has, and that is the last
        // tenth but one; then its times begin to fall back, for seven seconds.
        for (let i = 0; i < 7; i++) {
            const old = (await ages(app, '#remoteVideo', 2000)).sort((a, b) => a - b);
            const median = old[old.length >> 1];
            if (process.env.SLUICE_FIGURES)
                console.log(`${2 * i} s: ${median} ms (${old[0]} to ${old.at(-1)})`);
            assert.ok(old.length > 20, `${old.length} pictures in 2 s`);
            assert.ok(median <= (i < 5 ? 1500 : 1000) * slowness, `${median} ms`);
        }
        await assertShows(app, '#remoteVideo');
        await app.click('#playBtn');
        await text(app, '#status', 'STOPPED');
        assert.deepEqual(app.faults, []);
        await app.context().close();
        await stop(page, name, 'UNPUBLISHED');
    });

    test('a lead is short, and far in front of what follows', async () => {
        const client = await WcsClient.session(server.ws);
        const { media } = await watch(client, 'demo');
        await media.wait('pictures and sound', (units) => units.length > 50);
        const first = media.units.find(({ kind, config }) => kind === 'video' && !config);
        const far = media.lead.filter(({ ms }) => ms < first.ms - 100);
        for (const kind of ['audio', 'video']) {
            const times = far.filter((unit) => unit.kind === kind).map(({ ms }) => ms);
            assert.equal(first.ms - times[0], 4800);
            assert.ok(times.at(-1) - times[0] < 1000, `${kind}: ${times}`);
        }
        assert.ok(media.units.every(({ ms, config }) => config || ms >= first.ms - 25));
        await client.close();
    });
});
