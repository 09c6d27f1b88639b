// SPDX-License-Identifier: GPL-3.0-or-later
// HLS in several sizes (media-outputs.md section 4.4): the official page with its quality buttons,
// FFmpeg, and a client that checks every line.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { open, publish, publishCamera, stop } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { address, fetchSegment, follow, list, parseMaster } from './lib/hls.mjs';
import { packets, probe } from './lib/mediafile.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { slowness, until, within } from './lib/wait.mjs';

const run = promisify(execFile);
const PROFILES = `# as the documentation of the original shows them
profiles:
 -120p:
  audio:
   codec : mpeg4-generic
   rate : 48000
  video:
   height : 120
   bitrate : 100
   gop : 60
   fps : 30
   codec : h264
 -240p:
  video: # without a rate: by its size
   height : 240
 -480p:
  video:
   height : 480
   bitrate : 700
 -1080p:
  video:
   height : 1080
   bitrate : 3000
`;

let server, browser, pages, page, camera, scratch;

async function master(name, query = '') {
    const response = await fetch(address(server.hls, name, query));
    const text = await response.text();
    return { status: response.status, text, ...(response.ok && { levels: parseMaster(text) }) };
}

// A segment of a level, as a file.
async function segmentOf(name) {
    const { segments } = await list(server.hls, name);
    const [segment] = segments;
    const { status, bytes } = await fetchSegment(server.hls, name, segment);
    assert.equal(status, 200);
    const file = path.join(scratch, `${name}.ts`);
    fs.writeFileSync(file, bytes);
    return { file, segment, bytes };
}

// The sums of the sound's frames in all the segments that a level lists, by their times.
async function soundOf(name) {
    const { segments } = await list(server.hls, name);
    const all = await Promise.all(segments.map((segment) => fetchSegment(server.hls, name, segment)));
    const file = path.join(scratch, `${name}.ts`);
    fs.writeFileSync(file, Buffer.concat(all.filter(({ status }) => status === 200)
        .map(({ bytes }) => bytes)));
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-copyts', '-i', file, '-map', '0:a',
        '-c', 'copy', '-f', 'framemd5', '-']);
    return new Map(stdout.split('\n').filter((line) => /^0,/.test(line))
        .map((line) => line.split(/,\s*/)).map((fields) => [fields[2], fields[5]]));
}

before(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-levels-'));
    const profiles = path.join(scratch, 'profiles.yml');
    fs.writeFileSync(profiles, PROFILES);
    [server, browser, pages] = await Promise.all([
        Server.start({ hls_abr_enabled: true, hls_abr_profiles: profiles, transcoder_idle_ms: 1000,
            hls_manager_provider_timeout: 600 }),
        Browser.open(), startPages()]);
    page = await open(browser, pages, server);
    camera = await publishCamera(page, 640, 480, { audio: true, stripCodecs: 'VP8' });
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
    fs.rmSync(scratch, { recursive: true });
});

