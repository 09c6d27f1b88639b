// SPDX-License-Identifier: GPL-3.0-or-later
// What a player cannot take, or wants otherwise, is made for it (media-outputs.md section 2):
// Chromium with the official SDK as publisher and player.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { SMALL, call, event, open, pictures, play, publish, publishCamera, sound, stats, stop }
    from './lib/bare.mjs';
import { Browser, only, text } from './lib/browser.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Relay } from './lib/relay.mjs';
import { Server } from './lib/server.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

let server, browser, pages, page;

async function player(name) {
    const response = await fetch(`${server.http}/rest-api/stream/find`, {
        method: 'POST', body: JSON.stringify({ name, published: false }),
        headers: { 'Content-Type': 'application/json' } });
    return (await response.json())[0];
}

function size(seen) {
    return [seen.frameWidth, seen.frameHeight];
}

// The colour in the middle of what a label shows.
function middle(where, label) {
    return where.evaluate((name) => {
        const video = window.sluice.video(name);
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: 8, height: 8 });
        const context = canvas.getContext('2d');
        context.drawImage(video, 0, 0, 8, 8);
        return [...context.getImageData(2, 5, 1, 1).data.slice(0, 3)];
    }, label);
}

// kbit/s of what comes in over `ms`.
async function rate(where, label, ms) {
    const first = await stats(where, label, 'in', 'video');
    const at = Date.now();
    await pause(ms);
    const last = await stats(where, label, 'in', 'video');
    return (last.bytesReceived - first.bytesReceived) * 8 / (Date.now() - at);
}

// The server's children, by what they are for.
function codecProcesses() {
    return fs.readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ')
        .filter(Boolean).map((pid) => ({ pid: Number(pid),
            title: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }));
}

