// SPDX-License-Identifier: GPL-3.0-or-later
// The main job: the official example app two_way_streaming publishes a camera and a microphone, it
// and the official player show them. Nothing of the SDK or its pages is changed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertPlays, Browser, only, peers, text } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const TWO_WAY = `${EXAMPLES}/two_way_streaming/two_way_streaming.html`;
const PLAYER = `${EXAMPLES}/player/player.html`;

let server, browser, pages;
let publisher; // a page of two_way_streaming that publishes `stream` during the file
let stream;

function openTwoWay() {
    return browser.page(pages.url + TWO_WAY, server);
}

async function connect(page) {
    await page.click('#connectBtn');
    await text(page, '#connectStatus', 'ESTABLISHED');
}

async function openPlayer(name) {
    const page = await browser.page(`${pages.url}${PLAYER}?streamName=${name}`, server);
    await page.click('#playBtn');
    return page;
}

describe('official two_way_streaming and player', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([Server.start(), Browser.open({ whole: true }),
            startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('WS-8 the page connects: ESTABLISHED', async () => {
        publisher = await openTwoWay();
        await connect(publisher);
        stream = await publisher.inputValue('#publishStream');
    });

    test('WS-22 publishing camera and microphone: PUBLISHING, pictures are sent', async () => {
        await publisher.click('#publishBtn');
        await text(publisher, '#publishStatus', 'PUBLISHING');
        await until('the publisher sends pictures', async () =>
            (await only(publisher, 'out', 'video')).framesSent > 30);
        const audio = await only(publisher, 'out', 'audio');
        assert.ok(audio.packetsSent > 10);
        assert.equal(audio.codec, 'audio/opus');
        assert.equal((await only(publisher, 'out', 'video')).codec, 'video/H264');
    });

    test('the media is protected with AEAD_AES_128_GCM', async () => {
        const [{ transports }] = await peers(publisher);
        assert.deepEqual(transports.map((t) => t.srtpCipher), ['SRTP_AEAD_AES_128_GCM']);
    });

    test('WS-44 the same page plays it: PLAYING, decoded pictures, audible sound', async () => {
        await publisher.click('#playBtn');
        await text(publisher, '#playStatus', 'PLAYING');
        const { video, audio } = await assertPlays(publisher);
        assert.equal(audio.codec, 'audio/opus');
        const sent = await only(publisher, 'out', 'video');
        assert.deepEqual([video.frameWidth, video.frameHeight], [sent.frameWidth, sent.frameHeight]);
    });

    test('the official player plays it in another browser profile', async () => {
        const player = await openPlayer(stream);
        await text(player, '#status', 'PLAYING');
        await assertPlays(player);
        const seen = await player.$eval('#remoteVideo video', (video) => ({
            width: video.videoWidth, height: video.videoHeight, time: video.currentTime,
            tracks: video.srcObject.getTracks().map((t) => t.kind).sort() }));
        const sent = await only(publisher, 'out', 'video');
        assert.deepEqual([seen.width, seen.height], [sent.frameWidth, sent.frameHeight]);
        assert.deepEqual(seen.tracks, ['audio', 'video']);
        assert.ok(seen.time > 0);
        const size = `${sent.frameWidth}x${sent.frameHeight}`;
        await until('the page knows the size from the server', () =>
            player.log.some((line) => line === `New video size: ${size}`));
        await player.click('#playBtn');
        await text(player, '#status', 'STOPPED');
        assert.deepEqual(player.faults, []);
        await player.context().close();
    });

    test('the picture is at once there for a player that joins late', async () => {
        const player = await openPlayer(stream);
        await text(player, '#status', 'PLAYING');
        const start = Date.now();
        await until('the first picture', async () =>
            (await only(player, 'in', 'video')).framesDecoded > 0, { interval: 20 });
        assert.ok(Date.now() - start < 3_000, `${Date.now() - start} ms`);
        await player.context().close();
    });

    test('data sent by the publisher appears at the player', async () => {
        await publisher.fill('#streamData', '{"count": 42, "text": "grüße"}');
        await publisher.click('#sendDataBtn');
        await until('the data is shown', async () =>
            (await publisher.textContent('#receivedData')).includes('{"count":42,"text":"grüße"}'));
    });

    test('WS-56 Available says AVAILABLE, and UNAVAILABLE for an unknown name', async () => {
        const page = await openTwoWay();
        await connect(page);
        await page.fill('#playStream', stream);
        await page.click('#availableBtn');
        await text(page, '#availableStatus', 'AVAILABLE');
        await page.fill('#playStream', 'nobody-has-this-name');
        await page.click('#availableBtn');
        await text(page, '#availableStatus', 'UNAVAILABLE');
        await text(page, '#availableInfo', 'Stream not found');
        await page.context().close();
    });

    test('WS-37 publishing the same name from another page fails with the page\'s own words', async () => {
        const page = await openTwoWay();
        await connect(page);
        await page.fill('#publishStream', stream);
        await page.click('#publishBtn');
        await text(page, '#publishStatus', 'FAILED');
        await text(page, '#publishInfo',
            'Server already has a publish stream with the same name, try using different one');
        await page.context().close();
    });

    test('WS-49 playing an unknown name fails', async () => {
        const player = await openPlayer('nobody-has-this-name');
        await text(player, '#status', 'FAILED');
        await text(player, '#info', 'Stream not found');
        await player.context().close();
    });

    test('WS-47 the player stops and plays again: STOPPED, PLAYING', async () => {
        await publisher.click('#playBtn');
        await text(publisher, '#playStatus', 'STOPPED');
        await publisher.click('#playBtn');
        await text(publisher, '#playStatus', 'PLAYING');
        await assertPlays(publisher);
    });

    test('WS-50 the publisher stops: UNPUBLISHED there, FAILED with the reason at players', async () => {
        const player = await openPlayer(stream);
        await text(player, '#status', 'PLAYING');
        await publisher.click('#publishBtn');
        await text(publisher, '#publishStatus', 'UNPUBLISHED');
        await text(player, '#status', 'FAILED');
        await text(player, '#info', 'Stopped by publisher stop');
        await text(publisher, '#playStatus', 'FAILED');
        await text(publisher, '#playInfo', 'Related publisher stopped its stream or lost connection');
        await player.context().close();
    });

    test('WS-41 the name is published again, then the page disconnects: DISCONNECTED', async () => {
        await publisher.click('#publishBtn');
        await text(publisher, '#publishStatus', 'PUBLISHING');
        await publisher.click('#playBtn');
        await text(publisher, '#playStatus', 'PLAYING');
        await assertPlays(publisher);
        await publisher.click('#connectBtn');
        await text(publisher, '#connectStatus', 'DISCONNECTED');
    });

    test('the pages threw nothing', () => assert.deepEqual(publisher.faults, []));
});