describe('HLS in several sizes', () => {
    test('HLS-25 a list of three levels in the order of the file, none larger than the source',
        async () => {
            const { status, levels, text } = await master(camera.name, '?token=a%20b');
            assert.equal(status, 200, text);
            assert.deepEqual(levels.map(({ resolution }) => resolution),
                ['160x120', '320x240', '640x480']);
            for (const [i, height] of [120, 240, 480].entries()) {
                const level = `${camera.name}-${height}p`;
                assert.equal(levels[i].uri, `../${level}/${level}.m3u8?token=a%20b`);
                assert.match(levels[i].codecs, /^avc1\.42[0-9a-f]{4},mp4a\.40\.2$/);
            }
            const rates = levels.map(({ bandwidth }) => bandwidth);
            assert.deepEqual([...rates].sort((a, b) => a - b), rates, 'each needs more');
        });

    test('HLS-25 each level is what the list of them says, and at the same times', async () => {
        const { levels } = await master(camera.name);
        const offsets = [];
        for (const level of levels) {
            const [, name] = /^\.\.\/([^/]+)\//.exec(level.uri);
            const { file, segment, bytes } = await segmentOf(name);
            const found = probe(file);
            assert.equal(`${found.video.width}x${found.video.height}`, level.resolution);
            assert.deepEqual([found.video.codec_name, found.audio.codec_name], ['h264', 'aac']);
            assert.ok(bytes.length * 8 / segment.duration <= level.bandwidth,
                `${bytes.length} bytes in ${segment.duration} s, ${level.bandwidth} bit/s`);
            const [first] = packets(file, 'video');
            assert.ok(first.key);
            offsets.push(first.pts - segment.date / 1000);
        }
        // A player that changes from one level to another goes on at the same moment.
        assert.ok(Math.max(...offsets) - Math.min(...offsets) < 0.15 * slowness, offsets.join());
        for (const level of levels) {
            const [, name] = /^\.\.\/([^/]+)\//.exec(level.uri);
            const first = await list(server.hls, name);
            await follow(server.hls, name, (now) => now.sequence > first.sequence + 1,
                { last: first });
        }
    });

    test('HLS-25 however many watch, each level is made once, and the sound once for all', async () => {
        await Promise.all(Array.from({ length: 20 }, async () => {
            const { levels } = await master(camera.name);
            await Promise.all(levels.map(async ({ uri }) => {
                const response = await fetch(new URL(uri, address(server.hls, camera.name)));
                assert.equal(response.status, 200);
            }));
        }));
        assert.equal((await server.metrics())['sluice_variants{codec="H264"}'], 3);
        assert.doesNotMatch(server.log, /1080p/, 'nor was another begun while the size was unknown');
        // Another encoder's frames would be others. Where pictures are skipped, as the machine is busy,
        // the levels are not cut at the same moments: all that is listed of each is compared.
        await until('segments of one time', async () => {
            const frames = await Promise.all([120, 240, 480].map((height) =>
                soundOf(`${camera.name}-${height}p`)));
            const differing = [], common = frames.slice(1).map((other) => {
                const both = [...frames[0]].filter(([pts]) => other.has(pts));
                differing.push(...both.filter(([pts, sum]) => other.get(pts) !== sum));
                return both.length;
            });
            assert.deepEqual(differing, [], 'frames of another encoder');
            if (Math.min(...common) > 10)
                return true;
            throw new Error(`${common.join(' and ')} frames in common, of ` +
                frames.map((of) => `${of.size} from ${[...of.keys()][0]}`).join(', '));
        });
    });

    test('HLS-25 ffprobe finds three programmes', async () => {
        const { stdout } = await within(30_000 * slowness, 'ffprobe', run('ffprobe', ['-v', 'error',
            '-show_entries', 'program_stream=codec_name,width,height', '-of', 'json',
            address(server.hls, camera.name)]));
        const heights = JSON.parse(stdout).programs.map(({ streams }) =>
            streams.find(({ codec_name }) => codec_name === 'h264').height);
        assert.deepEqual(heights, [120, 240, 480]);
    });

    test('HLS-25 the page\'s quality buttons: three levels, and each shows its size', async () => {
        const viewer = await browser.page(
            `${pages.url}${EXAMPLES}/hls-player/hls-player.html?version=videojs8`, server);
        await viewer.waitForSelector('#applyBtn');
        await viewer.fill('#playStream', camera.name);
        await viewer.click('#applyBtn');
        const buttons = await until('there are buttons', () => viewer.evaluate(() => {
            const all = [...document.querySelectorAll('#qualityBtns button')];
            return all.length > 0 && all.map((button) => button.textContent);
        }), { timeout: 40_000 * slowness });
        assert.deepEqual(buttons, ['120', '240', '480', 'Auto']);
        for (const [index, height] of [[0, 120], [2, 480], [1, 240]]) {
            const begun = await viewer.evaluate(() => document.querySelector('video').currentTime);
            await viewer.click(`#qualityBtn${index}`);
            await until(`it shows ${height} lines and goes on`, () => viewer.evaluate(
                ([wanted, from]) => {
                    const video = document.querySelector('video');
                    if (video.videoHeight === wanted && video.currentTime > from + 1 && !video.error)
                        return true;
                    throw new Error(`${video.videoHeight} at ${video.currentTime}, from ${from}, ` +
                        `${video.error?.message}`);
                }, [height, begun]), { timeout: 40_000 * slowness });
        }
        await viewer.context().close();
    });

    test('HLS-25 a source that is smaller than all is shown in the smallest', async () => {
        const small = await publishCamera(page, 128, 96, { stripCodecs: 'VP8' });
        const { levels, text } = await master(small.name);
        assert.equal(levels.length, 1, text);
        assert.match(levels[0].codecs, /^avc1\.[0-9a-f]{6}$/, 'and has no sound');
        await stop(page, small.label, 'UNPUBLISHED');
    });

    test('a stream without pictures has no levels', async () => {
        const { label, name } = await publish(page, { constraints: { audio: true, video: false } });
        const { status, segments } = await list(server.hls, name);
        assert.equal(status, 200);
        assert.ok(segments.length > 0);
        await stop(page, label, 'UNPUBLISHED');
    });

    test('a level may be asked for first; of what is not there, there are none', async () => {
        const other = await publishCamera(page, 320, 240, { stripCodecs: 'H264' });
        const { status, segments } = await list(server.hls, `${other.name}-120p`);
        assert.equal(status, 200);
        assert.ok(segments.length >= 3);
        for (const none of [`${other.name}-99p`, 'none-120p', 'none'])
            assert.equal((await fetch(address(server.hls, none))).status, 404, none);
        const { body } = await fetch(`${server.http}/rest-api/hls/find_all`, { method: 'POST',
            body: '{}', headers: { 'Content-Type': 'application/json' } })
            .then(async (response) => ({ body: await response.json() }));
        assert.deepEqual(body.find(({ streamName }) => streamName === `${other.name}-120p`).profiles,
            ['120p']);
        await stop(page, other.label, 'UNPUBLISHED');
    });
});

test('HLS-25 what there is no room for is left out of the list', async () => {
    const profiles = path.join(scratch, 'profiles.yml');
    const full = await Server.start({ hls_abr_enabled: true, hls_abr_profiles: profiles,
        transcoders_max: 2, hls_auto_start: true });
    const where = await open(browser, pages, full);
    const { name } = await publishCamera(where, 640, 480, { stripCodecs: 'VP8' });
    // They begin by themselves, and only those that are no larger than the source, as it grows.
    await until('there is no room for the last', () => full.log.includes(`${name}-480p" hls: ended`));
    assert.doesNotMatch(full.log, /1080p/);
    const response = await fetch(address(full.hls, name));
    assert.equal(response.status, 200);
    assert.deepEqual(parseMaster(await response.text()).map(({ resolution }) => resolution),
        ['160x120', '320x240']);
    await where.context().close();
    await full.stop();
});

test('a file of profiles that is odd is told at the start', async () => {
    const odd = path.join(scratch, 'odd.yml');
    fs.writeFileSync(odd, 'profiles:\n a:\n  video:\n   height: none\n');
    await assert.rejects(Server.start({ hls_abr_enabled: true, hls_abr_profiles: odd }),
        /line 4: height is 16 to 4096/);
});
