// SPDX-License-Identifier: GPL-3.0-or-later
// The other official example apps that need no more than publishing, playing and data. Not tried,
// because their features come later: recording (stream_recording, several_streams_recording), server
// snapshots (stream-snapshot), rooms (conference, video-chat, webrtc_sip_conference), mixers, HLS,
// SIP phones, Flash, and the administrator's console.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertPlays, Browser, only, peers, text } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server, browser, pages;

function open(path) {
    return browser.page(pages.url + path, server);
}

// The page sends pictures, and when it shows one that came from the server, that moves as well.
async function assertSends(page) {
    await until('pictures are sent', async () =>
        (await peers(page)).some((peer) => peer.out.video?.framesSent > 20));
}

async function close(page) {
    assert.deepEqual(page.faults, []);
    await page.context().close();
}

// Pages with one address field that ends in the stream's name, and one button.
const ONE_BUTTON = [
    { app: 'streamer', preview: true },
    { app: 'stream-diagnostic', preview: true },
    { app: 'stream-zoom', preview: true },
    { app: 'stream-local-snapshot', preview: false },
];

// Pages with a field for the server, and one form each to publish and to play.
const TWO_FORMS = [
    { app: 'stream-auto-restore' },
    { app: 'stream_filter' },
    { app: 'firewall-traversal-streaming', prepare: (page) => page.uncheck('#forceRelay') },
    { app: 'media_devices_manager', file: 'media_device_manager' },
];

describe('official example apps', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([Server.start(), Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    for (const { app, preview } of ONE_BUTTON) {
        test(`${app} publishes${preview ? ' and shows what comes back' : ''}`, async () => {
            const page = await open(`${EXAMPLES}/${app}/${app}.html`);
            await page.click('#publishBtn');
            await text(page, '#status', 'PUBLISHING');
            await assertSends(page);
            if (preview)
                await assertPlays(page);
            await until('the stop button is there', async () =>
                (await page.textContent('#publishBtn')).trim() === 'Stop' &&
                !(await page.isDisabled('#publishBtn')));
            await page.click('#publishBtn');
            await text(page, '#status', 'UNPUBLISHED');
            await close(page);
        });
    }

    for (const { app, file = app, prepare } of TWO_FORMS) {
        test(`${app} publishes and plays`, async () => {
            const page = await open(`${EXAMPLES}/${app}/${file}.html`);
            await prepare?.(page);
            await page.click('#connectBtn');
            await text(page, '#connectStatus', 'ESTABLISHED');
            await page.click('#publishBtn');
            await text(page, '#publishStatus', 'PUBLISHING');
            await page.fill('#playStream', await page.inputValue('#publishStream'));
            await page.click('#playBtn');
            await text(page, '#playStatus', 'PLAYING');
            await assertPlays(page);
            await page.click('#playBtn');
            await text(page, '#playStatus', 'STOPPED');
            await page.click('#publishBtn');
            await text(page, '#publishStatus', 'UNPUBLISHED');
            await close(page);
        });
    }

    test('canvas_streaming publishes a canvas and plays it', async () => {
        const page = await open(`${EXAMPLES}/canvas_streaming/canvas_streaming.html`);
        await page.click('#startBtn');
        await text(page, '#publishStatus', 'PUBLISHING');
        await text(page, '#playStatus', 'PLAYING');
        await assertPlays(page, { audio: false }); // the film that it draws is silent here
        await close(page);
    });

    test('screen-sharing publishes the screen and plays it', async () => {
        const page = await browser.page(
            `${pages.url}${EXAMPLES}/screen-sharing/screen-sharing.html`, server, {
                // a headless browser has no screen: a canvas stands in for it
                init: () => {
                    navigator.mediaDevices.getDisplayMedia = async () => {
                        const canvas = document.createElement('canvas');
                        Object.assign(canvas, { width: 640, height: 480 });
                        const context = canvas.getContext('2d');
                        let n = 0;
                        setInterval(() => {
                            context.fillStyle = `hsl(${n++ % 360} 80% 50%)`;
                            context.fillRect(0, 0, 640, 480);
                        }, 33);
                        return canvas.captureStream(30);
                    };
                },
            });
        await until('the page has looked for its browser extension', () => page.inputValue('#url'));
        await page.click('#connectBtn');
        await text(page, '#status', 'ESTABLISHED');
        await page.click('#publishBtn');
        await text(page, '#status', 'PUBLISHING');
        await assertSends(page);
        await assertPlays(page, { audio: false });
        await close(page);
    });

    test('2players plays two streams, embed_player one', async () => {
        const publishers = await Promise.all([1, 2].map(async () => {
            const page = await open(`${EXAMPLES}/streamer/streamer.html`);
            await page.click('#publishBtn');
            await text(page, '#status', 'PUBLISHING');
            return page;
        }));
        const names = await Promise.all(publishers.map(async (page) =>
            (await page.inputValue('#url')).split('/')[3]));

        const two = await open(`${EXAMPLES}/2players/2players.html`);
        await two.click('#connectBtn');
        await text(two, '#connectStatus', 'ESTABLISHED');
        for (const i of [1, 2]) {
            await two.fill(`#streamName${i}`, names[i - 1]);
            await two.click(`#playBtn${i}`);
            await text(two, `#status${i}`, 'PLAYING');
        }
        await until('two moving pictures', async () => {
            const playing = (await peers(two)).filter((p) => p.in.video?.framesDecoded > 20 &&
                p.in.audio?.totalAudioEnergy > 0);
            return playing.length === 2;
        });
        await two.click('#playBtn1');
        await text(two, '#status1', 'STOPPED');
        await text(two, '#status2', 'PLAYING');
        await close(two);

        const embedded = await open(`${EXAMPLES}/embed_player/player.html?urlServer=${
            encodeURIComponent(server.ws)}&streamName=${names[0]}&mediaProviders=WebRTC&autoplay=true`);
        await assertPlays(embedded, { audio: false }); // it starts muted
        await until('sound is received', async () =>
            (await only(embedded, 'in', 'audio')).packetsReceived > 20);
        await close(embedded);
        for (const page of publishers)
            await close(page);
    });

    test('stream-auto-restore publishes and plays again after its connection was cut', async () => {
        const page = await open(`${EXAMPLES}/stream-auto-restore/stream-auto-restore.html`);
        await page.fill('#restoreTimeout', '1000');
        await page.click('#connectBtn');
        await text(page, '#connectStatus', 'ESTABLISHED');
        await page.click('#publishBtn');
        await text(page, '#publishStatus', 'PUBLISHING');
        await page.fill('#playStream', await page.inputValue('#publishStream'));
        await page.click('#playBtn');
        await text(page, '#playStatus', 'PLAYING');
        await assertPlays(page);
        const before = (await peers(page)).length;
        await page.evaluate(() => window.sockets.at(-1).close());
        await until('a new socket', async () => (await page.evaluate(() => window.sockets.length)) > 1,
            { timeout: 30_000 });
        await text(page, '#publishStatus', 'PUBLISHING', 30_000);
        await text(page, '#playStatus', 'PLAYING', 30_000);
        await until('as many connections as before', async () => (await peers(page)).length === before);
        await assertPlays(page);
        await close(page);
    });
});
