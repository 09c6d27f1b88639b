// SPDX-License-Identifier: GPL-3.0-or-later
// Bad networks: a relay between browser and server loses, delays, reorders and duplicates. What the
// publisher sends must reach the player's decoder, without freezes (hardening.md, faults).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Relay } from './lib/relay.mjs';
import { Server } from './lib/server.mjs';
import { pause, until } from './lib/wait.mjs';

const MEASURE_MS = 12_000;
const CAMERA = { audio: true, video: { width: 640, height: 480, minBitrate: 800, maxBitrate: 1500 } };

let server, browser, pages, page;
let number = 0;

function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

// Pictures sent and decoded at a moment when nothing is under way that would be lost.
async function count(publisher, player) {
    const [{ out: { video: out } }, { in: { video, audio } }] = await Promise.all([
        call('stats', publisher), call('stats', player)]);
    return { sent: out.framesSent, decoded: video.framesDecoded, freezes: video.freezeCount,
        frozen: video.totalFreezesDuration, concealed: audio.concealedSamples,
        samples: audio.totalSamplesReceived, size: `${video.frameWidth}x${video.frameHeight}`,
        nacks: video.nackCount, plis: video.pliCount, repaired: video.retransmittedPacketsReceived };
}

// Longest time between two decoded pictures while `ms` pass, sampled in the page at every picture.
function longestGap(player, ms) {
    return page.evaluate(async ([label, duration]) => {
        const video = window.sluice.video(label);
        let last = performance.now();
        let longest = 0;
        let running = true;
        const onPicture = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
            if (running)
                video.requestVideoFrameCallback(onPicture);
        };
        video.requestVideoFrameCallback(onPicture);
        await new Promise((resolve) => setTimeout(resolve, duration));
        running = false;
        return Math.max(longest, performance.now() - last);
    }, [player, ms]);
}

// Publishes and plays through the given networks and measures. A leg is a list of relay commands,
// or null for a direct connection.
async function measure({ publisherLeg, playerLeg }) {
    const relays = await Promise.all([publisherLeg, playerLeg].map((leg) =>
        leg && Relay.start(server.mediaPort, 'delay 25')));
    const [publisher, player, name] = [`from-${++number}`, `to-${number}`, `loss-${number}`];
    try {
        const started = await call('publish', publisher, name, { constraints: CAMERA,
            relayPort: relays[0]?.port });
        assert.equal(started.status, 'PUBLISHING', started.info);
        const playing = await call('play', player, name, { relayPort: relays[1]?.port });
        assert.equal(playing.status, 'PLAYING', playing.info);
        await until('a steady picture', async () => {
            const { in: { video } } = await call('stats', player);
            return video?.framesDecoded > 60;
        });
        const before = await count(publisher, player);
        await Promise.all(relays.map((relay, i) => relay?.set(...[publisherLeg, playerLeg][i])));
        const gap = await longestGap(player, MEASURE_MS);
        // what was lost at the end is repaired by what comes after it
        await Promise.all(relays.map((relay) => relay?.set('loss 0', 'reorder 0', 'duplicate 0')));
        await pause(1_000);
        const after = await count(publisher, player);
        for (const relay of relays.filter(Boolean)) {
            const { up, down } = await relay.stats();
            assert.ok(up.received + down.received > 500, 'the media passes the relay');
        }
        const sent = after.sent - before.sent;
        const decoded = after.decoded - before.decoded;
        assert.ok(sent > MEASURE_MS / 1000 * 10, `only ${sent} pictures were sent`);
        // two may be on their way when the counts are taken
        return { ratio: (decoded + 2) / sent, gap, sent, decoded, before, after };
    } finally {
        await call('stop', player);
        await call('stop', publisher);
        await Promise.all(relays.map((relay) => relay?.stop()));
    }
}

describe('bad networks, 50 ms round trip', { concurrency: 2 }, () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([Server.start(), Browser.open(), startPages()]);
        page = await browser.page(pages.url + BARE, server);
        assert.equal(await call('connect', server.ws), 'ESTABLISHED');
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    for (const { what, least, maxGap, ...legs } of [
        { what: '5 % loss towards the player', least: 0.99, maxGap: 1000, playerLeg: ['loss 5'] },
        { what: '5 % loss from the publisher', least: 0.99, maxGap: 1000, publisherLeg: ['loss 5'] },
        { what: '10 % loss towards the player', least: 0.95, playerLeg: ['loss 10'] },
        { what: '10 % loss from the publisher', least: 0.95, publisherLeg: ['loss 10'] },
        { what: '5 % reordered and 2 % twice, both ways', least: 0.99, maxGap: 1000,
            publisherLeg: ['reorder 5', 'duplicate 2'], playerLeg: ['reorder 5', 'duplicate 2'] },
    ]) {
        test(`${what}: at least ${least * 100} % of the pictures are decoded`, async (t) => {
            const result = await measure({ publisherLeg: null, playerLeg: null, ...legs });
            const text = `${result.decoded} of ${result.sent} pictures, longest gap ` +
                `${result.gap.toFixed()} ms, ${JSON.stringify(result.after)}`;
            t.diagnostic(text);
            assert.ok(result.ratio >= least, text);
            if (maxGap)
                assert.ok(result.gap <= maxGap, text);
        });
    }

    test('media resumes after the network was gone for 3 seconds', async () => {
        const relay = await Relay.start(server.mediaPort, 'delay 25');
        await call('publish', 'steady', 'loss-gone', { constraints: CAMERA });
        await call('play', 'cut off', 'loss-gone', { relayPort: relay.port });
        const decoded = async () => (await call('stats', 'cut off')).in.video?.framesDecoded ?? 0;
        await until('a picture', async () => (await decoded()) > 30);
        await relay.set('drop on');
        await pause(3_000);
        await relay.set('drop off');
        const before = await decoded();
        await until('pictures again', async () => (await decoded()) > before + 15, { timeout: 5_000 });
        await call('stop', 'cut off');
        await call('stop', 'steady');
        await relay.stop();
    });
});
