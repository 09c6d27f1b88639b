// SPDX-License-Identifier: GPL-3.0-or-later
// The other official example apps that need no more than publishing, playing and data. Where each of
// all official pages is tried, doc/official-pages.md says.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertPlays, Browser, only, peers, text } from './lib/browser.mjs';
import { EXAMPLES, paintScreen, startPages } from './lib/pages.mjs';
import { root, Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

let server, browser, pages;

const MIN = '/sdk/examples/min';

function open(where) {
    return browser.page(pages.url + where, server);
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

    test('screen-sharing publishes the screen and plays it', async (t) => {
        const whole = await Browser.open({ whole: true }); // the page asks for its extensions
        t.after(() => whole.close());
        const page = await whole.page(
            `${pages.url}${EXAMPLES}/screen-sharing/screen-sharing.html`, server, {
                // a headless browser has no screen: a canvas stands in for it
                init: paintScreen,
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

    test('min/echo publishes and plays as it is loaded', async () => {
        // the page has an address of its authors in it
        const echo = await browser.page(`${pages.url}${MIN}/echo.html`, server, { init: {
            content: `window.WebSocket = new Proxy(window.WebSocket, { construct: (Real, [url]) =>
                new Real(url.replace('ws://192.168.88.234:8080', '${server.ws}')) });` } });
        await assertSends(echo);
        await assertPlays(echo, { audio: false }); // it begins muted
        await close(echo);
    });

    test('min/streaming publishes and plays', async () => {
        const page = await open(`${MIN}/streaming.html`);
        await page.fill('#urlServer', server.ws);
        await page.click('#connect');
        await until('it is connected', () =>
            page.log.some((line) => line.startsWith('Session established')));
        await page.click('#publish');
        await assertSends(page);
        await page.click('#play');
        await assertPlays(page, { audio: false });
        await close(page);
    });

    test('camera_test tries the sizes of the camera', async () => {
        const page = await open(`${EXAMPLES}/camera_test/camera_test.html`);
        await page.click('#startBtn');
        await until('two sizes were tried', async () =>
            (await page.textContent('#resolution')).match(/\d+x\d+/g)?.length >= 2);
        await close(page);
    });

    test('embed_player/sample shows the player that it has made', async () => {
        const publisher = await open(`${EXAMPLES}/streamer/streamer.html`);
        await publisher.click('#publishBtn');
        await text(publisher, '#status', 'PUBLISHING');
        const page = await open(`${EXAMPLES}/embed_player/sample.html`);
        await page.fill('#url', server.ws);
        await page.fill('#streamName', (await publisher.inputValue('#url')).split('/')[3]);
        await page.click('#testBtn');
        const frame = page.frameLocator('#fp_embed_player');
        await frame.locator('#play').click();
        await until('the frame plays', () => page.frames().at(-1).evaluate(() =>
            [...document.querySelectorAll('video')].some((video) => video.currentTime > 0.5)));
        await page.context().close(); // what the frame loads from elsewhere is not there
        await close(publisher);
    });

    test('every official page is in the table of doc/official-pages.md, with its test', () => {
        const examples = path.join(root, 'node_modules/@flashphoner/websdk/examples');
        const table = fs.readFileSync(path.join(root, 'doc/official-pages.md'), 'utf8').split('\n')
            .filter((line) => line.startsWith('| `')).map((line) => line.split('|').map((cell) => cell.trim()));
        const listed = new Map(table.map(([, page, where, how]) => [page.replaceAll('`', ''), { where, how }]));
        const found = fs.readdirSync(examples, { recursive: true }).filter((name) =>
            name.endsWith('.html') && !/node_modules|\/dependencies\/|bin-debug|html-template/.test(name));
        assert.deepEqual(found.filter((name) => !listed.has(name)), [], 'pages without a row');
        assert.deepEqual([...listed.keys()].filter((name) => !found.includes(name)), [], 'rows without a page');
        for (const [name, { where, how }] of listed) {
            assert.ok(how, name);
            if (where === 'none')
                continue;
            const text = fs.readFileSync(path.join(root, 'tests/peer', where.replaceAll('`', '')), 'utf8');
            const folder = path.basename(path.dirname(name)), file = path.basename(name, '.html');
            assert.ok(text.includes(folder) || text.includes(file), `${name} is not in ${where}`);
        }
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
