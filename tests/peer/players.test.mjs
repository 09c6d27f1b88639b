// SPDX-License-Identifier: GPL-3.0-or-later
// Players of every make play one stream whose pictures are padded to packets of one length. In a
// network namespace, because GStreamer and Firefox take no address of the loopback.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Network, enterHub } from './lib/netns.mjs';
import { Viewer } from './lib/nodes.mjs';
import { startPages } from './lib/pages.mjs';
import { FirefoxPlayer, GstPlayer, WeriftPlayer } from './lib/players.mjs';
import { Relay } from './lib/relay.mjs';
import { Server } from './lib/server.mjs';
import { pause, until } from './lib/wait.mjs';

await enterHub();

const NAME = 'padded';

let net, server, browser, pages, publisher, witness;

before(async () => {
    net = await Network.create(['server']);
    net.defaultRoute('server'); // Firefox
    [server, browser, pages] = await Promise.all([
        Server.start({ codecs: 'opus,vp8' }, { netns: net.node('server') }),
        Browser.open(), startPages()]);
    publisher = await Viewer.open(browser, pages, server);
    // of several packets a picture
    await publisher.call('canvasCamera', 'camera', 640, 480, { audio: true, noise: true });
    const event = await publisher.call('publishCamera', 'publisher', NAME, 'camera',
        { video: { minBitrate: 1000, maxBitrate: 2000 } });
    assert.equal(event.status, 'PUBLISHING', event.info);
    witness = new WeriftPlayer();
    await witness.start(server, NAME);
});
after(async () => {
    await witness?.close();
    await browser?.close();
    await pages?.close();
    await server?.stop();
    await net?.remove();
});

// What is padded is so for all players of the stream: werift tells that it was, meanwhile.
async function playsPadded(player) {
    try {
        await player.start(server, NAME, pages);
        const before = witness.padded.length;
        await player.goesOn();
        assert.ok(witness.padded.length > before, 'nothing was padded meanwhile');
    } finally {
        await player.close();
    }
}

describe('A stream with padded packets', () => {
    test('is played by werift, and a packet has some octets of padding at most', async () => {
        await witness.goesOn();
        await until('packets with padding', async () => witness.padded.length > 20);
        assert.ok(Math.max(...witness.padded) <= 16, `${Math.max(...witness.padded)}`);
    });

    test('is played by Chromium', async () => {
        const viewer = await Viewer.open(browser, pages, server);
        const before = witness.padded.length;
        await viewer.play('player', NAME);
        await viewer.plays();
        await viewer.goesOn('player', 30);
        assert.ok(witness.padded.length > before, 'nothing was padded meanwhile');
        await viewer.close();
    });

    test('is played by Firefox', () => playsPadded(new FirefoxPlayer()));

    // One of several: nobody is asked for less for its sake.
    test('is played by Firefox behind a link of a quarter of it: sound is whole, and what is shown ' +
        'goes on', async (t) => {
        const player = new FirefoxPlayer();
        const relay = await Relay.startAt(net.address('hub'), `${server.address}:${server.mediaPort}`,
            'delay 25', 'queue 100');
        try {
            await player.start(server, NAME, pages, { relayPort: relay.port,
                relayAddress: net.address('hub') });
            await player.goesOn();
            await relay.set('rate 500');
            await pause(5_000); // the link has to be known first
            const look = async () => ({ ...await player.stats(), down: (await relay.stats()).down });
            const first = await look();
            await pause(8_000);
            const last = await look();
            const grown = (part, field) => last[part][field] - first[part][field];
            const seen = { pictures: grown('video', 'framesDecoded'), lost: grown('audio', 'packetsLost'),
                concealed: 100 * grown('audio', 'concealedSamples') / grown('audio', 'totalSamplesReceived'),
                overflowed: grown('down', 'overflowed'), sent: grown('down', 'sent') };
            t.diagnostic(JSON.stringify(seen));
            assert.ok(seen.pictures >= 2, `${seen.pictures} pictures in 8 s`);
            assert.ok(seen.lost <= 4, `${seen.lost} packets of sound lost`);
            assert.ok(seen.concealed <= 2, `${seen.concealed} % of the sound made up`);
            assert.ok(seen.overflowed < seen.sent / 20, `${seen.overflowed} of ${seen.sent} too many`);
        } finally {
            await player.close();
            await relay.stop();
        }
    });

    test('is played by GStreamer', () => playsPadded(new GstPlayer()));
});
