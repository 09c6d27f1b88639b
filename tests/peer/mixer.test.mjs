// SPDX-License-Identifier: GPL-3.0-or-later
// Many streams made one: names that join, who hears whom, who is shown where, what REST orders, and
// what becomes of it when a process dies (rooms-mixers-diagnostics.md 2).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { call, event, pictures } from './lib/bare.mjs';
import { Browser, text } from './lib/browser.mjs';
import { BARE, EXAMPLES, startPages } from './lib/pages.mjs';
import { readPng, writePng } from './lib/png.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { BLACK, BLUE, css, GREEN, hears, init, isNear, loudness, RED, sees } from './lib/studio.mjs';
import { slowness, until } from './lib/wait.mjs';

const ANNA_HZ = 500, BERT_HZ = 1300;
const IDLE_MS = 1500;
const CONFIG = { mixer_video_width: 640, mixer_video_height: 360, mixer_video_fps: 15,
    mixer_video_bitrate_kbps: 800, mixer_idle_timeout: IDLE_MS, demo_stream: true, mixers_max: 3,
    log_level: 'DEBUG' };

let server, browser, pages, page, admin;
let number = 0;

async function post(what, body = {}, method = 'POST') {
    const response = await fetch(`${server.http}/rest-api/${what}`, { method,
        body: method === 'GET' ? undefined : JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' } });
    const answer = await response.text();
    return { status: response.status, body: answer ? JSON.parse(answer) : null };
}

const status = async (what, body, method) => (await post(what, body, method)).status;

// A page with a session and the tools to measure.
async function open(options = {}) {
    const opened = await browser.page(pages.url + BARE, server, { init: init() });
    assert.equal(await call(opened, 'connect', server.ws, options), 'ESTABLISHED');
    return opened;
}

// Publishes one colour and tone; the event that ended the start.
async function publish(where, name, colour, hz, size = {}) {
    const label = `p${++number}`;
    await where.evaluate(([key, form]) => {
        window.cameras = window.cameras ?? {};
        window.cameras[key] = window.studio.source(form);
    }, [label, { colour: css(colour), hz, ...size }]);
    return { label, ...await call(where, 'publishCamera', label, name, label, {}) };
}

// Plays into an element that `selector` finds.
async function play(where, name) {
    const label = `v${++number}`;
    const answer = await call(where, 'play', label, name, {});
    assert.equal(answer.status, 'PLAYING', answer.info);
    await where.evaluate((key) => {
        window.sluice.video(key).setAttribute('data-label', key);
    }, label);
    return { label, selector: `video[data-label=${label}]` };
}

const stop = (where, { label }) => call(where, 'stop', label);

async function end(uri) {
    await post('mixer/terminate', { uri });
}

async function gone(name) {
    await until(`${name} is gone`, async () =>
        await status('stream/find', { name }) === 404);
}

async function snapshot(streamName) {
    const { status: code, body } = await post('stream/snapshot', { streamName });
    assert.equal(code, 200);
    return readPng(body.data);
}

// Processes of the server that do this.
function codecPids(what) {
    return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
        try {
            const parent = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1];
            return Number(parent) === server.pid &&
                fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(what);
        } catch {
            return false; // it has ended
        }
    }).map(Number);
}

// Seconds of a core that the server and its processes have had.
function cpu() {
    return [server.pid, ...codecPids('')].reduce((sum, pid) => {
        const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
        return sum + (Number(fields[11]) + Number(fields[12])) / 100;
    }, 0);
}