describe('transcoding', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ outbound_video_rate_stat_send_interval: 1, transcoder_idle_ms: 1000 }),
            Browser.open(), startPages(),
        ]);
        page = await open(browser, pages, server);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    for (const [from, to, strip] of [['H264', 'VP8', { publisher: 'VP8', player: 'H264' }],
        ['VP8', 'H264', { publisher: 'H264', player: 'VP8' }]]) {
        test(`TRC-1 ${from} is played as ${to}, the same picture`, async () => {
            const { label, name } = await publishCamera(page, 640, 480,
                { audio: true, stripCodecs: strip.publisher });
            assert.equal((await pictures(page, label, 5, 'out')).codec, `video/${from}`);
            const plain = await play(page, name, { stripCodecs: strip.publisher });
            const made = await play(page, name, { stripCodecs: strip.player });
            const seen = await pictures(page, made, 20);
            assert.equal(seen.codec, `video/${to}`);
            assert.deepEqual(size(seen), size(await pictures(page, plain, 1)));
            await sound(page, made);
            await until('both show the same', async () => {
                const [a, b] = [await middle(page, plain), await middle(page, made)];
                const off = Math.max(...a.map((value, i) => Math.abs(value - b[i])));
                if (off > 60)
                    throw new Error(`${a} and ${b}`);
                return true;
            });
            assert.equal((await player(name)).videoCodec !== undefined, true);
            await stop(page, label, 'UNPUBLISHED');
        });
    }

    const ALL = ['opus', 'PCMA', 'PCMU', 'G722'];
    for (const [from, to] of [['PCMA', 'opus'], ['PCMU', 'opus'], ['G722', 'opus'], ['opus', 'PCMA'],
        ['opus', 'G722']]) {
        test(`TRC-2 ${from} is heard as ${to}`, async () => {
            const without = (codec) => ALL.filter((other) => other !== codec).join(',');
            const { label, name } = await publish(page,
                { constraints: { audio: true, video: false }, stripCodecs: without(from) });
            const made = await play(page, name, { stripCodecs: without(to) });
            const heard = await sound(page, made);
            assert.equal(heard.codec.toLowerCase(), `audio/${to.toLowerCase()}`);
            const told = await player(name);
            assert.equal(told.audioCodec, to);
            await until('it goes on without gaps', async () => {
                const now = await stats(page, made, 'in', 'audio');
                return now.totalSamplesReceived > 16000 && // two seconds of G.711
                    now.concealedSamples < now.totalSamplesReceived / 5;
            });
            await stop(page, label, 'UNPUBLISHED');
        });
    }

    test('TRC-3 TRC-4 TRC-5 TRC-12 sizes: in the box, kept, and told', async () => {
        const { label, name } = await publishCamera(page, 1280, 720);
        const cases = [[{ width: '640' }, [640, 360]], [{ width: 500, height: 500 }, [500, 280]],
            [{ width: 320, height: '180' }, [320, 180]]];
        const players = [];
        for (const [video] of cases)
            players.push(await play(page, name, { constraints: { audio: false, video } }));
        for (const [i, [, wanted]] of cases.entries()) {
            const seen = await pictures(page, players[i]);
            assert.ok(Math.abs(seen.frameWidth - wanted[0]) <= 2 &&
                Math.abs(seen.frameHeight - wanted[1]) <= 2, `${size(seen)}, not ${wanted}`);
            const resized = await event(page, players[i], 'RESIZE', (e) => e.status === 'RESIZE');
            assert.deepEqual([resized.info.width, resized.info.height], size(seen));
        }
        // equal to what is published: it stays when that changes
        const same = await play(page, name,
            { constraints: { audio: false, video: { width: 1280, height: 720 } } });
        assert.deepEqual(size(await pictures(page, same)), [1280, 720]);
        await call(page, 'resizeCamera', label, 640, 360);
        await until('the publication is half as large', async () =>
            (await stats(page, label, 'out', 'video')).frameWidth === 640);
        assert.deepEqual(size(await pictures(page, same, 20)), [1280, 720]);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-13 another size of the source: who wants another codec only is told', async () => {
        const { label, name } = await publishCamera(page, 640, 480, { stripCodecs: 'VP8' });
        const made = await play(page, name, { stripCodecs: 'H264' });
        assert.deepEqual(size(await pictures(page, made)), [640, 480]);
        await call(page, 'resizeCamera', label, 320, 240);
        await event(page, made, 'RESIZE to 320', (e) => e.status === 'RESIZE' && e.info.width === 320);
        await until('it is shown', async () =>
            (await stats(page, made, 'in', 'video')).frameWidth === 320);
        assert.ok(!(await call(page, 'events', made)).some((e) => e.status === 'FAILED'));
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-6 TRC-7 rates are kept, and quality orders them', async () => {
        const { label, name } = await publishCamera(page, 640, 480, { noise: true });
        const wanted = { rate: { bitrate: 300 }, low: { quality: 10 }, middle: { quality: '50' },
            high: { quality: 90 } };
        const labels = {};
        for (const [key, video] of Object.entries(wanted))
            labels[key] = await play(page, name, { constraints: { audio: false, video } });
        for (const key of Object.keys(wanted))
            await pictures(page, labels[key], 30);
        const measured = Object.fromEntries(await Promise.all(Object.keys(wanted).map(async (key) =>
            [key, await rate(page, labels[key], 8_000)])));
        assert.ok(Math.abs(measured.rate - 300) < 45, `${measured.rate} kbit/s`);
        assert.ok(measured.low < measured.middle && measured.middle < measured.high,
            JSON.stringify(measured));
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-8 TRC-9 TRC-17 one encoder for all who want the same, gone after the last', async () => {
        const { label, name } = await publishCamera(page, 640, 480);
        const video = { width: 320, height: 240 };
        const first = await play(page, name, { constraints: { audio: false, video } });
        await pictures(page, first);
        const asked = (await stats(page, label, 'out', 'video')).pliCount;
        const others = [];
        for (let i = 0; i < 4; i++)
            others.push(await play(page, name, { constraints: { audio: false, video } }));
        for (const other of others)
            await pictures(page, other, 5);
        assert.equal((await server.metrics())['sluice_variants{codec="H264"}'], 1);
        const smaller = await play(page, name, { constraints: { audio: false, video: { width: 160 } } });
        await pictures(page, smaller, 5);
        assert.equal((await server.metrics())['sluice_variants{codec="H264"}'], 2);
        // who joins what is made costs the publisher nothing
        assert.equal((await stats(page, label, 'out', 'video')).pliCount, asked);
        for (const one of [first, smaller, ...others])
            await stop(page, one, 'STOPPED');
        await until('nothing is made any more', async () =>
            (await server.metrics())['sluice_variants{codec="H264"}'] === 0);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-20 odd wishes', async () => {
        const { label, name } = await publish(page, { constraints: SMALL });
        for (const width of ['abc', {}, -1]) {
            const as = await play(page, name, { constraints: { audio: false, video: { width } } });
            assert.deepEqual(size(await pictures(page, as, 5)), [320, 240]);
            await stop(page, as, 'STOPPED');
        }
        const huge = await call(page, 'play', 'huge', name,
            { constraints: { audio: false, video: { width: 1e9 } } });
        assert.deepEqual([huge.status, huge.info], ['FAILED', 'Failed by error']);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-3 player.html?resolution=320x240 of a stream of 640x480', async () => {
        const { label, name } = await publishCamera(page, 640, 480, { audio: true });
        const official = await browser.page(
            `${pages.url}${EXAMPLES}/player/player.html?resolution=320x240`, server);
        await official.fill('#streamName', name);
        await official.click('#playBtn');
        await text(official, '#status', 'PLAYING');
        await until('the picture is of that size', async () => {
            const seen = await only(official, 'in', 'video');
            return seen.framesDecoded > 20 && seen.frameWidth === 320 && seen.frameHeight === 240;
        });
        assert.deepEqual(official.faults, []);
        await official.context().close();
        await stop(page, label, 'UNPUBLISHED');
    });

    test('TRC-11 what a player of something made loses is repaired from there', async () => {
        const relay = await Relay.start(server.mediaPort, 'delay 10');
        const { label, name } = await publishCamera(page, 640, 480, { noise: true });
        const made = await play(page, name,
            { relayPort: relay.port, constraints: { audio: false, video: { width: 320 } } });
        await pictures(page, made, 10);
        const before = (await stats(page, label, 'out', 'video')).pliCount;
        await relay.set('loss 5');
        const seen = await pictures(page, made, 150);
        assert.ok(seen.nackCount > 0 && seen.retransmittedPacketsReceived > 0, JSON.stringify(seen));
        assert.equal((await stats(page, label, 'out', 'video')).pliCount, before);
        await relay.stop();
        await stop(page, label, 'UNPUBLISHED');
    });

    describe('codec processes that die', () => {
        const restarts = async () => (await server.metrics()).sluice_codec_process_restarts_total;
        const ofPictures = () =>
            codecProcesses().filter((one) => one.title.startsWith('sluice: pictures'));

        // A plain player that must lose nothing, and one of each width.
        async function watched(widths) {
            const { label, name } = await publishCamera(page, 640, 480);
            const plain = await play(page, name);
            const made = [];
            for (const width of widths)
                made.push(await play(page, name,
                    { constraints: { audio: false, video: { width } } }));
            for (const one of made)
                await pictures(page, one, 20);
            const before = await stats(page, plain, 'in', 'video');
            return { label, plain, made, before };
        }

        async function unharmed({ label, plain, made, before }) {
            for (const one of made)
                await pictures(page, one, 20);
            // a freeze would be the browser's, which has the same processors
            assert.equal((await stats(page, plain, 'in', 'video')).packetsLost, before.packetsLost);
            for (const one of made)
                assert.ok(!(await call(page, 'events', one)).some((e) => e.status === 'FAILED'));
            await stop(page, label, 'UNPUBLISHED');
        }

        // How long the longest picture that a player has waited for was on its way, in ms, from a
        // fault on until a new process makes them again.
        async function longestPause(label, act) {
            const video = async () => (await stats(page, label, 'in', 'video')).framesDecoded;
            const before = await restarts();
            let count = await video();
            let since = Date.now();
            let longest = 0;
            await act();
            let again; // how many have come by then
            await until('pictures come again', async () => {
                const now = await video();
                if (now !== count) {
                    longest = Math.max(longest, Date.now() - since);
                    since = Date.now();
                    count = now;
                }
                if (again === undefined && await restarts() > before)
                    again = now;
                return count > again + 10;
            }, { interval: 20, timeout: 30_000 });
            return longest;
        }

        test('kill -9 with one size in it', async (t) => {
            const all = await watched([320]);
            const pause = await longestPause(all.made[0], () => {
                for (const { pid } of ofPictures())
                    process.kill(pid, 'SIGKILL');
            });
            t.diagnostic(`longest pause ${pause} ms`);
            await unharmed(all);
        });

        test('kill -9 with four sizes in it', async (t) => {
            const all = await watched([320, 240, 200, 160]);
            const pause = await longestPause(all.made[3], () => {
                for (const { pid } of ofPictures())
                    process.kill(pid, 'SIGKILL');
            });
            t.diagnostic(`longest pause ${pause} ms`);
            await unharmed(all);
        });

        test('SIGSTOP: it is taken for what it is', async (t) => {
            const all = await watched([320]);
            const pause = await longestPause(all.made[0], () => {
                for (const { pid } of ofPictures())
                    process.kill(pid, 'SIGSTOP');
            });
            t.diagnostic(`longest pause ${pause} ms`);
            await unharmed(all);
        });

        test('a sound process: sound goes on', async () => {
            const { label, name } = await publish(page, { constraints: { audio: true, video: false } });
            const made = await play(page, name, { stripCodecs: 'opus,PCMU,G722' });
            await sound(page, made);
            for (const { pid } of codecProcesses().filter((one) => one.title.startsWith('sluice: sound')))
                process.kill(pid, 'SIGKILL');
            const before = (await stats(page, made, 'in', 'audio')).packetsReceived;
            await until('packets come again', async () =>
                (await stats(page, made, 'in', 'audio')).packetsReceived > before + 50);
            await stop(page, label, 'UNPUBLISHED');
        });

        // 176 x 112 makes the decoder of a build with tests write where it must not.
        test('a source that brings it down twice is left alone, others go on', async () => {
            const all = await watched([320]);
            const { label, name } = await publishCamera(page, 176, 112, { stripCodecs: 'VP8' });
            await call(page, 'play', 'doomed', name, { stripCodecs: 'H264' });
            const ended = await event(page, 'doomed', 'its end', (e) => e.status === 'FAILED');
            assert.equal(ended.info, 'Failed by error');
            await server.waitForLog(new RegExp(`codec: "?${name}"? has brought down 2 processes`));
            assert.equal((await server.metrics()).sluice_codec_quarantines_total, 1);
            const again = await call(page, 'play', 'again', name, { stripCodecs: 'H264' });
            assert.deepEqual([again.status, again.info], ['FAILED', 'Failed by error']);
            await stop(page, label, 'UNPUBLISHED');
            await unharmed(all);
        });
    });

    test('TRC-16 a machine full of work: who plays as published loses nothing', async (t) => {
        const { label, name } = await publishCamera(page, 1280, 720, { noise: true });
        const plain = await play(page, name);
        await pictures(page, plain, 30);
        const before = await stats(page, plain, 'in', 'video');
        let made = 0;
        for (; made < 16; made++) {
            const next = await call(page, 'play', `load-${made}`, name,
                { constraints: { audio: false, video: { width: 1280 - 16 * made } } });
            if (next.status === 'FAILED') {
                assert.equal(next.info, 'No available transcoders');
                break;
            }
        }
        t.diagnostic(`${made} sizes`);
        assert.ok(made < 16, 'there is an end');
        const started = Date.now();
        assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
        assert.ok(Date.now() - started < 1000 * slowness);
        await pictures(page, plain, 60);
        const now = await stats(page, plain, 'in', 'video');
        assert.equal(now.packetsLost, before.packetsLost);
        await stop(page, label, 'UNPUBLISHED');
    });
});

