// SPDX-License-Identifier: GPL-3.0-or-later
// `make test-long`: files and segments over OUTPUT_MINUTES (60), crashes at random moments, and many
// recordings at once (media-outputs.md sections 3 and 4).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { open, pictures, play, publish, stats, stop } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { checkNext, list } from './lib/hls.mjs';
import { decode, probe } from './lib/mediafile.mjs';
import { pulled, rest, startPull, streams } from './lib/nodes.mjs';
import { startPages } from './lib/pages.mjs';
import { skewsOf } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { Upstream } from './lib/upstream.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

const MINUTES = Number(process.env.OUTPUT_MINUTES || 60);
const LIPS_MS = 40;
const CRASHES = Number(process.env.OUTPUT_CRASHES || 20);
const RECORDINGS = 50;
const OPTIONS = { record_free_min_mb: 0, record_keyframe_ms: 1000, drain_timeout: 1 };

let scratch;

before(() => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-long-'));
});
after(() => fs.rmSync(scratch, { recursive: true }));

const recordsOf = (server) => path.join(server.options.state_dir, 'records');
const filesOf = (server) => fs.readdirSync(recordsOf(server)).sort();

// Pulls a stream of an upstream and records it.
async function record(server, upstream, name) {
    await startPull(server, upstream, 'test', name);
    await pulled(server, name);
    const [{ mediaSessionId }] = await streams(server, { name, published: true });
    const { status } = await rest(server, '/recorder/startup', { mediaSessionId,
        config: { fileTemplate: `${name}-{startTimeMillis}` } });
    assert.equal(status, 200);
    await until(`${name} is being written`, () =>
        filesOf(server).find((file) => file.startsWith(name)));
    return mediaSessionId;
}

// How much later than its flash each beep comes, in a part of a file.
async function skewsAt(file, beginS, lengthS) {
    const part = path.join(scratch, `part-${beginS}.flv`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-ss', String(beginS), '-i', file, '-t',
        String(lengthS), '-c', 'copy', part]);
    return skewsOf(part);
}

function assertLips(skews, when) {
    assert.ok(skews.length >= 5, `${skews.length} beeps with a flash, ${when}`);
    const sorted = [...skews].sort((a, b) => a - b), median = sorted[sorted.length >> 1];
    assert.ok(Math.abs(median) <= LIPS_MS * slowness, `${median} ms, ${when}`);
}

test(`REC-6 HLS-7 ${MINUTES} minutes with 5 % loss: lips stay, and HLS has no gap`, async () => {
    // Each twentieth packet of pictures is lost until it is asked for.
    const upstream = await Upstream.start({ codec: 'H264', content: 'beep', dropEvery: 20 });
    const server = await Server.start({ ...OPTIONS, pull_timeout_ms: 20_000 });
    try {
        const mediaSessionId = await record(server, upstream, 'beeps');
        const begun = Date.now();
        let last = await list(server.hls, 'beeps'), segments = last.segments.length;
        while (Date.now() - begun < MINUTES * 60_000) {
            await pause(1000);
            const now = checkNext(last, await list(server.hls, 'beeps'));
            assert.ok(now.segments.slice(1).every(({ discontinuity }) => !discontinuity), now.text);
            segments += now.sequence + now.segments.length - last.sequence - last.segments.length;
            last = now;
        }
        assert.ok(segments > MINUTES * 60 / last.target - 10, `${segments} segments`);
        assert.equal((await rest(server, '/recorder/terminate', { mediaSessionId })).status, 200);
        const name = await until('the file is whole', () =>
            filesOf(server).find((file) => file.endsWith('.mp4')), { timeout: 20_000 });
        const file = path.join(recordsOf(server), name);
        const { seconds } = probe(file);
        assert.ok(Math.abs(seconds - MINUTES * 60) < 10, `${seconds} s`);
        assertLips(await skewsAt(file, 0, 15), 'at the start');
        assertLips(await skewsAt(file, seconds - 20, 15), 'at the end');
        if (seconds > 700)
            assertLips(await skewsAt(file, 600, 15), 'after ten minutes');
        decode(file);
    } finally {
        await server.stop();
        await upstream.stop();
    }
});

test(`REC-10 kill -9 ${CRASHES} times at random moments: each file plays`, async () => {
    const source = await Upstream.start({ codec: 'H264' });
    const stateDir = path.join(scratch, 'state');
    fs.mkdirSync(stateDir);
    const known = new Set();
    try {
        for (let i = 0; i < CRASHES; i++) {
            const server = await Server.start({ ...OPTIONS, state_dir: stateDir });
            await until('what the last crash left is whole', () =>
                !filesOf(server).some((name) => name.endsWith('.part')));
            for (const name of filesOf(server).filter((file) => !known.has(file))) {
                known.add(name);
                const file = path.join(recordsOf(server), name);
                assert.ok(probe(file).seconds >= 1, `${name}: ${probe(file).seconds} s`);
                assert.ok(decode(file) > 10, name);
            }
            assert.equal(known.size, i, [...known].join());
            await record(server, source, `crash-${i}`);
            await pause(4000 + Math.random() * 4000);
            server.kill();
            await server.end;
        }
    } finally {
        await source.stop();
    }
});

describe(`REC-25 ${RECORDINGS} recordings at once`, () => {
    let server, many, browser, pages;

    before(async () => {
        [server, many, browser, pages] = await Promise.all([Server.start(OPTIONS),
            Server.start({ ...OPTIONS, pulls_max: 100, records_max: 100 }), Browser.open(),
            startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
        await many?.stop();
    });

    test('cost a player of another stream no frame', async () => {
        // VP8 and opus stay as they are: what is watched is the writing, not the encoding.
        const small = { constraints: { audio: true, video: { width: 320, height: 240 } },
            stripCodecs: 'H264' };
        const source = await open(browser, pages, server);
        const { name } = await publish(source, small);
        const page = await open(browser, pages, many);
        const other = await publish(page, small);
        const player = await play(page, other.name);
        await pictures(page, player, 30);
        const names = Array.from({ length: RECORDINGS }, (_, i) => `${name}-${i}`);
        for (const local of names)
            await startPull(many, server, name, local);
        await Promise.all(names.map((local) => pulled(many, local, 30_000)));
        for (const local of names) {
            const [{ mediaSessionId }] = await streams(many, { name: local, published: true });
            const { status } = await rest(many, '/recorder/startup', { mediaSessionId,
                config: { fileTemplate: local } });
            assert.equal(status, 200);
        }
        await until('all are being written', () => filesOf(many).length === RECORDINGS,
            { timeout: 30_000 });
        const before = await stats(page, player, 'in', 'video');
        await pause(20_000);
        const now = await stats(page, player, 'in', 'video');
        assert.equal(now.packetsLost - before.packetsLost, 0);
        assert.equal(now.freezeCount - before.freezeCount, 0);
        assert.equal(now.framesReceived - before.framesReceived >= 20 * 15, true);
        assert.equal(now.nackCount - before.nackCount, 0);
        await stop(page, player, 'STOPPED');
        await Promise.all(names.map(async (local) => {
            const [{ mediaSessionId }] = await streams(many, { name: local, published: true });
            await rest(many, '/recorder/terminate', { mediaSessionId });
        }));
        const files = await until('all are whole', () => {
            const found = filesOf(many);
            return found.every((file) => file.endsWith('.webm')) && found;
        }, { timeout: 30_000 });
        assert.equal(files.length, RECORDINGS);
        for (const file of files)
            assert.ok(probe(path.join(recordsOf(many), file)).seconds > 15, file);
    });
});
