// SPDX-License-Identifier: GPL-3.0-or-later
// `make test-long`: what mixers must hold for longer than a moment (rooms-mixers-diagnostics.md 2):
// rates, delay and lips, more work than the machine has time for, and their outputs as any stream.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { call, event, open as openBare, pictures } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { pulled, rest, startPull, streams } from './lib/nodes.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Relay } from './lib/relay.mjs';
import { RtmpServer, skewsOf } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { css, GREEN, hears, init, RED, sees } from './lib/studio.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

const HZ = 700, FPS = 15, LIPS_MS = 80, DELAY_MS = 300;
const CONFIG = { mixer_video_width: 640, mixer_video_height: 360, mixer_video_fps: FPS,
    mixer_use_center_no_padding_layout: true, record_free_min_mb: 0 };

let server, browser, pages, page;
let number = 0;

const post = async (where, body) => (await rest(server, `/${where}`, body)).status;

async function publish(name, make, options = {}) {
    const label = `p${++number}`;
    await page.evaluate(([key, how, form]) => {
        window.cameras = window.cameras ?? {};
        window.cameras[key] = window.studio[how](form);
    }, [label, make.how, make.form]);
    const published = await call(page, 'publishCamera', label, name, label, options);
    assert.equal(published.status, 'PUBLISHING', published.info);
    return label;
}
const camera = (colour, hz = 0) => ({ how: 'source', form: { colour: css(colour), hz } });
const beats = { how: 'beats', form: { width: 320, height: 360 } }; // a cell of two is filled
const freeze = (label) => page.evaluate((key) => window.cameras[key].stop(), label);
const stop = (label) => call(page, 'stop', label);

async function play(name) {
    const label = `v${++number}`;
    const answer = await call(page, 'play', label, name, {});
    assert.equal(answer.status, 'PLAYING', answer.info);
    await page.evaluate((key) => {
        window.sluice.video(key).setAttribute('data-label', key);
    }, label);
    return { label, selector: `video[data-label=${label}]` };
}

async function end(name, ...labels) {
    for (const label of labels)
        await stop(label);
    await post('mixer/terminate', { uri: `mixer://${name}` });
}

const made = async () => {
    const metrics = await server.metrics();
    return metrics.sluice_mixer_picture_seconds_count + metrics.sluice_mixer_ticks_missed_total;
};

// The process that composes and encodes.
function picturePids() {
    return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
        try {
            const parent = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1];
            return Number(parent) === server.pid &&
                fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pictures');
        } catch {
            return false; // it has ended
        }
    }).map(Number);
}