describe('transcoding that is off or full', () => {
    before(async () => {
        [browser, pages] = await Promise.all([Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
    });

    test('TRC-14 transcoding_disabled: refused before any answer, sound still is made', async () => {
        server = await Server.start({ transcoding_disabled: true });
        page = await open(browser, pages, server);
        const { label, name } = await publish(page, { constraints: SMALL, stripCodecs: 'VP8' });
        for (const options of [{ stripCodecs: 'H264' }, { constraints: { video: { width: 160 } } }]) {
            const refused = await call(page, 'play', 'refused', name, options);
            assert.deepEqual([refused.status, refused.info],
                ['FAILED', 'Transcoding required, but disabled']);
        }
        const heard = await play(page, name, { stripCodecs: 'opus,PCMU,G722' });
        assert.equal((await sound(page, heard)).codec, 'audio/PCMA');
        await stop(page, label, 'UNPUBLISHED');
        await server.stop();
    });

    test('TRC-15 at the bound newcomers of what is made already are welcome, others refused', async () => {
        server = await Server.start({ transcoders_max: 1 });
        page = await open(browser, pages, server);
        const { label, name } = await publishCamera(page, 640, 480);
        const video = { width: 320, height: 240 };
        const first = await play(page, name, { constraints: { audio: false, video } });
        const refused = await call(page, 'play', 'refused', name,
            { constraints: { audio: false, video: { width: 160 } } });
        assert.deepEqual([refused.status, refused.info], ['FAILED', 'No available transcoders']);
        await pictures(page, await play(page, name, { constraints: { audio: false, video } }), 5);
        await pictures(page, await play(page, name), 5);
        await pictures(page, first, 5);
        assert.ok((await server.metrics()).sluice_transcoding_refused_total >= 1);
        await stop(page, label, 'UNPUBLISHED');
        await server.stop();
    });
});
