// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of streams (media-outputs.md section 8): by the official page, by WebSocket and by REST.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { call, event, open, pictures, play, publish, publishCamera, stop } from './lib/bare.mjs';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Browser, text } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { readPng } from './lib/png.mjs';
import { Server } from './lib/server.mjs';
import { pause, slowness, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const SNAPSHOTS_MAX = 4;

let backend, server, browser, pages, page;

function post(path, body, at = server) {
    return fetch(`${at.http}/rest-api/${path}`, { method: 'POST', body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' } });
}

const snapshot = (streamName, at) => post('stream/snapshot', { streamName }, at);

async function picture(streamName, at) {
    const response = await snapshot(streamName, at);
    const answer = await response.json();
    assert.equal(response.status, 200, answer.message);
    return readPng(answer.data);
}

async function metric(name) {
    const all = await (await fetch(`${server.http}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(all)[1]);
}

// What a client is told of its wish: {type, payload}.
async function wish(client, name, timeout) {
    client.send('snapshot', { mediaSessionId: 'snapshot', name });
    const { data: [told] } = await client.next('notifyStreamEvent',
        ({ mediaSessionId, type }) => mediaSessionId === 'snapshot' && type.startsWith('snapshot'),
        timeout);
    return told;
}

// A camera that shows one colour, until it is given another.
async function publishColour(colour, options) {
    const stream = await publishCamera(page, 640, 480, options);
    await paint(stream.label, colour);
    await pictures(page, stream.label, 5, 'out');
    return stream;
}

function paint(label, colour) {
    return page.evaluate(([name, wanted]) => {
        const camera = window.cameras[name];
        const context = camera.canvas.getContext('2d');
        camera.paint = () => {
            context.fillStyle = wanted;
            context.fillRect(0, 0, camera.canvas.width, camera.canvas.height);
        };
    }, [label, colour]);
}

// A picture that no PNG makes small.
function noise(label) {
    return page.evaluate((name) => {
        const camera = window.cameras[name];
        const { canvas } = camera, context = canvas.getContext('2d');
        const grains = new OffscreenCanvas(canvas.width / 4, canvas.height / 4);
        const points = grains.getContext('2d').createImageData(grains.width, grains.height);
        for (let i = 0; i < points.data.length; i++)
            points.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
        grains.getContext('2d').putImageData(points, 0, 0);
        context.imageSmoothingEnabled = false;
        let number = 0; // five times a second are enough of it
        camera.paint = () => number++ % 6 ||
            context.drawImage(grains, 0, 0, canvas.width, canvas.height);
    }, label);
}

// No picture any more.
function freeze(label) {
    return page.evaluate((name) => window.cameras[name].stop(), label);
}

function assertColour(shown, expected) {
    for (const [x, y] of [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]) {
        const colour = shown.at(x, y);
        assert.ok(colour.every((value, i) => Math.abs(value - expected[i]) < 40),
            `${colour} instead of ${expected}`);
    }
}

const RED = [255, 0, 0], GREEN = [0, 128, 0], BLUE = [0, 0, 255];

describe('snapshots', () => {
    before(async () => {
        [backend, browser, pages] = await Promise.all([Backend.start(), Browser.open(), startPages()]);
        const app = (key, methods) => [key, { url: backend.endpoint(key).url, methods }];
        server = await startWithApps(Object.fromEntries([
            app('guarded', ['connect', 'playStream']),
            app('open', []),
            app('defaultApp', []),
            app('asked', ['connect', 'snapshot']),
        ]), { demo_stream: true, snapshots_max: SNAPSHOTS_MAX });
        page = await open(browser, pages, server, { session: { appKey: 'open' } });
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
        await backend?.stop();
    });

    test('SNAP-1 stream-snapshot shows the stream, twice in a row', async () => {
        const official = await browser.page(`${pages.url}${EXAMPLES}/stream-snapshot/stream-snapshot.html`,
            server);
        await official.click('#publishBtn');
        await text(official, '#status', 'PUBLISHING');
        let last = '';
        for (let i = 0; i < 2; i++) {
            await official.click('#snapshotBtn');
            await text(official, '#snapshotStatus', '');
            last = await until('another picture', async () => {
                const src = await official.getAttribute('#dynImg', 'src');
                return src?.startsWith('data:image/png;base64,') && src !== last && src;
            });
            const shown = readPng(last.split(',')[1]);
            assert.deepEqual([shown.width, shown.height], [320, 240]);
            // Chromium's made-up camera is green where nothing moves
            const local = await official.evaluate(() => {
                const canvas = document.createElement('canvas');
                Object.assign(canvas, { width: 10, height: 10 });
                const context = canvas.getContext('2d');
                context.drawImage(document.querySelector('#localVideo video'), 0, 0, 10, 10);
                return [...context.getImageData(5, 8, 1, 1).data.slice(0, 3)];
            });
            const there = shown.at(0.55, 0.85);
            assert.ok(there.every((value, j) => Math.abs(value - local[j]) < 60), `${there} ${local}`);
        }
        assert.deepEqual(official.faults, []);
        await official.context().close();
    });

    test('SNAP-2 REST gives the same; 404 unknown', async () => {
        const { label, name } = await publishColour('red');
        const shown = await picture(name);
        assert.deepEqual([shown.width, shown.height], [640, 480]);
        assertColour(shown, RED);
        const client = await WcsClient.session(server.ws);
        const told = await wish(client, name);
        assert.equal(told.type, 'snapshotCompleted', JSON.stringify(told.payload));
        assertColour(readPng(told.payload.snapshot), RED);
        assert.equal((await snapshot('nobody')).status, 404);
        assert.deepEqual((await wish(client, 'nobody')).payload, { info: 'Stream not found' });
        assert.equal(client.received.some(({ data }) => data[0]?.status === 'SNAPSHOT_COMPLETE'), false);
        await client.close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-3 a VP8 stream too, the built-in one, and one of made pictures', async () => {
        const { label, name } = await publishColour('green', { stripCodecs: 'H264' });
        assertColour(await picture(name), GREEN);
        const { width, height } = await picture('demo');
        assert.deepEqual([width, height], [640, 360]);
        const small = await post('transcoder/startup', { uri: 'transcoder://small',
            remoteStreamName: name, localStreamName: 'small', encoder: { width: 320 } });
        assert.equal(small.status, 200);
        const shown = await until('its picture', () => picture('small'));
        assert.equal(shown.width, 320);
        assertColour(shown, GREEN);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-4 a picture half a second after a new scene shows the new scene', async () => {
        const { label, name } = await publishColour('red');
        assertColour(await picture(name), RED);
        await paint(label, 'blue');
        await pause(500);
        assertColour(await picture(name), BLUE);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-5 noise of 1080p by WebSocket: the picture arrives, smaller, and the session lives',
        async (t) => {
            // so much noise takes its time where other programs are busy, too
            const patient = await Server.start({ snapshot_taking_interval_ms: 30_000 });
            t.after(() => patient.stop());
            assert.equal(await call(page, 'connect', patient.ws, {}, 'patient'), 'ESTABLISHED');
            await call(page, 'canvasCamera', 'noise', 1920, 1080);
            await noise('noise');
            await call(page, 'publishCamera', 'noise', 'noise', 'noise',
                { session: 'patient', videoContentHint: 'detail' });
            await until('the full size', async () => (await picture('noise', patient)).width === 1920,
                { timeout: 60_000 });
            const client = await WcsClient.session(patient.ws);
            const { type, payload } = await wish(client, 'noise', 30_000);
            assert.equal(type, 'snapshotCompleted', JSON.stringify(payload).slice(0, 200));
            assert.ok(payload.snapshot.length <= 2 ** 20 / 2, `${payload.snapshot.length}`);
            const { width, height } = readPng(payload.snapshot);
            assert.ok(['960x540', '480x270'].includes(`${width}x${height}`), `${width}x${height}`);
            await client.settle();
            await client.close();
            await stop(page, 'noise', 'UNPUBLISHED');
            await call(page, 'disconnect', 'patient');
        });

    test('SNAP-6 a hundred at once: few are decoded, all are answered, players go on', async () => {
        const { label, name } = await publishColour('red');
        const names = [name, 'demo', ...await Promise.all([1, 2, 3, 4].map(async (n) => {
            const made = await post('transcoder/startup', { uri: `transcoder://${n}`,
                remoteStreamName: name, localStreamName: `made-${n}`, encoder: { width: 64 * n } });
            assert.equal(made.status, 200);
            return `made-${n}`;
        }))];
        for (const one of names)
            await until(`a picture of ${one}`, () => picture(one));
        const player = await play(page, name);
        await pictures(page, player, 5);
        const refused = await metric('sluice_snapshot_refused_total');
        const began = Date.now();
        const statuses = (await Promise.all(Array.from({ length: 100 }, (_, i) =>
            snapshot(names[i % names.length])))).map(({ status }) => status);
        assert.ok(Date.now() - began < 5000 * slowness, `${Date.now() - began} ms`);
        const count = (wanted) => statuses.filter((status) => status === wanted).length;
        assert.equal(count(200) + count(503), 100, `${statuses}`);
        assert.ok(count(200) >= Math.floor(100 * SNAPSHOTS_MAX / names.length), `${count(200)}`);
        assert.equal(await metric('sluice_snapshot_refused_total') - refused, count(503));
        await pictures(page, player, 10);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-7 a stream without pictures: failed, 500', async () => {
        const { label, name } = await publish(page, { constraints: { audio: true, video: false } });
        assert.equal((await snapshot(name)).status, 500);
        const client = await WcsClient.session(server.ws);
        assert.deepEqual((await wish(client, name)).payload, { info: 'Failed by error' });
        await client.close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('no picture comes: failed after snapshot_taking_interval_ms', async () => {
        const { label, name } = await publishColour('red');
        await freeze(label);
        await pause(1000); // what was under way
        const began = Date.now();
        assert.equal((await snapshot(name)).status, 500);
        const took = Date.now() - began;
        assert.ok(took > 2500 && took < 4000 * slowness, `${took} ms`);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-8 a guarded stream: its own works, another\'s needs the back end\'s yes', async () => {
        const app = backend.endpoint('guarded').config({ playStream: { restOnError: 'FAIL' } });
        const asked = backend.endpoint('asked');
        assert.equal(await call(page, 'connect', server.ws, { appKey: app.key }, 'guarded'), 'ESTABLISHED');
        const { label, name } = await publish(page, { session: 'guarded',
            constraints: { audio: false, video: { width: 320, height: 240 } } });
        await call(page, 'call', label, 'snapshot');
        await event(page, label, 'its snapshot', ({ type }) => type === 'snapshotCompleted');

        const stranger = await WcsClient.session(server.ws, { appKey: 'open' });
        assert.deepEqual((await wish(stranger, name)).payload, { info: 'Restricted access' });
        const client = await WcsClient.session(server.ws, { appKey: asked.key });
        asked.on('snapshot', { status: 403, body: { info: 'not you' } });
        assert.deepEqual((await wish(client, name)).payload, { info: 'Restricted access' });
        asked.on('snapshot', { status: 200, body: '' });
        assert.equal((await wish(client, name)).type, 'snapshotCompleted');
        const { body } = await asked.next('snapshot');
        assert.deepEqual([body.name, body.mediaSessionId, body.appKey], [name, 'snapshot', 'asked']);
        // of what anybody may see, its no without restOnError=FAIL is none
        asked.on('snapshot', { status: 403, body: '' });
        await pause(1000); // two a second
        assert.equal((await wish(client, 'demo')).type, 'snapshotCompleted');
        assert.equal((await snapshot(name)).status, 200, 'the operator may');
        await stranger.close();
        await client.close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('SNAP-9 the stream ends while a picture is waited for: failed, once', async () => {
        const { label, name } = await publishColour('red');
        await freeze(label);
        await pause(1000);
        const client = await WcsClient.session(server.ws);
        const leaving = await WcsClient.session(server.ws);
        client.send('snapshot', { mediaSessionId: 'mine', name });
        leaving.send('snapshot', { mediaSessionId: 'mine', name });
        await client.settle();
        await leaving.settle();
        leaving.abort();
        await stop(page, label, 'UNPUBLISHED');
        const { data: [told] } = await client.next('notifyStreamEvent');
        assert.deepEqual(told, { mediaSessionId: 'mine', type: 'snapshotFailed',
            payload: { info: 'Stream not found' } });
        await client.settle();
        assert.equal(client.about('mine').length, 1);
        await client.close();
        server.assertAlive();
    });

    test('an old client hears of it by a status, too', async () => {
        const client = await WcsClient.session(server.ws, { clientVersion: '0.5.28' });
        const { type, payload } = await wish(client, 'demo');
        assert.equal(type, 'snapshotCompleted');
        const status = await client.status('snapshot', 'SNAPSHOT_COMPLETE');
        assert.equal(status.info, payload.snapshot);
        await client.close();
    });
});
