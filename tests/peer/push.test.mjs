// SPDX-License-Identifier: GPL-3.0-or-later
// Streams of a browser with the official SDK on their way to nginx's RTMP module: the REST API of
// pushes, rtmpUrl of the SDK, auto-push, and the official example app. What goes over the wire in
// every detail, and a push of a reserved name (REST-22), is in rtmp.test.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser, text } from './lib/browser.mjs';
import { BARE, EXAMPLES, startPages } from './lib/pages.mjs';
import { makeTone } from './lib/push_probe.mjs';
import { assertMonotonic, lastMs, record, recordingOf, roomForAnother } from './lib/recordings.mjs';
import { Nginx, RtmpServer, loudness, soundOf, streamsOf } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const SMALL = { audio: true, video: { width: 320, height: 240 } };
const FIELDS = ['height', 'mediaSessionId', 'muted', 'options', 'rtmpUrl', 'soundEnabled',
    'streamName', 'width'];
// The made-up microphone beeps for a moment once a second; between beeps there is silence.
const AUDIBLE = 0.01, SILENT = 0.001;

let browser, pages, nginx;
let server; // pushes anywhere, also for clients: client_push_allow
let page; // with a session at it

function call(where, method, ...args) {
    return where.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

async function open(at) {
    const opened = await browser.page(pages.url + BARE, at);
    assert.equal(await call(opened, 'connect', at.ws), 'ESTABLISHED');
    return opened;
}

async function publish(where, name, options = {}) {
    const event = await call(where, 'publish', name, name, { constraints: SMALL, ...options });
    assert.equal(event.status, 'PUBLISHING', event.info);
}

async function unpublish(where, name) {
    assert.equal((await call(where, 'stop', name)).status, 'UNPUBLISHED');
}

// Pictures leave the browser, and go on leaving.
async function assertPublishes(where, label) {
    const sent = async () => (await call(where, 'stats', label)).out.video.framesSent;
    const first = await sent();
    await until(`${label} sends more pictures`, async () => await sent() > first + 20);
}

// {status, text, json}; body undefined: GET.
async function ask(target, body, at = server) {
    const response = await fetch(at.http + target, body === undefined ? {} : {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body) });
    const answer = await response.text();
    return { status: response.status, text: answer,
        json: answer.startsWith('{') || answer.startsWith('[') ? JSON.parse(answer) : undefined };
}
const push = (name, body, at) => ask(`/rest-api/push/${name}`, body, at);

