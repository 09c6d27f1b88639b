// SPDX-License-Identifier: GPL-3.0-or-later
// The built-in stream `demo`: what a newcomer without a camera plays first.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server, browser, pages, page;

before(async () => {
    [browser, pages, server] = await Promise.all([Browser.open(), startPages(),
        Server.start({ demo_stream: true })]);
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