describe('mixers for longer', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([Server.start(CONFIG), Browser.open(),
            startPages()]);
        page = await browser.page(pages.url + BARE, server, { init: init() });
        assert.equal(await call(page, 'connect', server.ws), 'ESTABLISHED');
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('MIX-12 an input that stands still does not slow the others', async () => {
        const inputs = [await publish('a#still', camera(RED, HZ)),
            await publish('b#still', camera(GREEN))];
        const viewer = await play('still');
        await sees(page, viewer.selector, [[0.25, 0.5, RED], [0.75, 0.5, GREEN]]);
        await freeze(inputs[1]);
        const before = await made(), began = Date.now();
        await pause(30_000);
        const fps = (await made() - before) * 1000 / (Date.now() - began);
        assert.ok(Math.abs(fps - FPS) <= FPS / 10, `${fps} pictures a second`);
        await pictures(page, viewer.label, 15);
        await hears(page, viewer.selector, [HZ], []);
        await end('still', viewer.label, ...inputs);
    });

    test('MIX-13 lips stay together, and a mixer adds little delay, at 3 % of losses', async () => {
        const relays = await Promise.all([1, 2].map(() => Relay.start(server.mediaPort, 'loss 3')));
        const inputs = [];
        for (const [i, relay] of relays.entries())
            inputs.push(await publish(`${'ab'[i]}#lips`, beats, { relayPort: relay.port }));
        const [direct, mixed] = [await play('a#lips'), await play('lips')];
        const [{ mediaSessionId }] = await streams(server, { name: 'lips', published: true });
        assert.equal(await post('recorder/startup', { mediaSessionId,
            config: { fileTemplate: 'lips' } }), 200);
        await pictures(page, mixed.label, 30);
        const [there, here] = await page.evaluate((selectors) => window.studio.flashes(
            selectors.map((one) => document.querySelector(one)), 30_000),
        [direct.selector, mixed.selector]);
        assert.ok(there.length >= 20 && here.length >= 20, `${there.length} ${here.length} flashes`);
        const added = here.map((time) => there.map((other) => time - other)
            .reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best), Infinity))
            .filter((one) => Math.abs(one) < 500).sort((a, b) => a - b);
        const most = added[Math.floor(added.length * 0.95)];
        assert.ok(most <= DELAY_MS * slowness, `${most} ms: ${added.map(Math.round)}`);
        assert.equal(await post('recorder/terminate', { mediaSessionId }), 200);
        const directory = path.join(server.stateDir, 'records');
        const file = await until('the file is whole', () =>
            fs.readdirSync(directory).find((name) => /^lips.*\.mp4$/.test(name)));
        const flv = path.join(server.stateDir, 'lips.flv');
        execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', path.join(directory, file), '-c', 'copy', flv]);
        const skews = (await skewsOf(flv)).sort((a, b) => a - b);
        assert.ok(skews.length >= 20, `${skews.length} beeps with a flash`);
        const within = skews.filter((skew) => Math.abs(skew) <= LIPS_MS).length;
        assert.ok(within >= skews.length * 0.95, skews.map(Math.round).join());
        await end('lips', direct.label, mixed.label, ...inputs);
        await Promise.all(relays.map((relay) => relay.stop()));
    });

    test('MIX-17 parameters at startup are of that mixer alone', async () => {
        const KBPS = 400;
        const started = await post('mixer/startup', { uri: 'mixer://small', localStreamName: 'small',
            mixerVideoWidth: 320, mixerVideoHeight: 180, mixerVideoFps: 10,
            mixerVideoBitrateKbps: KBPS });
        assert.equal(started, 200);
        assert.equal(await post('mixer/startup', { uri: 'mixer://usual', localStreamName: 'usual' }), 200);
        // noise: as much as there is room for
        const label = await publish('noise', { how: 'noise', form: {} });
        for (const name of ['small', 'usual'])
            assert.equal(await post('mixer/add', { uri: `mixer://${name}`, remoteStreamName: 'noise' }),
                200);
        const { body } = await rest(server, '/mixer/find_all');
        const row = (name) => body.find((one) => one.localStreamName === name);
        assert.deepEqual([row('small').mixerVideoWidth, row('small').mixerVideoFps,
            row('small').mixerVideoBitrateKbps], [320, 10, KBPS]);
        assert.deepEqual([row('usual').mixerVideoWidth, row('usual').mixerVideoFps], [640, FPS]);
        const small = await play('small'), usual = await play('usual');
        const size = await pictures(page, small.label, 20), other = await pictures(page, usual.label, 20);
        assert.deepEqual([size.frameWidth, size.frameHeight], [320, 180]);
        assert.deepEqual([other.frameWidth, other.frameHeight], [640, 360]);
        await stop(usual.label); // the machine has time for one
        const before = await pictures(page, small.label, 1), began = Date.now(), first = await made();
        await pause(10_000);
        const now = await pictures(page, small.label, 1), s = (Date.now() - began) / 1000;
        const fps = (await made() - first) / s;
        const kbps = (now.bytesReceived - before.bytesReceived) * 8 / 1000 / s;
        assert.ok(Math.abs(kbps - KBPS) <= KBPS / 5, `${kbps} kbit/s`);
        assert.ok(Math.abs(fps - 10) <= 1, `${fps} pictures a second`);
        await end('small', small.label, label);
        await end('usual');
    });

    test('MIX-20 a mixer of PCMA is heard without transcoding', async () => {
        assert.equal(await post('mixer/startup', { uri: 'mixer://phone', localStreamName: 'phone',
            audioMixerOutputCodec: 'pcma', audioMixerOutputSampleRate: 8000 }), 200);
        const label = await publish('speaker', camera(GREEN, HZ));
        assert.equal(await post('mixer/add', { uri: 'mixer://phone', remoteStreamName: 'speaker' }), 200);
        const viewer = await play('phone');
        await hears(page, viewer.selector, [HZ], []);
        const [{ audioCodec }] = await streams(server, { name: 'phone', published: true });
        assert.match(audioCodec, /pcma|alaw/i);
        const variants = await (await fetch(`${server.http}/api/v1/variants`)).json();
        assert.deepEqual(variants.variants.filter(({ stream }) => stream === 'phone'), []);
        await end('phone', viewer.label, label);
    });

    test('MIX-22 more than there is time for: fewer pictures, the sound whole, others as before',
        async () => {
            const input = await publish('a#busy', camera(RED, HZ)), plain = await publish('plain', camera(GREEN, HZ));
            const mixed = await play('busy'), other = await play('plain');
            await sees(page, mixed.selector, [[0.5, 0.5, RED]]);
            const lines = () => server.lines.filter((line) => /pictures a second, as the machine can/.test(line));
            const began = lines().length, [pid, ...more] = picturePids();
            const rate = async () => {
                const first = await pictures(page, other.label, 1), at = Date.now();
                await pause(2000);
                return ((await pictures(page, other.label, 1)).framesDecoded - first.framesDecoded) *
                    1000 / (Date.now() - at);
            };
            const usual = await rate();
            let starving = true;
            const starve = (async () => {
                while (starving) {
                    for (const one of [pid, ...more])
                        process.kill(one, 'SIGSTOP');
                    await pause(450);
                    for (const one of [pid, ...more])
                        process.kill(one, 'SIGCONT');
                    await pause(50);
                }
            })();
            try {
                await until('it makes fewer', () => lines().length > began, { timeout: 20_000 });
                await hears(page, mixed.selector, [HZ], []);
                const during = await rate();
                assert.ok(during > usual * 0.8, `${usual} -> ${during} pictures of another stream`);
            } finally {
                starving = false;
                await starve;
            }
            await pictures(page, mixed.label, 10);
            await end('busy', mixed.label, other.label, input, plain);
        });

    test('MIX-25 an output is pushed, recorded and pulled as any stream', async () => {
        const other = await Server.start(), rtmp = await RtmpServer.start();
        const input = await publish('a#out', camera(RED, HZ));
        const [{ mediaSessionId }] = await streams(server, { name: 'out', published: true });
        assert.equal(await post('recorder/startup', { mediaSessionId,
            config: { fileTemplate: 'mixed' } }), 200);
        assert.equal(await post('push/startup', { streamName: 'out', rtmpUrl: `${rtmp.url}/live` }), 200);
        await rtmp.publication();
        await startPull(other, server, 'out');
        await pulled(other, 'out');
        const far = await openBare(browser, pages, other);
        const answer = await call(far, 'play', 'far', 'out', {});
        assert.equal(answer.status, 'PLAYING', answer.info);
        await pictures(far, 'far', 30);
        assert.equal(await post('recorder/terminate', { mediaSessionId }), 200);
        await until('the file is whole', () => fs.readdirSync(path.join(server.stateDir, 'records'))
            .find((name) => /^mixed.*\.mp4$/.test(name)));
        await end('out', input);
        await event(far, 'far', 'it ends there too', (e) => e.status === 'FAILED');
        await Promise.all([other.stop(), rtmp.stop()]);
    });
});