async function startup(streamName, rtmpUrl, more = {}, at = server) {
    const answer = await push('startup', { streamName, rtmpUrl, ...more }, at);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

// A call about a push: 200 and an empty body (REST-5).
async function done(name, mediaSessionId, more = {}) {
    const answer = await push(name, { mediaSessionId, ...more });
    assert.deepEqual([answer.status, answer.text], [200, ''], `${name}: ${answer.text}`);
}

// The push itself, or undefined once there is none.
async function found(mediaSessionId, at = server) {
    const { status, json } = await push('find_all', undefined, at);
    return status === 200 ? json.find((item) => item.mediaSessionId === mediaSessionId) : undefined;
}

function gone(mediaSessionId, at = server) {
    return until('the push is gone', async () => !(await found(mediaSessionId, at)));
}

async function publishing(mediaSessionId, at = server) {
    return until('the push is PUBLISHING', async () => {
        const { json } = await ask('/api/v1/pushes', undefined, at);
        const item = json.pushes.find((one) => one.mediaSessionId === mediaSessionId);
        if (item?.state === 'PUBLISHING')
            return item;
        throw new Error(JSON.stringify(item));
    });
}

// A push of `cam` for one test, and its recording.
async function pushed(t, more = {}) {
    const before = await roomForAnother(nginx, 'rtmp_cam');
    const item = await startup('cam', nginx.url, more);
    t.after(async () => {
        await push('terminate', { mediaSessionId: item.mediaSessionId });
        await gone(item.mediaSessionId);
    });
    return { id: item.mediaSessionId, item, file: await recordingOf(nginx, 'rtmp_cam', before) };
}

before(async () => {
    [server, browser, pages, nginx] = await Promise.all([
        Server.start({ rtmp_transponder_stream_name_prefix: 'rtmp_',
            client_push_allow: '127.0.0.0/8' }),
        Browser.open(), startPages(), Nginx.start()]);
    fs.mkdirSync(path.join(server.stateDir, 'media'));
    await makeTone(path.join(server.stateDir, 'media', 'tone.wav'), { hz: 1000, seconds: 2 });
    page = await open(server);
    await publish(page, 'cam');
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
    await nginx?.stop();
});

describe('the REST API', () => {
    test('REST-24 find and find_all without a push: 404', async () => {
        for (const answer of [await push('find', {}), await push('find_all', {}),
            await push('find_all')])
            assert.equal(answer.status, 404);
        assert.deepEqual((await ask('/api/v1/pushes')).json, { pushes: [], total: 0, offset: 0 });
    });

    test('REST-19 REST-23 startup returns eight fields, the push is found by both of its names',
        async (t) => {
            const { item, id } = await pushed(t);
            assert.deepEqual(Object.keys(item).sort(), FIELDS);
            assert.match(id, /^[0-9a-z]{26}$/);
            assert.deepEqual({ ...item, mediaSessionId: '', width: 0, height: 0 }, {
                mediaSessionId: '', streamName: 'rtmp_cam', rtmpUrl: nginx.url, width: 0, height: 0,
                muted: false, soundEnabled: false, options: {} });
            const { width, height } = await until('the size is known', async () => {
                const now = await found(id);
                return now.width > 0 && now;
            });
            assert.deepEqual([width, height], [320, 240]);
            const filters = [
                [{}, 1], [{ streamName: 'cam' }, 1], [{ streamName: 'rtmp_cam' }, 1],
                [{ rtmpUrl: nginx.url }, 1], [{ streamName: 'cam', rtmpUrl: nginx.url }, 1],
                [{ streamName: null, rtmpUrl: nginx.url }, 1],
                [{ streamName: 'rtmp_rtmp_cam' }, 0], [{ streamName: 'ca' }, 0],
                [{ streamName: 'cam', rtmpUrl: `${nginx.url}/` }, 0],
            ];
            for (const [filter, count] of filters) {
                const { status, json } = await push('find', filter);
                assert.deepEqual([status, count && json.length], count ? [200, 1] : [404, 0],
                    JSON.stringify(filter));
            }
        });

    test('REST-20 REST-21 REST-24 REST-26 what cannot be is refused with its code', async (t) => {
        const { id } = await pushed(t);
        const cam = (more) => ({ streamName: 'cam', rtmpUrl: `${nginx.url}2`, ...more });
        const sound = (soundFile) => cam({ options: { action: 'sound_on', soundFile } });
        const cases = [
            ['startup', { streamName: 'cam', rtmpUrl: nginx.url }, 409],
            ['startup', { streamName: 'nobody', rtmpUrl: nginx.url }, 404],
            ['startup', { streamName: 'cam' }, 400],
            ['startup', { rtmpUrl: nginx.url }, 400],
            ['startup', cam({ rtmpUrl: '' }), 400],
            ['startup', cam({ rtmpUrl: 'http://127.0.0.1/live' }), 400],
            ['startup', cam({ rtmpUrl: 'rtmp://no-such-host.invalid/live' }), 400],
            ['startup', cam({ options: { action: 'dance' } }), 400],
            ['startup', cam({ options: 'mute' }), 400],
            ['startup', sound('none.wav'), 404],
            ['startup', sound('../cert.pem'), 400],
            ['sound_on', { mediaSessionId: id, soundFile: 'none.wav' }, 404],
            ['sound_on', { mediaSessionId: id, soundFile: '../cert.pem' }, 400],
            ['sound_on', { mediaSessionId: id, soundFile: '.hidden.wav' }, 400],
            ...['terminate', 'mute', 'unmute', 'sound_on', 'sound_off'].flatMap((name) => [
                [name, { mediaSessionId: 'nobody' }, 404], [name, {}, 400]]),
        ];
        for (const [name, body, status] of cases) {
            const answer = await push(name, body);
            assert.equal(answer.status, status, `${name} ${JSON.stringify(body)}: ${answer.text}`);
            assert.equal(answer.json.status, status);
        }
        assert.equal((await push('find_all')).json.length, 1);
        const { mediaSessionId } = await startup('cam', `${nginx.url}/other`);
        const ended = await push('terminate', { mediaSessionId });
        assert.ok(ended.status === 200 || ended.status === 404); // nginx may have refused it by then
    });

    test('REST-35 H264 in 320x240 and AAC of 48 kHz arrive in order; the figures tell of it',
        async (t) => {
            const { id, file } = await pushed(t);
            await record(file, 3);
            const { bitrate, target, stream } = await publishing(id);
            assert.ok(bitrate > 10_000, `${bitrate} bit/s`);
            assert.deepEqual([stream, target], ['cam', nginx.url]);
            assert.match((await ask('/?action=stat')).text, /^streams_rtmp_out=1$/m);
            const { streams } = (await ask('/api/v1/streams')).json;
            assert.equal(streams.find(({ name }) => name === 'cam').pushes, 1);
            await done('terminate', id);
            assert.equal(await found(id), undefined);
            const { video, audio } = await streamsOf(file);
            assert.deepEqual([video.codec_name, video.width, video.height], ['h264', 320, 240]);
            assert.deepEqual([audio.codec_name, audio.sample_rate], ['aac', '48000']);
            assertMonotonic(file);
            assert.ok(loudness(await soundOf(file), 0.5, 2.5) > AUDIBLE);
            await assertPublishes(page, 'cam');
        });

    test('REST-25 mute silences this push alone, unmute ends it, each more than once', async (t) => {
        const { id, file } = await pushed(t);
        const loudEnd = await record(file, 2.5);
        for (let i = 0; i < 2; i++)
            await done('mute', id);
        assert.equal((await found(id)).muted, true);
        const quietEnd = await record(file, 3.5);
        for (let i = 0; i < 2; i++)
            await done('unmute', id);
        assert.equal((await found(id)).muted, false);
        const end = await record(file, 3);
        const sound = await soundOf(file);
        const at = (s) => s - sound.startMs / 1000;
        assert.ok(loudness(sound, 0, at(loudEnd)) > AUDIBLE, 'before');
        assert.ok(loudness(sound, at(loudEnd + 1), at(quietEnd)) < SILENT, 'muted');
        assert.ok(loudness(sound, at(quietEnd + 1), at(end)) > AUDIBLE, 'after');
    });

    test('REST-26 REST-27 a file sounds once or in a loop until sound_off, or sound_on without one',
        async (t) => {
            const { id, file } = await pushed(t);
            const enabled = async () => (await found(id)).soundEnabled;
            await done('sound_on', id, { soundFile: 'tone.wav' });
            assert.equal(await enabled(), true);
            await until('the file is over', async () => !(await enabled()));
            for (const off of ['sound_off', 'sound_on']) {
                await done('sound_on', id, { soundFile: 'tone.wav', loop: true });
                const from = lastMs(file) / 1000;
                const to = await record(file, 4.5); // more than twice the file
                assert.equal(await enabled(), true);
                await done(off, id);
                assert.equal(await enabled(), false);
                const sound = await soundOf(file);
                for (let s = from + 1.5; s < to - 0.5; s += 0.5)
                    assert.ok(loudness(sound, s, s + 0.25) > 0.05, `a gap at ${s} of ${from}..${to}`);
            }
        });

    test('REST-28 options mute and sound_on are done at the start and told again', async (t) => {
        const muted = await pushed(t, { options: { action: 'mute' } });
        assert.deepEqual([muted.item.muted, muted.item.options], [true, { action: 'mute' }]);
        await record(muted.file, 2);
        assert.ok(loudness(await soundOf(muted.file), 0, 2) < SILENT);
        await done('terminate', muted.id);
        await gone(muted.id);
        const options = { action: 'sound_on', soundFile: 'tone.wav', loop: true };
        const sound = await pushed(t, { options });
        assert.deepEqual([sound.item.soundEnabled, sound.item.options], [true, options]);
        await record(sound.file, 2);
        assert.ok(loudness(await soundOf(sound.file), 0.5, 2) > 0.05);
    });

    test('REST-32 rtmpTransponderFullUrl and rtmpFlashVersion hold for one request', async (t) => {
        const rtmp = await RtmpServer.start();
        t.after(() => rtmp.stop());
        const said = async (more) => {
            const from = rtmp.connections.length;
            const { mediaSessionId, streamName } = await startup('cam', `${rtmp.url}/app/key?x=1`,
                more);
            const [connect, ...rest] = (await rtmp.publication(from)).commands;
            await done('terminate', mediaSessionId);
            const [name] = rest.find((command) => command.name === 'publish').rest;
            assert.equal(streamName, name);
            return [connect.object.app, name, connect.object.flashVer];
        };
        assert.deepEqual(await said({}), ['app/key', 'rtmp_cam', 'FMLE/3.0']);
        assert.deepEqual(await said({ rtmpTransponderFullUrl: true, rtmpFlashVersion: 'OBS 1' }),
            ['app', 'key?x=1', 'OBS 1']);
    });

    test('REST-33 a password opens the server and is told nowhere; a wrong one ends the push only',
        async (t) => {
            const auth = { mod: 'adobe', user: 'joe', password: 'right-secret' };
            const rtmp = await RtmpServer.start({ auth });
            t.after(() => rtmp.stop());
            const at = (password) => `rtmp://joe:${password}@127.0.0.1:${rtmp.port}/live`;
            const told = [];
            const good = await startup('cam', at(auth.password));
            assert.equal(good.rtmpUrl, at('***'));
            await publishing(good.mediaSessionId);
            for (const answer of [await push('find', { rtmpUrl: at(auth.password) }),
                await push('find_all'), await ask('/api/v1/pushes'), await push('startup',
                    { streamName: 'cam', rtmpUrl: at(auth.password) })])
                told.push(answer.text);
            assert.equal((await push('find', { rtmpUrl: at('***') })).status, 404);
            await done('terminate', good.mediaSessionId);
            const bad = await startup('cam', at('wrong-secret'));
            await gone(bad.mediaSessionId);
            await server.waitForLog(new RegExp(`push="${bad.mediaSessionId}".*refused`));
            for (const where of [...told, JSON.stringify([good, bad]), server.log])
                assert.ok(!/right-secret|wrong-secret/.test(where), where);
            await assertPublishes(page, 'cam');
        });

    test('REST-36 the RTMP server dies: the push is removed, the publisher goes on', async () => {
        const other = await Nginx.start();
        const { mediaSessionId } = await startup('cam', other.url);
        await recordingOf(other, 'rtmp_cam');
        await other.kill();
        fs.rmSync(other.dir, { recursive: true, force: true });
        await gone(mediaSessionId);
        await assertPublishes(page, 'cam');
    });

    test('REST-36 the source stops: the push is removed', async () => {
        await publish(page, 'short');
        const { mediaSessionId } = await startup('short', nginx.url);
        const file = await recordingOf(nginx, 'rtmp_short');
        await record(file, 1);
        await unpublish(page, 'short');
        await gone(mediaSessionId);
        assertMonotonic(file);
    });

    test('REST-35 a VP8 publisher arrives as H264', async () => {
        await publish(page, 'vp8', { stripCodecs: 'h264,H264' });
        const { out } = await call(page, 'stats', 'vp8');
        assert.equal(out.video.codec, 'video/VP8');
        const { mediaSessionId } = await startup('vp8', nginx.url);
        const file = await recordingOf(nginx, 'rtmp_vp8');
        await record(file, 3);
        await done('terminate', mediaSessionId);
        await unpublish(page, 'vp8');
        const { video, audio } = await streamsOf(file);
        assert.deepEqual([video.codec_name, video.width, video.height, audio.codec_name],
            ['h264', 320, 240, 'aac']);
        assertMonotonic(file);
    });
});

describe('rtmpUrl of the SDK', () => {
    test('WS-64 the push begins right after PUBLISHING and ends with the stream', async () => {
        await publish(page, 'mine', { rtmpUrl: nginx.url });
        const item = await until('the push is listed', async () => {
            const { status, json } = await push('find', { streamName: 'mine' });
            return status === 200 && json[0];
        });
        assert.deepEqual([item.streamName, item.rtmpUrl], ['rtmp_mine', nginx.url]);
        const file = await recordingOf(nginx, 'rtmp_mine');
        await record(file, 2);
        await unpublish(page, 'mine');
        await gone(item.mediaSessionId);
        const { video, audio } = await streamsOf(file);
        assert.deepEqual([video.codec_name, audio.codec_name], ['h264', 'aac']);
        assertMonotonic(file);
    });

    test('decision 9: without client_push_allow this machine is refused to clients, the stream lives',
        async (t) => {
            const strict = await Server.start();
            t.after(() => strict.stop());
            const guest = await open(strict);
            const rtmp = await RtmpServer.start();
            t.after(() => rtmp.stop());
            for (const [i, host] of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254'].entries()) {
                await publish(guest, `guest-${i}`, {
                    rtmpUrl: `rtmp://me:client-secret@${host}:${rtmp.port}/live` });
                await strict.waitForLog(new RegExp(`guest-${i}.*is not a public address`));
                assert.equal((await push('find_all', undefined, strict)).status, 404);
                await assertPublishes(guest, `guest-${i}`);
            }
            assert.equal(rtmp.connections.length, 0);
            const operators = await startup('guest-0', `${rtmp.url}/live`, {}, strict);
            await publishing(operators.mediaSessionId, strict);
            assert.ok(!strict.log.includes('client-secret'));
            await guest.context().close();
        });

    test('WS-64 the official example webrtc-as-rtmp-republishing', async () => {
        const app = await browser.page(`${pages.url}${EXAMPLES}/webrtc-as-rtmp-republishing/` +
            'webrtc-as-rtmp-republishing.html', server);
        await app.fill('#rtmpUrl', nginx.url);
        const name = await app.inputValue('#streamName');
        for (let round = 0; round < 2; round++) {
            await app.click('#publishBtn');
            await text(app, '#status', 'PUBLISHING');
            assert.equal(await app.textContent('#player'), `${nginx.url}/rtmp_${name}`);
            const file = await recordingOf(nginx, `rtmp_${name}`, round);
            await record(file, 2);
            await until('the button stops', async () =>
                (await app.textContent('#publishBtn')) === 'Stop');
            await app.click('#publishBtn');
            await text(app, '#status', 'UNPUBLISHED');
            await until('its push is gone', async () =>
                (await push('find', { streamName: name })).status === 404);
            const { video, audio } = await streamsOf(file);
            assert.deepEqual([video.codec_name, audio.codec_name, audio.sample_rate],
                ['h264', 'aac', '48000']);
        }
        assert.deepEqual(app.faults, []);
        await app.context().close();
    });
});

describe('the configuration', () => {
    test('REST-34 CFG-7 CFG-2 auto-push: one push for each stream, by its plain name, again later',
        async (t) => {
            const automatic = await Server.start({ rtmp_push_auto_start: true,
                rtmp_push_auto_start_url: nginx.url });
            t.after(() => automatic.stop());
            const at = await open(automatic);
            const listed = async () => (await ask('/api/v1/pushes', undefined, automatic)).json
                .pushes.map((item) => item.stream).sort().join();
            for (let round = 0; round < 2; round++) {
                const names = ['one', 'two'];
                await Promise.all(names.map((name) => roomForAnother(nginx, name)));
                await Promise.all(names.map((name) => publish(at, name)));
                await until('two pushes', async () => await listed() === 'one,two');
                const { json } = await push('find_all', undefined, automatic);
                assert.deepEqual(json.map((item) => item.streamName).sort(), names);
                await Promise.all(names.map((name) => recordingOf(nginx, name, round)));
                await unpublish(at, 'one');
                await until('only the other is left', async () => await listed() === 'two');
                await unpublish(at, 'two');
                await until('none is left', async () => await listed() === '');
            }
            await at.context().close();
        });

    test('CFG-7 an auto-push that fails leaves the stream alone; CFG-6 the URL gives query and name',
        async (t) => {
            const rtmp = await RtmpServer.start({ refuse: 'publish' });
            t.after(() => rtmp.stop());
            const automatic = await Server.start({ rtmp_push_auto_start: true,
                rtmp_push_auto_start_url: `${rtmp.url}/app/key?x=auto-secret`,
                rtmp_transponder_full_url: true });
            t.after(() => automatic.stop());
            const at = await open(automatic);
            await publish(at, 'one');
            await until('it has asked to publish', () =>
                rtmp.last?.commands.some(({ name }) => name === 'publish'));
            const { commands } = rtmp.last;
            assert.equal(commands[0].object.app, 'app');
            assert.equal(commands.find(({ name }) => name === 'publish').rest[0], 'key?x=auto-secret');
            await until('it is given up', async () =>
                (await push('find_all', undefined, automatic)).status === 404);
            await assertPublishes(at, 'one');
            const slash = await startup('one', `${rtmp.url}/live/?u&p`, {}, automatic);
            assert.equal(slash.streamName, 'one');
            await until('app and tcUrl have the query', () =>
                rtmp.last.commands[0]?.object.app === 'live/?u&p');
            await at.context().close();
        });
});
