// SPDX-License-Identifier: GPL-3.0-or-later
// The built-in stream `demo`: what a newcomer without a camera plays first.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { until } from './lib/wait.mjs';

let server, admin, browser, pages, page;

before(async () => {
    const port = await freePorts(1);
    [browser, pages, server] = await Promise.all([Browser.open(), startPages(),
        Server.start({ demo_stream: true, 'cli.port': port })]);
    admin = new SshUser({ port,
        password: fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim() });
    page = await browser.page(pages.url + BARE, server);
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
});

function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

describe('the demo stream', () => {
    test('is listed before anyone publishes', async () => {
        const { streams } = await (await fetch(`${server.http}/api/v1/streams`)).json();
        assert.deepEqual(streams.map(({ name, kind, audioCodec, videoCodec, width, height }) =>
            ({ name, kind, audioCodec, videoCodec, width, height })), [{ name: 'demo', kind: 'demo',
            audioCodec: 'opus', videoCodec: 'H264', width: 640, height: 360 }]);
    });

    test('plays in Chromium: bars of colour that move, and a tone', async () => {
        assert.equal(await call('connect', server.ws), 'ESTABLISHED');
        const event = await call('play', 'demo', 'demo');
        assert.equal(event.status, 'PLAYING', event.info);
        await until('pictures and sound', async () => {
            const stats = await call('stats', 'demo');
            return stats?.in.video?.framesDecoded > 50 && stats.in.audio?.totalAudioEnergy > 0;
        });
        const picture = await page.evaluate(() => {
            const video = window.sluice.video('demo');
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
            const context = canvas.getContext('2d');
            context.drawImage(video, 0, 0);
            const colours = [0, 1, 2, 3, 4, 5, 6].map((bar) => Array.from(context.getImageData(
                Math.floor((bar + 0.5) * canvas.width / 7), Math.floor(canvas.height / 10), 1, 1)
                .data.slice(0, 3)).map((value) => (value > 96 ? 1 : 0)).join(''));
            return { width: video.videoWidth, height: video.videoHeight, colours };
        });
        assert.deepEqual([picture.width, picture.height], [640, 360]);
        // grey, yellow, cyan, green, magenta, red, blue
        assert.deepEqual(picture.colours, ['111', '110', '011', '010', '101', '100', '001']);
        const { streams } = await (await fetch(`${server.http}/api/v1/streams`)).json();
        assert.equal(streams[0].players, 1);
        assert.equal((await call('stop', 'demo')).status, 'STOPPED');
    });

    test('its name is taken: a publication of it is refused', async () => {
        const event = await call('publish', 'other', 'demo', {});
        assert.deepEqual([event.status, event.info], ['FAILED', 'Stream name is already in use']);
    });
});

describe('a publication, a pull and the demo', () => {
    async function console_(command) {
        const { code, out, err } = await admin.run(command);
        assert.deepEqual({ code, err }, { code: 0, err: '' }, command);
        return out;
    }
    async function rest(where, body) {
        const response = await fetch(`${server.http}/rest-api${where}`, { method: 'POST',
            headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
        const text = await response.text();
        return { status: response.status, body: text && JSON.parse(text) };
    }
    // {name: mediaSessionId} of what is published, by REST and by the console
    const published = (rows) => Object.fromEntries(rows.filter((row) => row.published)
        .map(({ name, mediaSessionId }) => [name, mediaSessionId]).sort());
    async function found(filter) {
        const { status, body } = await rest(filter ? '/stream/find' : '/stream/find_all', filter);
        return published(status === 404 ? [] : body);
    }
    const shown = async () => published((await console_('show streams')).split('\n')
        .map((row) => row.trim().split(/ +/)).map(([mediaSessionId, name, isPublished]) =>
            ({ mediaSessionId, name, published: isPublished === 'true' })));
    const live = async () => (await (await fetch(`${server.http}/api/v1/streams`)).json())
        .streams.map(({ name, kind }) => `${name} ${kind}`).sort();
    async function figures(...keys) {
        const lines = (await console_('show stat')).split('\n').map((line) => line.split('='));
        return keys.map((key) => Number(Object.fromEntries(lines)[key]));
    }

    test('are in every list under the same ids, and ended by them', async () => {
        assert.equal((await call('publish', 'camera', 'camera', {})).status, 'PUBLISHING');
        assert.equal((await rest('/pull/pull', { uri: server.ws, remoteStreamName: 'camera',
            localStreamName: 'pulled' })).status, 200);
        const all = await until('all three', async () => {
            const list = await found();
            return Object.keys(list).join() === 'camera,demo,pulled' && list;
        });
        assert.deepEqual(await shown(), all);
        assert.deepEqual(await live(), ['camera webrtc', 'demo demo', 'pulled pull']);
        // The demo came by no protocol; who plays is the pull.
        assert.deepEqual(await figures('streams_webrtc_in', 'streams_webrtc_out', 'streams_viewers'),
            [2, 1, 1]);
        for (const name of ['pulled', 'demo', 'camera']) {
            const mediaSessionId = all[name];
            assert.deepEqual(await found({ mediaSessionId }), { [name]: mediaSessionId });
            assert.equal((await rest('/stream/terminate', { mediaSessionId })).status, 200);
            assert.deepEqual(await found({ mediaSessionId }), {});
        }
        assert.deepEqual([await found(), await shown(), await live()], [{}, {}, []]);
        assert.deepEqual(await figures('streams_webrtc_in', 'streams_viewers'), [0, 0]);
    });
});
