// SPDX-License-Identifier: GPL-3.0-or-later
// What the operator has made of streams, and is told of what is made: REST, the consoles, metrics
// (media-outputs.md 2.7, rooms-mixers-diagnostics.md REST-50).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { call, open, pictures, play, publish, publishCamera, sound, stop } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { pulled, startPull } from './lib/nodes.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { Upstream } from './lib/upstream.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

const IDLE_MS = 1000;

let server, browser, pages, page, admin;

async function post(call, body) {
    const response = await fetch(`${server.http}/rest-api/${call}`, { method: 'POST',
        body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
    const answer = await response.text();
    return { status: response.status, body: answer && JSON.parse(answer) };
}

const startup = (uri, remoteStreamName, localStreamName, encoder) =>
    post('transcoder/startup', { uri, remoteStreamName, localStreamName, encoder });

async function console_(command) {
    const { code, out } = await admin.run(command);
    assert.equal(code, 0, out);
    return out;
}

async function stat(headers = {}) {
    const response = await fetch(`${server.http}/?action=stat&format=json&groups=transcoding_stats`,
        { headers });
    assert.equal(response.status, 200);
    return { response, rows: (await response.json()).transcoding_stats.transcoding_video_full_info };
}

describe('what is made of streams', () => {
    before(async () => {
        const port = await freePorts(1);
        [server, browser, pages] = await Promise.all([
            Server.start({ demo_stream: true, transcoder_idle_ms: IDLE_MS, 'cli.port': port }),
            Browser.open(), startPages()]);
        page = await open(browser, pages, server);
        admin = new SshUser({ port, password: fs.readFileSync(
            path.join(server.stateDir, 'admin-password'), 'utf8').trim() });
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('TRC-19 startup publishes a stream in its size, which plays and ends with its source', async () => {
        const { label, name } = await publishCamera(page, 640, 480, { audio: true });
        const made = await startup('transcoder://1', name, 'half',
            { width: 320, height: 240, fps: 15, bitrate: 200, keyFrameInterval: 30, type: 'OPENH264' });
        assert.equal(made.status, 200);
        const [row] = await until('it is live', async () => {
            const { body } = await post('transcoder/find', { remoteStreamName: name });
            return body[0].status === 'PROCESSED_LOCAL' && body;
        });
        assert.deepEqual({ ...row, localMediaSessionId: '' }, { localMediaSessionId: '',
            localStreamName: 'half', remoteStreamName: name, uri: 'transcoder://1',
            status: 'PROCESSED_LOCAL', hasAudio: true, hasVideo: true, record: false,
            encoder: { width: 320, height: 240, fps: 15, bitrate: 200, keyFrameInterval: 30,
                type: 'OPENH264' } });
        const player = await play(page, 'half');
        const seen = await pictures(page, player, 20);
        assert.deepEqual([seen.frameWidth, seen.frameHeight], [320, 240]);
        await until('half of the pictures', async () => {
            const { framesPerSecond } = await pictures(page, player, 1);
            return framesPerSecond >= 12 && framesPerSecond <= 16 ? true
                : Promise.reject(new Error(`${framesPerSecond}`));
        });
        await sound(page, player);
        const { body: [listed] } = await post('stream/find', { name: 'half', published: true });
        assert.deepEqual([listed.status, listed.width, listed.videoCodec, listed.audioCodec],
            ['PUBLISHING', 320, 'H264', 'opus']);
        assert.equal((await startup('transcoder://1', name, 'other')).status, 409);
        assert.equal((await startup('transcoder://2', name, 'half')).status, 409);
        assert.equal((await startup('transcoder://2', 'nobody', 'other')).status, 404);
        await stop(page, label, 'UNPUBLISHED');
        await until('it has ended', async () =>
            (await post('transcoder/find_all')).status === 404);
        assert.equal((await post('stream/find', { name: 'half' })).status, 404);
    });

    test('TRC-19 terminate: its players hear of it, name and uri are free at once', async () => {
        assert.equal((await startup('transcoder://1', 'demo', 'small', { width: 160 })).status, 200);
        await until('it is live', async () =>
            (await post('stream/find', { name: 'small' })).status === 200);
        const player = await play(page, 'small');
        await pictures(page, player, 5);
        assert.equal((await post('transcoder/terminate', { uri: 'transcoder://1' })).status, 200);
        assert.equal((await startup('transcoder://1', 'demo', 'small', { width: 80 })).status, 200);
        await until('the player has failed', async () => (await page.evaluate((label) =>
            window.sluice.events(label), player)).some(({ status }) => status === 'FAILED'));
        assert.equal((await post('transcoder/terminate', { uri: 'transcoder://1' })).status, 200);
        assert.equal((await post('transcoder/terminate', { uri: 'transcoder://1' })).status, 404);
    });

    test('an ordinary /stream/terminate ends one, too', async () => {
        assert.equal((await startup('transcoder://1', 'demo', 'small')).status, 200);
        await until('it is live', async () =>
            (await post('stream/terminate', { name: 'small' })).status === 200);
        assert.equal((await post('transcoder/find_all')).status, 404);
    });

    test('one of sound only is its sound', async () => {
        const { label, name } = await publish(page, { constraints: { audio: true, video: false } });
        assert.equal((await startup('transcoder://1', name, 'heard', { width: 320 })).status, 200);
        await until('it is live', async () =>
            (await post('stream/find', { name: 'heard' })).status === 200);
        await sound(page, await play(page, 'heard'));
        await stop(page, label, 'UNPUBLISHED');
    });

    test('REST-50 every published stream has its distributors, with CORS', async () => {
        const { label, name } = await publishCamera(page, 640, 480);
        await pictures(page, label, 5, 'out');
        const player = await play(page, name, { constraints: { audio: false,
            video: { width: 320, height: 240 } } });
        await pictures(page, player, 5);
        const { response, rows } = await stat({ Origin: pages.url });
        assert.equal(response.headers.get('access-control-allow-origin'), pages.url);
        const published = (await post('stream/find', { published: true })).body;
        assert.deepEqual(Object.keys(rows).sort(), published.map((one) => one.name).sort());
        assert.equal(typeof rows.demo.distributors, 'object');
        const [made] = Object.values(rows[name].distributors);
        assert.deepEqual([made.codec, made.resolution, made.encoder, made.players],
            ['H264', '320x240', 'libx264', 1]);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('REST-50 the table of streams of the official console fills', async () => {
        const { label, name } = await publishCamera(page, 640, 480);
        const player = await play(page, name, { constraints: { audio: false,
            video: { width: 320, height: 240 } } });
        await pictures(page, player, 5);
        const official = await browser.page(`${pages.url}${EXAMPLES}/console/console.html`, server);
        await official.fill('#nodeIp', `127.0.0.1:${server.options['http.port']}`);
        await official.evaluate(() => window.$('#addNodeFormSubmit').trigger('click'));
        await until('the node answers', () => official.evaluate(() => {
            const node = document.querySelector('#nodes button');
            node?.click();
            return !document.querySelector('#nodeControls').classList.contains('hidden');
        }), { interval: 300 });
        await until('figures, without which it shows nothing', async () =>
            (await post('stream/find', { name, display: ['metrics'] })).body.every(({ metrics }) =>
                metrics.VIDEO_RATE > 0 && metrics.VIDEO_FPS > 0));
        await official.evaluate(() => window.streamMonitoring());
        // once: each look of this page makes a click count once more
        const cells = await until('its row', () => official.evaluate((wanted) => {
            const row = [...document.querySelectorAll('#metricsTable tbody tr')]
                .find((tr) => tr.textContent.includes(`${wanted}publish`));
            row?.querySelector('td.dt-control').click();
            return row && [...row.cells, ...row.parentElement.querySelectorAll('table td')]
                .map((cell) => cell.textContent);
        }, name));
        assert.deepEqual(cells.slice(1, 5), [name, 'publish', '640', '480']);
        assert.match(cells.join(' '), / H264 320x240 0/);
        assert.deepEqual(official.faults, []);
        await official.context().close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('consoles and metrics tell what is made and by whom', async () => {
        const player = await play(page, 'demo', { constraints: { audio: false,
            video: { width: 320, height: 180 } } });
        await pictures(page, player, 5);
        const shown = await console_('show transcoders');
        assert.match(shown, /^demo +H264 +H264 +320x180 +- +- +libx264 +1 +20/m);
        assert.match(await console_('show codec-processes'), /^\d+ +pictures +false +\d+ +\d+\.\d% +\d+$/m);
        const metrics = await (await fetch(`${server.http}/metrics`)).text();
        assert.match(metrics, /^sluice_variants\{codec="H264"\} [1-9]$/m);
        assert.match(metrics, /^sluice_variants\{codec="VP8"\} 0$/m);
        assert.match(metrics, /^sluice_codec_processes\{role="sound"\} 1$/m);
        assert.match(metrics, /^sluice_codec_process_memory_bytes\{process="pictures 1"\} [1-9]/m);
        await stop(page, player, 'STOPPED');
        await until('it is gone', async () => !/^demo/m.test(await console_('show transcoders')));
    });

    for (const codec of ['H264', 'VP8']) {
        test(`TRC-18 fuzzed pictures in ${codec} end no session and no process`, async () => {
            const FUZZED_MS = 10_000;
            const upstream = await Upstream.start({ codec, size: '320x240' });
            const name = `fuzzed-${codec}`;
            const restarts = async () =>
                (await server.metrics()).sluice_codec_process_restarts_total;
            try {
                await startPull(server, upstream, 'test', name);
                await pulled(server, name);
                const small = { constraints: { audio: true, video: { width: 160, height: 120 } } };
                const players = await Promise.all([play(page, name, small),
                    play(page, name, { ...small, stripCodecs: codec })]);
                const other = await play(page, 'demo', small);
                await Promise.all([...players, other].map((player) => pictures(page, player, 10)));
                const before = await restarts();
                upstream.faults.add('fuzzed-pictures');
                const begun = Date.now();
                while (Date.now() - begun < FUZZED_MS * slowness) {
                    await pictures(page, other, 10); // goes on as if nothing were
                    await post('stream/snapshot', { streamName: name }); // a picture or none
                    await pause(200);
                }
                upstream.faults.delete('fuzzed-pictures');
                await Promise.all(players.map((player) => pictures(page, player, 10)));
                assert.equal(await restarts(), before);
                for (const player of players)
                    assert.ok(!(await call(page, 'events', player)).some(({ status }) =>
                        status === 'FAILED'), 'no player has failed');
                await Promise.all([...players, other].map((player) => stop(page, player, 'STOPPED')));
            } finally {
                await upstream.stop();
            }
        });
    }
});