describe('mixers', () => {
    before(async () => {
        const port = await freePorts(1);
        [server, browser, pages] = await Promise.all([
            Server.start({ ...CONFIG, 'cli.port': port }), Browser.open(), startPages()]);
        page = await open();
        admin = new SshUser({ port, password: fs.readFileSync(
            path.join(server.stateDir, 'admin-password'), 'utf8').trim() });
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('MIX-1 MIX-2 MIX-9 two who join by name see both, and each hears the other alone', async () => {
        const anna = await publish(page, 'anna#r', RED, ANNA_HZ);
        assert.equal(anna.status, 'PUBLISHING', anna.info);
        const all = await play(page, 'r'), annas = await play(page, 'r-annar');
        await sees(page, all.selector, [[0.5, 0.5, RED], [0.05, 0.5, RED]]);
        await hears(page, all.selector, [ANNA_HZ], [BERT_HZ]);
        const bert = await publish(page, 'bert#r', BLUE, BERT_HZ);
        assert.equal(bert.status, 'PUBLISHING', bert.info);
        const berts = await play(page, 'r-bertr');
        // two columns of 320 x 360, 8 free around each: 304 x 170 of 16:9 in the middle
        const points = [[0.25, 0.5, RED], [0.75, 0.5, BLUE], [0.5, 0.5, BLACK], [0.25, 0.1, BLACK],
            [0.03, 0.5, RED], [0.97, 0.5, BLUE], [0.25, 0.3, RED], [0.25, 0.7, RED]];
        for (const { selector } of [all, annas, berts])
            await sees(page, selector, points);
        await hears(page, all.selector, [ANNA_HZ, BERT_HZ], [900]);
        await hears(page, annas.selector, [BERT_HZ], [ANNA_HZ]);
        await hears(page, berts.selector, [ANNA_HZ], [BERT_HZ]);

        // MIX-16: how loud, and whether at all
        const [before] = await loudness(page, all.selector, [ANNA_HZ]);
        const set = (body) => status('mixer/setAudioVideo', { uri: 'mixer://r', ...body });
        assert.equal(await set({ streams: ['anna#r'], audioLevel: 50 }), 200);
        await until('half as loud', async () => {
            const [now] = await loudness(page, all.selector, [ANNA_HZ]);
            return Math.abs(before - now - 6) <= 1 || Promise.reject(new Error(`${before} ${now}`));
        });
        assert.equal(await set({ streams: '^ann.*', audioLevel: 0, videoMuted: true }), 200);
        await sees(page, all.selector, [[0.5, 0.5, BLUE], [0.03, 0.1, BLUE]]);
        await hears(page, all.selector, [BERT_HZ], [ANNA_HZ]);
        assert.equal(await set({ streams: 'nobody.*', audioLevel: 0 }), 404);

        // one leaves: the others play on
        await stop(page, anna);
        await event(page, annas.label, 'its own stream ends', (e) => e.status === 'FAILED');
        await pictures(page, all.label, 15);
        await pictures(page, berts.label, 15);
        // MIX-18: empty for less than the timeout, and then for longer
        await stop(page, bert);
        const again = await publish(page, 'anna#r', GREEN, ANNA_HZ);
        await sees(page, all.selector, [[0.5, 0.5, GREEN]]);
        await hears(page, all.selector, [ANNA_HZ], [BERT_HZ]);
        await stop(page, again);
        const last = await event(page, all.label, 'the mixer ends', (e) => e.status === 'FAILED');
        assert.equal(last.info, 'Stopped by publisher stop');
        await gone('r');
        assert.equal(await status('mixer/find_all'), 404);
    });

    test('the back end hears of a mixer\'s stream as of a client\'s', async () => {
        const backend = await Backend.start(), endpoint = backend.endpoint('defaultApp');
        const own = await startWithApps({ defaultApp: { url: endpoint.url,
            methods: ['StreamStatusEvent'] } });
        try {
            for (const [what, wanted] of [['startup', 'PUBLISHING'], ['terminate', 'UNPUBLISHED']]) {
                const response = await fetch(`${own.http}/rest-api/mixer/${what}`, { method: 'POST',
                    body: JSON.stringify({ uri: 'mixer://h', localStreamName: 'heard' }) });
                assert.equal(response.status, 200);
                const { body } = await endpoint.next('StreamStatusEvent');
                assert.deepEqual([body.name, body.status, body.sessionId, body.appKey, body.published],
                    ['heard', wanted, null, 'defaultApp', true]);
                assert.ok(body.nodeId && body.mediaSessionId);
            }
        } finally {
            await own.stop();
            await backend.stop();
        }
    });

    test('MIX-6 MIX-7 MIX-8 names that cannot be', async () => {
        for (const name of ['a#b#c', '#r', 'a#', 'a#b/c']) {
            const refused = await publish(page, name, RED, 0);
            assert.deepEqual([refused.status, refused.info], ['FAILED', 'Restricted access'], name);
        }
        const plain = await publish(page, 'taken', RED, 0);
        const refused = await publish(page, 'a#taken', RED, 0);
        assert.equal(refused.info, 'Stream name is already in use');
        await stop(page, plain);
        // an input's own stream is in no list while nobody plays it, but found by its name
        const inputs = [];
        for (const mixer of ['m1', 'm2', 'm3'])
            inputs.push(await publish(page, `a#${mixer}`, RED, 0));
        assert.ok(inputs.every((input) => input.status === 'PUBLISHING'));
        assert.equal(await status('stream/find', { name: 'm1-am1' }), 200);
        assert.ok(!(await post('stream/find_all')).body.some((row) => row.name === 'm1-am1'));
        assert.equal((await publish(page, 'm1', RED, 0)).info, 'Stream name is already in use');
        assert.equal((await publish(page, 'm1-am1', RED, 0)).info, 'Stream name is already in use');
        assert.equal((await publish(page, 'a#m4', RED, 0)).info, 'No available transcoders');
        inputs.push(await publish(page, 'b#m1', RED, 0));
        assert.equal(inputs.at(-1).status, 'PUBLISHING');
        assert.equal((await publish(page, 'c#m1', RED, 0)).info, 'No available transcoders');
        for (const input of inputs)
            await stop(page, input);
        for (const mixer of ['m1', 'm2', 'm3'])
            await end(`mixer://${mixer}`);
        const other = await open({ appKey: 'roomApp' }); // an application that mixes nothing
        assert.equal((await publish(other, 'a#r', RED, 0)).status, 'PUBLISHING');
        assert.equal(await status('stream/find', { name: 'r' }), 404);
        await other.context().close();
    });

    test('a mixer is listed as a stream of the application of the first who is in it', async () => {
        const row = async (name) => (await post('stream/find_all')).body
            .find((stream) => stream.name === name);
        const uri = 'mixer://l', add = (remoteStreamName) => status('mixer/add', { uri, remoteStreamName });
        const other = await open({ appKey: 'roomApp' });
        assert.equal((await publish(other, 'elsewhere', RED, 0)).status, 'PUBLISHING');
        assert.equal(await status('mixer/startup', { uri, localStreamName: 'listed' }), 200);
        const { published, sessionId, mediaProvider, appKey } = await row('listed');
        assert.deepEqual({ published, sessionId, mediaProvider, appKey }, { published: true,
            sessionId: null, mediaProvider: 'WebRTC', appKey: 'defaultApp' });
        assert.equal(await add('elsewhere'), 200);
        assert.equal(await add('demo'), 200);
        assert.equal((await row('listed')).appKey, 'roomApp');
        assert.equal(await status('mixer/startup', { uri: 'mixer://outer', localStreamName: 'outer' }),
            200);
        assert.equal(await status('mixer/add', { uri: 'mixer://outer', remoteStreamName: 'listed' }),
            200);
        assert.equal((await row('outer')).appKey, 'roomApp');
        assert.equal(await status('mixer/remove', { uri, remoteStreamName: 'elsewhere' }), 200);
        assert.equal((await row('listed')).appKey, 'defaultApp');
        await end('mixer://outer');
        await end(uri);
        await other.context().close();
    });

    test('MIX-24 files are drawn beneath and over the inputs, and nothing else is fetched', async () => {
        const media = path.join(server.stateDir, 'media');
        fs.mkdirSync(media, { recursive: true });
        const write = (name, bytes) => fs.writeFileSync(path.join(media, name), bytes);
        write('text.png', 'no picture');
        write('large.png', writePng(2000, 1200, [...RED, 255]));
        write('cut.png', writePng(64, 64, [...RED, 255]).subarray(0, 60));
        write('under.png', writePng(32, 18, [...GREEN, 255]));
        write('over.png', writePng(64, 36, [...BLUE, 255]));
        fs.writeFileSync(path.join(server.stateDir, 'outside.png'), writePng(8, 8, [...RED, 255]));
        fs.symlinkSync('../outside.png', path.join(media, 'link.png'));
        const start = (more) => status('mixer/startup', { uri: 'mixer://p', localStreamName: 'p', ...more });
        for (const field of ['background', 'watermark']) {
            for (const name of ['../outside.png', 'http://127.0.0.1/x.png', '/etc/passwd', '.x.png',
                'text.png', 'large.png'])
                assert.equal(await start({ [field]: name }), 400, name);
            for (const name of ['none.png', 'link.png'])
                assert.equal(await start({ [field]: name }), 404, name);
        }
        assert.equal(await status('mixer/find_all'), 404);
        // one that shows only to a decoder that it is damaged
        assert.equal(await start({ watermark: 'cut.png' }), 200);
        assert.ok(isNear((await snapshot('p')).at(0.5, 0.5), BLACK));
        await server.waitForLog(/mixer: its watermark is not drawn: the file is damaged/);
        await end('mixer://p');
        // empty: its background alone; then an input of 4:3 in the middle of it
        assert.equal(await start({ background: 'under.png', watermark: 'over.png' }), 200);
        const viewer = await play(page, 'p');
        const points = [[0.05, 0.5, GREEN], [0.95, 0.5, GREEN], [0.05, 0.05, BLUE], [0.05, 0.15, GREEN],
            [0.12, 0.05, GREEN]];
        await sees(page, viewer.selector, [...points, [0.5, 0.5, GREEN]]);
        const camera = await publish(page, 'p1', RED, 0, { width: 320, height: 240 });
        assert.equal(await status('mixer/add', { uri: 'mixer://p', remoteStreamName: 'p1' }), 200);
        await sees(page, viewer.selector, [...points, [0.5, 0.5, RED], [0.14, 0.5, RED]]);
        for (const pid of codecPids('pictures')) // the next one is given them, too
            process.kill(pid, 'SIGKILL');
        await pictures(page, viewer.label, 15);
        await sees(page, viewer.selector, [...points, [0.5, 0.5, RED]]);
        await stop(page, camera);
        await end('mixer://p');
    });

    test('what changes nothing is said', async () => {
        assert.equal(await status('mixer/startup', { uri: 'mixer://p', localStreamName: 'p',
            mixerRealtime: 'false', mixerVoiceActivity: true }), 200);
        await server.waitForLog(/mixer p: without effect: mixerRealtime, mixerVoiceActivity/);
        const set = (more) => status('mixer/set_parameter', { uri: 'mixer://p', ...more });
        assert.equal(await set({ mixerDesktopAlign: 'LEFT', mixerDesktopAlignment: 'LEFT' }), 400);
        assert.equal((await post('mixer/find_all')).body[0].mixerDesktopAlign, 'TOP');
        assert.equal(await set({ mixerDisplayStreamName: true }), 200);
        await server.waitForLog(/mixer p: without effect: mixerDisplayStreamName/);
        await end('mixer://p');
    });

    test('the mixer\'s page: two join, see both and hear each other, and choose the layout', async () => {
        const join = async (name, colour, hz) => {
            const client = await browser.page(`${server.http}/mixer?name=page`, undefined,
                { init: init({ camera: { colour: css(colour), hz } }) });
            await client.fill('#your-name', name);
            await client.click('#join');
            await text(client, '#publish-status', 'On air');
            await text(client, '#play-status', 'Playing');
            return client;
        };
        const anna = await join('anna', RED, ANNA_HZ), bert = await join('bert', BLUE, BERT_HZ);
        const video = '#remote video';
        for (const client of [anna, bert]) {
            await text(client, '#people', '2 people');
            await sees(client, video, [[0.25, 0.5, RED], [0.75, 0.5, BLUE], [0.5, 0.5, BLACK]]);
        }
        await hears(anna, video, [BERT_HZ], [ANNA_HZ]);
        await hears(bert, video, [ANNA_HZ], [BERT_HZ]);

        await anna.click('#mute-audio');
        await until('bert hears silence', async () => (await loudness(bert, video, [ANNA_HZ]))[0] < -80);
        await anna.click('#mute-audio');
        await hears(bert, video, [ANNA_HZ], [BERT_HZ]);

        await anna.selectOption('#layout', 'tight');
        await sees(bert, video, [[0.49, 0.5, RED], [0.51, 0.5, BLUE]]);
        await anna.selectOption('#layout', 'large');
        await anna.selectOption('#leader', { label: 'bert' });
        await sees(bert, video, [[0.5, 0.4, BLUE], [0.5, 0.9, RED]]);
        await until('the other page says so too', async () =>
            await bert.inputValue('#layout') === 'large' &&
            await bert.inputValue('#leader') === 'bert#page');
        await anna.selectOption('#layout', 'inset');
        await sees(bert, video, [[0.5, 0.5, BLUE], [0.9, 0.9, RED], [0.5, 0.95, BLUE]]);
        if (process.env.SLUICE_SHOTS)
            await anna.screenshot({ path: path.join(process.env.SLUICE_SHOTS, 'mixer.png'), fullPage: true });
        await anna.selectOption('#layout', 'grid');
        await sees(bert, video, [[0.25, 0.5, RED], [0.75, 0.5, BLUE], [0.5, 0.5, BLACK]]);

        // who may not arrange it is told so, and mixes on
        await bert.route('**/rest-api/mixer/*', (route) => route.fulfill({ status: 401, body: '{}' }));
        await until('the layout is out of reach', () => bert.isVisible('#sign-in'));
        assert.equal(await bert.isVisible('#layout-form'), false);
        await anna.click('#join');
        await text(anna, '#publish-status', 'Not publishing');
        await text(anna, '#play-status', 'Not playing');
        assert.equal(await anna.isVisible('#layout-panel'), false);
        await sees(bert, video, [[0.5, 0.5, BLUE], [0.25, 0.5, BLUE]]);
        for (const client of [anna, bert]) {
            assert.deepEqual(client.faults, []);
            await client.context().close();
        }
        await gone('page');
    });

    test('MIX-14 MIX-15 MIX-19 MIX-26 what REST makes, fills, refuses and ends', async () => {
        const uri = 'mixer://m', start = (more) => status('mixer/startup', { uri,
            localStreamName: 'out', ...more });
        assert.equal(await status('mixer/find_all', {}, 'GET'), 404);
        assert.equal(await start({ mixerVideoWidth: 320, mixerVideoHeight: 180 }), 200);
        assert.equal(await start(), 409);
        assert.equal(await status('mixer/startup', { uri: 'mixer://x', localStreamName: 'demo' }), 409);
        const add = (name, to = uri) => status('mixer/add', { uri: to, remoteStreamName: name });
        const camera = await publish(page, 'stream1', GREEN, ANNA_HZ);
        assert.equal(await add('stream1'), 200);
        assert.equal(await add('stream1'), 409);
        assert.equal(await add('demo'), 200);
        assert.equal(await add('nobody'), 404);
        assert.equal(await add('out'), 409);
        assert.equal(await add('out-demo'), 409);
        assert.equal(await status('mixer/startup', { uri: 'mixer://n', localStreamName: 'outer' }), 200);
        assert.equal(await add('out', 'mixer://n'), 200);
        assert.equal(await add('outer'), 409);
        const viewer = await play(page, 'out');
        await pictures(page, viewer.label, 10);
        const { body } = await post('mixer/find_all', {}, 'GET');
        const row = body.find((item) => item.uri === uri);
        assert.deepEqual({ ...row, localMediaSessionId: '', mediaSessions: 0, inputs: 0 }, {
            localMediaSessionId: '', remoteMediaSessionId: null, localStreamName: 'out',
            remoteStreamName: null, uri, status: 'PROCESSED_LOCAL', hasAudio: true, hasVideo: true,
            record: false, mediaSessions: 0, inputs: 0, mixerVideoWidth: 320, mixerVideoHeight: 180,
            mixerVideoFps: 15, mixerVideoBitrateKbps: 800, mixerIdleTimeout: IDLE_MS,
            mixerMcuAudio: true, mixerUseCenterNoPaddingLayout: false,
            mixerVideoLayoutDesktopKeyWord: 'desktop,-screen', mixerVideoDesktopFullscreen: false,
            mixerDesktopAlign: 'TOP', audioMixerOutputCodec: 'opus',
            audioMixerOutputSampleRate: 48000 });
        assert.deepEqual(row.inputs.map((input) => input.localStreamName), ['stream1', 'demo']);
        assert.deepEqual(row.mediaSessions, row.inputs.map((input) => input.localMediaSessionId));
        const stats = await pictures(page, viewer.label, 1);
        assert.deepEqual([stats.frameWidth, stats.frameHeight], [320, 180]);
        // a snapshot is of what is mixed, and of a mixer of a mixer too
        assert.ok(isNear((await snapshot('out')).at(0.25, 0.5), GREEN));
        assert.ok(isNear((await snapshot('outer')).at(0.25, 0.5), GREEN));
        assert.equal(await status('mixer/remove', { uri, remoteStreamName: 'demo' }), 200);
        assert.equal(await status('mixer/remove', { uri, remoteStreamName: 'demo' }), 404);
        await sees(page, viewer.selector, [[0.5, 0.5, GREEN]]);
        assert.equal(await status('mixer/terminate', { uri }), 200);
        const last = await event(page, viewer.label, 'the mixer ends', (e) => e.status === 'FAILED');
        assert.equal(last.info, 'Stopped by publisher stop');
        const still = await play(page, 'stream1');
        await pictures(page, still.label, 10);
        await stop(page, still);
        await stop(page, camera);
        await end('mixer://n');
        assert.equal(await status('mixer/terminate', { uri }), 404);
        assert.equal(await status('mixer/find_all'), 404);
    });

    test('REST-53 a stream is injected in another\'s place, and its players come back', async () => {
        const inject = (what, localStreamName, remoteStreamName) =>
            status(`stream/inject/${what}`, { localStreamName, remoteStreamName });
        const own = await publish(page, 'own', RED, ANNA_HZ), ad = await publish(page, 'ad', BLUE, BERT_HZ);
        const viewer = await play(page, 'own');
        await sees(page, viewer.selector, [[0.5, 0.5, RED]]);
        assert.equal(await status('stream/inject/find_all'), 404);
        assert.equal(await inject('startup', 'own', 'nobody'), 404);
        assert.equal(await inject('startup', 'own', 'own'), 409);
        assert.equal(await status('stream/inject/startup', { localStreamName: 'own' }), 400);
        assert.equal(await inject('startup', 'own', 'ad'), 200);
        assert.equal(await inject('startup', 'own', 'ad'), 409);
        assert.equal(await inject('startup', 'ad', 'own'), 409, 'a circle');
        assert.deepEqual((await post('stream/inject/find_all')).body,
            [{ localStreamName: 'own', remoteStreamName: 'ad' }]);
        await sees(page, viewer.selector, [[0.5, 0.5, BLUE]]);
        await hears(page, viewer.selector, [BERT_HZ], [ANNA_HZ]);
        const late = await play(page, 'own'); // who comes now sees it too
        await sees(page, late.selector, [[0.5, 0.5, BLUE]]);
        assert.equal(await inject('terminate', 'own'), 200);
        assert.equal(await inject('terminate', 'own'), 404);
        for (const { selector } of [viewer, late]) {
            await sees(page, selector, [[0.5, 0.5, RED]]);
            await hears(page, selector, [ANNA_HZ], [BERT_HZ]);
        }
        // the end of the source is the end of it; and of the target, too
        assert.equal(await inject('startup', 'own', 'ad'), 200);
        await sees(page, viewer.selector, [[0.5, 0.5, BLUE]]);
        await stop(page, ad);
        await sees(page, viewer.selector, [[0.5, 0.5, RED]]);
        assert.equal(await status('stream/inject/find_all'), 404);
        const again = await publish(page, 'ad', BLUE, BERT_HZ);
        assert.equal(await inject('startup', 'own', 'ad'), 200);
        await stop(page, own);
        assert.equal((await event(page, viewer.label, 'its stream ends', (e) => e.status === 'FAILED'))
            .info, 'Stopped by publisher stop');
        assert.equal(await status('stream/inject/find_all'), 404);
        await stop(page, again);
    });

    test('CLI-21 the console and the metrics tell of a mixer, and the former ends it', async () => {
        const camera = await publish(page, 'cam#cli', GREEN, ANNA_HZ);
        const viewer = await play(page, 'cli');
        await pictures(page, viewer.label, 15);
        const run = async (command) => {
            const { code, out } = await admin.run(command);
            assert.equal(code, 0, out);
            return out;
        };
        assert.match(await run('show mixers'), /mixer:\/\/cli +cli +PROCESSED_LOCAL +1 +1 +15/);
        assert.match(await run('show mixer mixer://cli'), /cam#cli .*true +true +100 +false/);
        const metrics = await server.metrics();
        assert.deepEqual([metrics.sluice_mixers, metrics.sluice_mixer_inputs], [1, 1]);
        assert.ok(metrics.sluice_mixer_picture_seconds_count > 15);
        await run('kill mixer mixer://cli');
        await event(page, viewer.label, 'the mixer ends', (e) => e.status === 'FAILED');
        await stop(page, camera);
    });

    test('MIX-10 MIX-11 one that leads is shown large, another shape stays as it is', async () => {
        // of two, the first leads, though nobody saw it come
        const first = await publish(page, 'z-screen#led', BLUE, 0);
        const second = await publish(page, 'a-screen#led', GREEN, 0);
        const led = await play(page, 'led');
        await sees(page, led.selector, [[0.5, 0.4, BLUE], [0.5, 0.9, GREEN]]);
        await stop(page, first);
        await sees(page, led.selector, [[0.5, 0.4, GREEN]]);
        await stop(page, second);
        await end('mixer://led');

        const screen = await publish(page, 'x-screen#wide', BLUE, 0, { width: 640, height: 360 });
        const camera = await publish(page, 'x-camera#wide', RED, ANNA_HZ, { width: 240, height: 320 });
        const viewer = await play(page, 'wide');
        // the screen: 16:9 in 640 x 288; the camera: 3:4 in 640 x 72, 54 wide in the middle
        await sees(page, viewer.selector, [[0.5, 0.4, BLUE], [0.12, 0.4, BLUE], [0.05, 0.4, BLACK],
            [0.5, 0.9, RED], [0.47, 0.9, RED], [0.44, 0.9, BLACK], [0.56, 0.9, BLACK]]);
        assert.equal(await status('mixer/set_parameter', { uri: 'mixer://wide',
            mixerVideoDesktopFullscreen: 'true' }), 200);
        await sees(page, viewer.selector, [[0.5, 0.5, BLUE], [0.02, 0.98, BLUE], [0.9, 0.9, RED],
            [0.82, 0.9, BLUE]]);
        await stop(page, screen);
        await sees(page, viewer.selector, [[0.5, 0.5, RED], [0.2, 0.5, BLACK]]);
        await stop(page, camera);
        await end('mixer://wide');
    });

    test('a codec process is killed: within a second there are pictures and sound again', async (t) => {
        const anna = await publish(page, 'anna#k', RED, ANNA_HZ);
        t.after(async () => { // those that follow find nothing of it
            await stop(page, anna);
            await end('mixer://k');
        });
        const viewer = await play(page, 'k');
        await hears(page, viewer.selector, [ANNA_HZ], []);
        for (const what of ['pictures', 'sound']) {
            await pictures(page, viewer.label, 15);
            const before = await pictures(page, viewer.label, 1);
            for (const pid of codecPids(what))
                process.kill(pid, 'SIGKILL');
            const killed = Date.now();
            await until('pictures come again', async () => {
                const now = await pictures(page, viewer.label, 1);
                return now.framesDecoded > before.framesDecoded + 3;
            });
            const took = Date.now() - killed;
            assert.ok(took < 1000 * slowness, `${what}: ${took} ms`);
            await hears(page, viewer.selector, [ANNA_HZ], [BERT_HZ]);
        }
        await sees(page, viewer.selector, [[0.5, 0.5, RED]]);
    });

    test('an input that codec processes die of goes, and the mixer goes on', async () => {
        const anna = await publish(page, 'anna#q', RED, ANNA_HZ);
        const viewer = await play(page, 'q');
        await sees(page, viewer.selector, [[0.5, 0.5, RED]]);
        // 176 x 112 makes the decoder of a build with tests write where it must not.
        const bad = await publish(page, 'bad#q', BLUE, 0, { width: 176, height: 112 });
        assert.equal(bad.status, 'PUBLISHING', bad.info);
        await server.waitForLog(/mixer: goes on without "bad#q"/, 20_000);
        await sees(page, viewer.selector, [[0.5, 0.5, RED], [0.25, 0.5, RED]]);
        await hears(page, viewer.selector, [ANNA_HZ], []);
        assert.equal((await publish(page, 'bad#q', BLUE, 0)).info, 'Stream name is already in use');
        await stop(page, bad);
        assert.equal((await publish(page, 'bad#q', BLUE, 0)).info, 'No available transcoders');
        await stop(page, anna);
        await end('mixer://q');
    });

    test('MIX-23 what nobody takes costs nothing, and the first player has a picture soon', async () => {
        const inputs = [];
        for (const name of ['a', 'b', 'c', 'd'])
            inputs.push(await publish(page, `${name}#idle`, GREEN, 0));
        const cost = async () => {
            const before = cpu(), at = Date.now();
            await new Promise((resolve) => setTimeout(resolve, 3000));
            return (cpu() - before) / (Date.now() - at) * 1000;
        };
        const mixed = await cost();
        await end('mixer://idle');
        const plain = await cost();
        assert.ok(mixed - plain < 0.03, `${mixed} and ${plain} of a core`);
        for (const input of inputs)
            assert.equal((await call(page, 'events', input.label)).at(-1).status, 'PUBLISHING');
        await post('mixer/startup', { uri: 'mixer://idle', localStreamName: 'idle' });
        await post('mixer/add', { uri: 'mixer://idle', remoteStreamName: 'a#idle' });
        const at = Date.now();
        const png = await snapshot('idle'); // decoded, mixed, encoded and decoded again
        assert.ok(Date.now() - at < 2000, `${Date.now() - at} ms`);
        assert.ok(isNear(png.at(0.5, 0.5), GREEN));
        for (const input of inputs)
            await stop(page, input);
        await end('mixer://idle');
    });

    test('MIX-27 mixers come and go a thousand times, and nothing stays', async () => {
        const memory = () => Number(/VmRSS:\s+(\d+)/.exec(
            fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
        const round = async (n) => {
            const uri = `mixer://n${n}`;
            assert.equal(await status('mixer/startup', { uri, localStreamName: `n${n}` }), 200);
            assert.equal(await status('mixer/add', { uri, remoteStreamName: 'demo' }), 200);
            if (n % 2)
                assert.equal(await status('mixer/remove', { uri, remoteStreamName: 'demo' }), 200);
            assert.equal(await status('mixer/terminate', { uri }), 200);
        };
        for (let n = 0; n < 100; n++)
            await round(n);
        const before = memory();
        for (let n = 100; n < 1100; n++)
            await round(n);
        assert.ok(memory() - before < 8192, `${memory() - before} KiB`);
        assert.equal(await status('mixer/find_all'), 404);
        const { body } = await post('stream/find_all');
        assert.deepEqual(body.map((stream) => stream.name), ['demo']);
        await until('no job is left but the demo\'s', async () => {
            const answer = await (await fetch(`${server.http}/api/v1/codec-processes`)).json();
            const jobs = answer['codec-processes'].reduce((sum, row) => sum + row.jobs, 0);
            return jobs === 1 || Promise.reject(new Error(JSON.stringify(answer)));
        });
    });

    test('MIX-4 mcu_client: two join, each sees both and hears the other, one leaves', async () => {
        const join = async (login, colour, hz) => {
            const client = await browser.page(`${pages.url}${EXAMPLES}/mcu_client/mcu_client.html`,
                server, { init: init({ camera: { colour: css(colour), hz } }) });
            await client.fill('#url', server.ws);
            await client.fill('#login', login);
            await client.fill('#room', 'hall');
            await client.click('#joinBtn');
            await text(client, '#status', 'PLAYING');
            return client;
        };
        const anna = await join('anna', RED, ANNA_HZ), bert = await join('bert', BLUE, BERT_HZ);
        const video = '#remoteVideo video', points = [[0.25, 0.5, RED], [0.75, 0.5, BLUE]];
        for (const client of [anna, bert])
            await sees(client, video, points);
        await hears(anna, video, [BERT_HZ], [ANNA_HZ]);
        await hears(bert, video, [ANNA_HZ], [BERT_HZ]);
        await anna.click('#joinBtn');
        await text(anna, '#joinBtn', 'Join');
        await sees(bert, video, [[0.5, 0.5, BLUE], [0.25, 0.5, BLUE]]);
        await text(bert, '#status', 'PLAYING');
        for (const client of [anna, bert]) {
            assert.deepEqual(client.faults, []);
            await client.context().close();
        }
        await gone('hall');
    });

    test('MIX-5 screen-camera-mixer: the screen large and the camera in the strip', async (t) => {
        const whole = await Browser.open({ whole: true }); // the page asks which browser it is
        t.after(() => whole.close());
        const client = await whole.page(
            `${pages.url}${EXAMPLES}/screen-camera-mixer/screen-camera-mixer.html`, server,
            { init: init({ camera: { colour: css(RED), hz: ANNA_HZ },
                screen: { colour: css(BLUE) } }) });
        await client.fill('#url', `${server.ws}/desk`);
        await client.check('#useMixer');
        await client.click('#connectBtn');
        await text(client, '#cameraStatus', 'ESTABLISHED');
        await client.click('#publishBtn');
        await text(client, '#screenStatus', 'PUBLISHING');
        await text(client, '#cameraStatus', 'PUBLISHING');
        const viewer = await play(page, 'mixer');
        await sees(page, viewer.selector, [[0.5, 0.4, BLUE], [0.5, 0.9, RED], [0.2, 0.4, BLUE]]);
        await hears(page, viewer.selector, [ANNA_HZ], [BERT_HZ]);
        assert.deepEqual(client.faults, []);
        await client.context().close();
        await gone('mixer');
    });
});
