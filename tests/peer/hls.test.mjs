// SPDX-License-Identifier: GPL-3.0-or-later
// HLS (media-outputs.md section 4): the official pages, Chromium's own player, FFmpeg and VLC, and a
// client that checks every line.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SMALL, call, open, pictures, play, publish, publishCamera, stop } from './lib/bare.mjs';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Browser } from './lib/browser.mjs';
import { address, checkNext, fetchSegment, follow, list, tsStart } from './lib/hls.mjs';
import { EXAMPLES, startPages } from './lib/pages.mjs';
import { run } from './lib/rtmp.mjs';
import { Server } from './lib/server.mjs';
import { pause, slowness, until } from './lib/wait.mjs';

// What a <video> has shown so far, seen from the page.
function seen(page, selector) {
    return page.evaluate((wanted) => {
        const video = document.querySelector(wanted);
        return { time: video.currentTime, width: video.videoWidth, height: video.videoHeight,
            pictures: video.getVideoPlaybackQuality().totalVideoFrames,
            sound: video.webkitAudioDecodedByteCount, error: video.error?.message };
    }, selector);
}

// It shows moving pictures of this size, with sound, for some seconds.
async function assertShows(page, selector, { width = 320, height = 240, sound = true, s = 4 } = {}) {
    let first;
    await until(`${selector} shows a picture and goes on for ${s} s`, async () => {
        const now = await seen(page, selector);
        assert.equal(now.error, undefined);
        if (width && now.width === 0)
            throw new Error(`nothing yet: ${JSON.stringify(now)}; ${page.log.slice(-5).join(' / ')}`);
        if (!first && now.time > 0)
            first = now;
        if (first && now.time - first.time >= s &&
            (!width || now.pictures - first.pictures > s * 5))
            return true;
        throw new Error(JSON.stringify({ first, now }));
    }, { timeout: 40_000 * slowness });
    const now = await seen(page, selector);
    if (width) // a publisher on a busy machine may have made it smaller, in its shape
        assert.ok(now.width <= width && now.width >= width / 2 &&
            Math.abs(now.width * height - now.height * width) <= width, `${now.width} x ${now.height}`);
    if (sound)
        assert.ok(now.sound > 0, 'no sound');
}

async function metric(server, name) {
    const text = await (await fetch(`${server.http}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1]);
}

async function post(server, what, body = {}) {
    const response = await fetch(`${server.http}/rest-api/${what}`, { method: 'POST',
        body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

// One GET of any path, as it is: fetch() would mend it.
function raw(server, pathname, { method = 'GET', headers } = {}) {
    const port = server.options['hls.port'];
    return new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port, path: pathname, method, headers },
            (response) => {
                response.resume();
                response.on('end', () => resolve({ status: response.statusCode,
                    headers: response.headers }));
            });
        request.on('error', reject);
        request.end();
    });
}

let browser, pages;

before(async () => {
    [browser, pages] = await Promise.all([Browser.open(), startPages()]);
});
after(async () => {
    await browser?.close();
    await pages?.close();
});

describe('HLS', () => {
    let server, page, camera;

    before(async () => {
        server = await Server.start({ hls_end_wait_ms: 3000 });
        page = await open(browser, pages, server);
        camera = await publishCamera(page, 320, 240, { audio: true, stripCodecs: 'VP8' });
    });
    after(async () => {
        await page?.context().close();
        await server?.stop();
    });

    test('HLS-5 the first answer has three segments, within 6 s', async () => {
        const started = Date.now();
        const first = await list(server.hls, camera.name);
        assert.equal(first.status, 200);
        assert.ok(first.segments.length >= 3, first.text);
        assert.ok(Date.now() - started < 6000 * slowness, `${Date.now() - started} ms`);
        assert.equal(first.headers.get('content-type'), 'application/vnd.apple.mpegurl');
        assert.equal(first.headers.get('cache-control'), 'no-cache');
        assert.ok(Math.abs(first.segments[0].date - started) < 5000 * slowness);
        const played = await post(server, 'stream/find', { name: camera.name, published: false });
        assert.equal(played.body.length, 1);
        assert.equal(played.body[0].status, 'PLAYING');
        assert.equal(played.body[0].mediaProvider, 'HLS');
        assert.match(played.body[0].mediaSessionId,
            new RegExp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-${camera.name}-HLS$`));
    });

    // Each of them mostly watches.
    describe('players side by side', { concurrency: 3 }, () => {
        for (const version of ['videojs7', 'videojs8']) {
            test(`HLS-1 hls-player with ${version}`, async () => {
                const viewer = await browser.page(
                    `${pages.url}${EXAMPLES}/hls-player/hls-player.html?version=${version}`, server);
                await viewer.waitForSelector('#applyBtn');
                assert.equal(await viewer.inputValue('#urlServer'), server.hls);
                await viewer.fill('#playStream', camera.name);
                await viewer.click('#applyBtn');
                await assertShows(viewer, 'video', { s: 5 });
                await viewer.click('#applyBtn');
                await until('it has stopped', async () =>
                    (await viewer.textContent('#applyBtn')).trim() === 'Play');
                await viewer.context().close();
            });
        }

        for (const query of ['', '?llhls=true']) {
            test(`HLS-2 hls-js-player${query}`, async () => {
                const viewer = await browser.page(
                    `${pages.url}${EXAMPLES}/hls-js-player/hls-js-player.html${query}`, server);
                await viewer.waitForSelector('#applyBtn');
                await viewer.fill('#playStream', camera.name);
                await viewer.click('#applyBtn');
                await assertShows(viewer, 'video');
                await viewer.context().close();
            });
        }

        test('HLS-3 hls-native in the browser\'s own player', async () => {
            const viewer = await browser.page(
                `${pages.url}${EXAMPLES}/hls-native/hls-native.html`, server, {
                    // it asks for Safari, by name
                    init: () => Object.defineProperty(navigator, 'userAgent', {
                        get: () => 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ' +
                            'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15' }),
                });
            await viewer.waitForSelector('#applyBtn');
            await viewer.fill('#playStream', camera.name);
            await viewer.click('#applyBtn');
            await assertShows(viewer, 'video');
            await viewer.context().close();
        });

        test('HLS-3 hls_static', async () => {
            const viewer = await browser.page(
                `${pages.url}${EXAMPLES}/hls_static/hls-player.html`, server);
            await viewer.fill('#urlServer', server.hls);
            await viewer.fill('#playStream', camera.name);
            await viewer.click('#applyBtn');
            await assertShows(viewer, 'video');
            await viewer.context().close();
        });

        test('HLS-7 FFmpeg finds no gap', async () => {
            const out = await run('ffprobe', ['-v', 'warning', '-live_start_index', '-3', '-read_intervals',
                '%+12', '-show_entries', 'packet=stream_index,codec_type,dts_time,duration_time', '-of',
                'json', address(server.hls, camera.name)]);
            const { packets } = JSON.parse(out);
            for (const [type, most] of [['video', 1], ['audio', 0.03]]) {
                const times = packets.filter((packet) => packet.codec_type === type)
                    .map((packet) => Number(packet.dts_time));
                assert.ok(times.length > 50, `${times.length} packets of ${type}`);
                for (let i = 1; i < times.length; i++)
                    assert.ok(times[i] > times[i - 1] && times[i] - times[i - 1] < most,
                        `${type}: ${times[i - 1]} and ${times[i]}`);
            }
        });
    });

    test('HLS-4 what is not there is 404', async () => {
        for (const missing of ['/no/x.m3u8', '/a/b.m3u8', '/no/no.m3u8', '/', '/x', '/no/',
            `/${camera.name}/`, `/${camera.name}/other.m3u8`, `/other/${camera.name}.m3u8`,
            `/${camera.name}/00000000-0-00000000.ts`])
            assert.equal((await raw(server, missing)).status, 404, missing);
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
            assert.equal((await raw(server, '/no/no.m3u8', { method })).status, 405);
    });

    test('HLS-4 ten thousand names that do not exist cost little', async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
        const get = (i) => new Promise((resolve, reject) => http.get({ agent, host: '127.0.0.1',
            port: server.options['hls.port'], path: `/no${i}/no${i}.m3u8` }, (response) => {
            response.resume();
            response.on('end', () => resolve(response.statusCode));
        }).on('error', reject));
        const cpu = () => fs.readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(' ')
            .slice(13, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
        const start = cpu();
        for (let i = 0; i < 10_000; i += 500)
            for (const status of await Promise.all([...Array(500).keys()].map((k) => get(i + k))))
                assert.equal(status, 404);
        agent.destroy();
        assert.ok(cpu() - start < 10 * slowness, `${cpu() - start} s of computing`);
        assert.equal(await metric(server, 'sluice_hls_streams'), 1);
    });

    test('HLS-7 segments begin with tables and a key frame, and last as long as they say', async () => {
        const now = await list(server.hls, camera.name);
        let forced = 0;
        for (const segment of now.segments) {
            const { status, headers, bytes } = await fetchSegment(server.hls, camera.name, segment);
            assert.equal(status, 200);
            assert.equal(headers.get('content-type'), 'video/mp2t');
            assert.equal(headers.get('cache-control'), 'max-age=60');
            const { pids, random } = tsStart(bytes);
            assert.equal(pids[0], 0, 'PAT');
            assert.ok(pids[1] > 0x1f && pids[1] < 0x1fff, 'PMT');
            forced += !random;
            if (!random)
                continue; // a busy machine's encoder was too late, and that is counted
            const told = JSON.parse(await run('ffprobe', ['-v', 'error', '-select_streams', 'v',
                '-show_entries', 'packet=pts_time,flags', '-of', 'json', '-f', 'mpegts', '-'],
            { input: bytes }));
            const times = told.packets.map((packet) => Number(packet.pts_time));
            assert.match(told.packets[0].flags, /K/);
            const frame = (times.at(-1) - times[0]) / (times.length - 1);
            const length = times.at(-1) - times[0] + frame;
            // the last picture may last longer: a busy publisher's next one was late
            assert.ok(length < segment.duration + 0.1 && length > segment.duration - 0.5,
                `${length} s, told ${segment.duration}`);
        }
        assert.ok(forced <= await metric(server, 'sluice_hls_segments_forced_total'));
        assert.ok(now.segments.length - forced >= 3, `${forced} segments without a key frame`);
    });

    test('VLC plays it', async () => {
        const file = path.join(os.tmpdir(), `sluice-vlc-${process.pid}.ts`);
        const vlc = spawn('cvlc', ['-q', '--no-dbus', '--run-time=8', '--play-and-exit', '--sout',
            `#std{access=file,mux=ts,dst=${file}}`, address(server.hls, camera.name), 'vlc://quit'],
        { stdio: 'ignore', env: { ...process.env, HOME: os.tmpdir() },
            ...(process.getuid() === 0 && { uid: 65534, gid: 65534 }) });
        await new Promise((resolve, reject) => vlc.once('close', resolve).once('error', reject));
        const told = JSON.parse(await run('ffprobe', ['-v', 'error', '-show_entries',
            'stream=codec_name:format=duration', '-of', 'json', file]));
        fs.rmSync(file);
        assert.deepEqual(told.streams.map((stream) => stream.codec_name).sort(), ['aac', 'h264']);
        assert.ok(Number(told.format.duration) > 3, `${told.format.duration} s`);
    });

    test('HLS-8 sequences rise, and segments outlast their place in the list', async () => {
        const first = await list(server.hls, camera.name);
        const gone = await follow(server.hls, camera.name,
            (now) => now.sequence >= first.sequence + 2, { last: first, timeout: 15_000 * slowness });
        for (const segment of first.segments.filter((one) => one.number < gone.sequence))
            assert.equal((await fetchSegment(server.hls, camera.name, segment)).status, 200);
        assert.equal(gone.segments.length, 8);
    });

    test('HLS-12 CORS, OPTIONS, HEAD, ranges', async () => {
        const { segments } = await list(server.hls, camera.name);
        const file = `/${camera.name}/${segments[0].uri}`;
        for (const [pathname, method] of [[`/${camera.name}/${camera.name}.m3u8`, 'OPTIONS'],
            [`/${camera.name}/${camera.name}.m3u8`, 'HEAD'], [file, 'GET'], ['/no/no.m3u8', 'GET']]) {
            const { status, headers } = await raw(server, pathname, { method,
                headers: { origin: 'https://example.com' } });
            assert.equal(status, pathname.startsWith('/no') ? 404 : 200);
            assert.equal(headers['access-control-allow-origin'], '*');
            assert.equal(headers['access-control-allow-methods'], 'GET');
            assert.equal(headers['access-control-max-age'], '3000');
        }
        const whole = Number((await raw(server, file, { method: 'HEAD' })).headers['content-length']);
        for (const [range, status, place] of [['bytes=0-187', 206, `bytes 0-187/${whole}`],
            ['bytes=188-', 206, `bytes 188-${whole - 1}/${whole}`],
            ['bytes=-188', 206, `bytes ${whole - 188}-${whole - 1}/${whole}`],
            [`bytes=${whole}-`, 416, `bytes */${whole}`], ['bytes=9-1', 200], ['lines=1-2', 200],
            ['bytes=0-1,4-5', 200]]) {
            const answer = await raw(server, file, { headers: { range } });
            assert.equal(answer.status, status, range);
            assert.equal(answer.headers['content-range'], place);
        }
    });

    test('HLS-21 the query re-appears on every address, encoded', async () => {
        const now = await list(server.hls, camera.name,
            '?token=ab+c%22&k%3De%26y=%D1%8E&flag&x=%3Cscript%3E');
        for (const segment of now.segments)
            assert.match(segment.uri,
                /\.ts\?token=ab%2Bc%22&k%3De%26y=%D1%8E&flag&x=%3Cscript%3E$/);
        assert.equal((await fetchSegment(server.hls, camera.name, now.segments.at(-1))).status, 200);
        for (const query of ['?a=%0d%0aX:y', '?a=%00', '?a=%ff', '?a=%zz', `?a=${'x'.repeat(2050)}`,
            `?${[...Array(33).keys()].map((i) => `a${i}=1`).join('&')}`])
            assert.equal((await list(server.hls, camera.name, query)).status, 400, query);
    });

    test('HLS-23 REST: startup, find_all, terminate', async () => {
        const { status, body } = await post(server, 'hls/find_all');
        assert.equal(status, 200);
        assert.equal(body.length, 1);
        assert.deepEqual([body[0].streamName, body[0].status, body[0].subscribers], [camera.name,
            'ACTIVE', 1]);
        assert.match(body[0].playlist, /^#EXTM3U/);
        assert.equal((await post(server, 'hls/find_all', { offset: 1 })).status, 404);
        assert.equal((await post(server, 'hls/terminate', { name: camera.name })).status, 200);
        assert.equal((await post(server, 'hls/terminate', { name: camera.name })).status, 404);
        assert.equal((await post(server, 'hls/find_all')).status, 404);
        assert.equal((await post(server, 'hls/startup', { name: 'none' })).status, 404);
        assert.equal((await post(server, 'hls/startup', { name: camera.name })).status, 200);
        assert.equal((await post(server, 'hls/startup', { name: camera.name })).status, 200);
        assert.equal((await list(server.hls, camera.name)).status, 200);
        const id = (await post(server, 'hls/find_all')).body[0].id;
        // ended as any other player is
        assert.equal((await post(server, 'stream/terminate', { mediaSessionId: id })).status, 200);
        assert.equal((await post(server, 'hls/find_all')).status, 404);
        assert.equal((await list(server.hls, camera.name)).status, 200);
    });

    test('HLS-20 500 viewers are one muxer, and WebRTC players notice nothing', async () => {
        const player = await play(page, camera.name);
        const before = await pictures(page, player, 5);
        const agent = new http.Agent({ keepAlive: true, maxSockets: 500 });
        const get = (pathname) => new Promise((resolve, reject) => http.get({ agent, path: pathname,
            host: '127.0.0.1', port: server.options['hls.port'] }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('end', () => resolve({ status: response.statusCode,
                text: Buffer.concat(chunks).toString('latin1') }));
        }).on('error', reject));
        for (let round = 0; round < 3; round++) {
            const lists = await Promise.all(Array.from({ length: 500 }, () =>
                get(`/${camera.name}/${camera.name}.m3u8`)));
            assert.ok(lists.every(({ status }) => status === 200));
            const uri = lists[0].text.trim().split('\n').at(-1);
            const segments = await Promise.all(Array.from({ length: 500 }, () =>
                get(`/${camera.name}/${uri}`)));
            assert.ok(segments.every(({ status }) => status === 200));
        }
        agent.destroy();
        assert.equal(await metric(server, 'sluice_hls_streams'), 1);
        const after = await pictures(page, player, 30);
        assert.equal(after.packetsLost, before.packetsLost);
        await stop(page, player, 'STOPPED');
    });

    test('viewers that read nothing cost no memory, and nobody else any time', async () => {
        const { text: lines } = await list(server.hls, camera.name);
        const uri = lines.trim().split('\n').at(-1);
        const request = `GET /${camera.name}/${uri} HTTP/1.1\r\nHost: a\r\n\r\n`;
        const before = server.usage().rssKb;
        const viewers = await Promise.all(Array.from({ length: 20 }, () => new Promise((resolve, reject) => {
            const socket = net.connect(server.options['hls.port'], '127.0.0.1');
            socket.on('error', reject);
            socket.pause();
            socket.write(request.repeat(400), () => resolve(socket)); // more than a kernel holds
        })));
        for (let i = 0; i < 20; i++) {
            const asked = performance.now();
            assert.equal((await list(server.hls, camera.name)).status, 200);
            assert.ok(performance.now() - asked < 1000 * slowness, 'a list is late');
        }
        const grown = server.usage().rssKb - before;
        assert.ok(grown < 20_000 * slowness, `${grown} kB more`);
        viewers.forEach((socket) => socket.destroy());
    });

    // One waits for what is long over to leave the list; the others have streams of their own.
    describe('another size, and other streams meanwhile', { concurrency: 3 }, () => {
        test('HLS-9 another size is another beginning, and hls.js goes on', async () => {
            const viewer = await browser.page(
                `${pages.url}${EXAMPLES}/hls-js-player/hls-js-player.html`, server);
            await viewer.waitForSelector('#applyBtn');
            await viewer.fill('#playStream', camera.name);
            await viewer.click('#applyBtn');
            await assertShows(viewer, 'video', { s: 1 });
            const last = await list(server.hls, camera.name);
            await call(page, 'resizeCamera', camera.label, 160, 120);
            const now = await follow(server.hls, camera.name, (after) => after.segments
                .some((segment) => segment.discontinuity), { last, timeout: 20_000 * slowness });
            await assertShows(viewer, 'video', { width: 0, s: 6 });
            await until('it shows the new size', async () => (await seen(viewer, 'video')).width === 160,
                { timeout: 20_000 * slowness });
            await follow(server.hls, camera.name, (after) => after.discontinuitySequence >
                now.discontinuitySequence, { last: now, timeout: 30_000 * slowness });
            await viewer.context().close();
            await call(page, 'resizeCamera', camera.label, 320, 240);
        });

        for (const [what, options] of [
            ['VP8 and PCMA', { constraints: SMALL, stripCodecs: 'H264,opus,PCMU,G722' }],
            ['sound only', { constraints: { audio: true, video: false } }],
            ['pictures only', { constraints: { audio: false, video: SMALL.video } }]]) {
            test(`HLS-6 ${what}`, async () => {
                const { label, name } = await publish(page, options);
                const now = await list(server.hls, name);
                assert.equal(now.status, 200, now.text);
                assert.ok(now.segments.length >= 3, now.text);
                const expected = what === 'sound only' ? ['aac'] : what === 'pictures only' ? ['h264']
                    : ['aac', 'h264'];
                // a busy machine's pictures may be late for the first segments
                await until('a segment with all of it', async () => {
                    const { segments } = await list(server.hls, name);
                    const sent = await fetchSegment(server.hls, name, segments.at(-1));
                    const told = JSON.parse(await run('ffprobe', ['-v', 'error', '-show_entries',
                        'stream=codec_name', '-of', 'json', '-f', 'mpegts', '-'], { input: sent.bytes }));
                    assert.deepEqual([...new Set(told.streams.map((stream) => stream.codec_name))].sort(),
                        expected);
                    return true;
                });
                const viewer = await browser.page(`${pages.url}${EXAMPLES}/hls-js-player/` +
                    'hls-js-player.html', server);
                await viewer.waitForSelector('#applyBtn');
                await viewer.fill('#playStream', name);
                await viewer.click('#applyBtn');
                await assertShows(viewer, 'video', { width: what === 'sound only' ? 0 : 320, height: 240,
                    sound: what !== 'pictures only', s: 3 });
                await viewer.context().close();
                await stop(page, label, 'UNPUBLISHED');
            });
        }

        test('HLS-22 TLS with the server\'s certificate', async () => {
            const { label, name } = await publish(page);
            const viewer = await browser.page(`${pages.url}/pages/bare.html`, server);
            const status = await viewer.evaluate(async (url) => (await fetch(url)).status,
                address(server.hlsTls, name));
            assert.equal(status, 200);
            await viewer.context().close();
            await stop(page, label, 'UNPUBLISHED');
        });

        const NAMES = ['a b', 'a/b', 'q?&=%41"\'<b>', 'привет', '%2F', '50%', 'a+b', '.hidden'];
        test('HLS-10 any name plays by its encoded address', async () => {
            for (const name of NAMES) {
                const event = await call(page, 'publish', `named ${name}`, name, { constraints: SMALL });
                assert.equal(event.status, 'PUBLISHING', `${name}: ${event.info}`);
            }
            await Promise.all(NAMES.map(async (name) => {
                const now = await list(server.hls, name);
                assert.equal(now.status, 200, name);
                const { status } = await fetchSegment(server.hls, name, now.segments[0]);
                assert.equal(status, 200, name);
            }));
            for (const name of NAMES)
                await stop(page, `named ${name}`, 'UNPUBLISHED');
        });

        test('HLS-11 addresses that are none', async () => {
            for (const [pathname, ...allowed] of [['/%00/%00.m3u8', 400], ['/%2e%2e/%2e%2e.m3u8', 404],
                ['/../../etc/passwd', 400, 404], ['/%ff/%ff.m3u8', 400], ['/a%0ab/a%0ab.m3u8', 400],
                [`/${'x'.repeat(5000)}/${'x'.repeat(5000)}.m3u8`, 404, 414],
                [`/${'x'.repeat(20_000)}`, 404, 414, 431], ['/%zz/%zz.m3u8', 400], ['//', 404],
                ['/./..m3u8', 404]]) {
                const { status } = await raw(server, pathname);
                assert.ok(allowed.includes(status), `${pathname.slice(0, 40)}: ${status}`);
            }
        });
    });

    test('HLS-19 the publisher comes back in time, or does not', async () => {
        const last = await list(server.hls, camera.name);
        await stop(page, camera.label, 'UNPUBLISHED');
        const paused = await list(server.hls, camera.name);
        checkNext(last, paused);
        assert.ok(!paused.ended);
        await call(page, 'publishCamera', 'again', camera.name, camera.label, { audio: true });
        const again = await follow(server.hls, camera.name, (now) => now.segments
            .some((segment) => segment.number >= paused.sequence + paused.segments.length &&
                segment.discontinuity), { last: paused });
        await stop(page, 'again', 'UNPUBLISHED');
        const over = await follow(server.hls, camera.name, (now) => now.ended,
            { last: again, timeout: 10_000 * slowness });
        assert.ok(over.segments.length > 0);
    });

});

describe('HLS by its options', { concurrency: 2 }, () => {
    test('HLS-24 low latency: lists wait, and hls.js is less than 3 s behind', async () => {
        const server = await Server.start({ hls_low_latency: true });
        const page = await open(browser, pages, server);
        const { name } = await publishCamera(page, 320, 240, { audio: true, stripCodecs: 'VP8' });
        const first = await list(server.hls, name);
        assert.equal(first.status, 200);
        assert.equal(first.version, 9);
        assert.equal(first.control['CAN-BLOCK-RELOAD'], 'YES');
        assert.ok(Number(first.control['PART-HOLD-BACK']) >= 3 * first.partTarget);
        assert.ok(first.hint);
        // each of the next parts is told of as soon as it is there
        let [msn, part, last] = [first.sequence + first.segments.length, first.open.length, first];
        for (let i = 0; i < 12; i++) {
            const asked = Date.now();
            const now = await list(server.hls, name, `?_HLS_msn=${msn}&_HLS_part=${part}`);
            assert.equal(now.status, 200);
            assert.ok(Date.now() - asked < (first.partTarget * 1000 + 400) * slowness,
                `${Date.now() - asked} ms`);
            checkNext(last, now);
            [msn, part, last] = [now.sequence + now.segments.length, now.open.length, now];
        }
        // the part that comes next, asked for before it is there, and what it begins with
        const hinted = await fetchSegment(server.hls, name, { uri: last.hint });
        assert.equal(hinted.status, 200);
        assert.equal(hinted.headers.get('content-type'), 'video/mp4');
        const { map } = last.segments.at(-1);
        const head = await fetchSegment(server.hls, name, { uri: map });
        const whole = await fetchSegment(server.hls, name, last.segments.at(-1));
        await run('ffmpeg', ['-v', 'error', '-xerror', '-i', '-', '-f', 'null', '-'],
            { input: Buffer.concat([head.bytes, whole.bytes]) });
        assert.equal((await list(server.hls, name, `?_HLS_msn=${msn + 3}`)).status, 400);

        const viewer = await browser.page(
            `${pages.url}${EXAMPLES}/hls-js-player/hls-js-player.html?llhls=true`, server);
        await viewer.waitForSelector('#applyBtn');
        await viewer.fill('#playStream', name);
        await viewer.click('#applyBtn');
        await assertShows(viewer, 'video', { s: 5 });
        const latency = await viewer.evaluate(() => hlsPlayer.latency);
        assert.ok(latency < 3 * slowness, `${latency} s behind`);
        await viewer.context().close();
        await page.context().close();
        await server.stop();
    });

    test('HLS-17 HLS-18 begun with the publication; over when nobody asks', async () => {
        for (const auto of [true, false]) {
            const server = await Server.start({ hls_auto_start: auto,
                hls_manager_provider_timeout: 2, hls_access_control_headers: 'X-A: b; X-C: d' });
            const page = await open(browser, pages, server);
            const { name } = await publish(page);
            if (auto) {
                await until('segments are made', async () =>
                    await metric(server, 'sluice_hls_segments_total') >= 3, { timeout: 30_000 });
                const { headers } = await list(server.hls, name);
                assert.deepEqual([headers.get('x-a'), headers.get('x-c')], ['b', 'd']);
                assert.equal(headers.get('access-control-allow-origin'), null);
            } else {
                assert.equal(await metric(server, 'sluice_hls_streams'), 0);
                await until('there is a list', async () => // a busy machine may be late for the first
                    (await list(server.hls, name)).status === 200, { timeout: 30_000 });
                assert.equal(await metric(server, 'sluice_hls_streams'), 1);
                await until('it is over', async () =>
                    await metric(server, 'sluice_hls_streams') === 0);
                assert.equal(await metric(server, 'sluice_hls_memory_bytes'), 0);
                assert.equal((await post(server, 'stream/find', { name, published: false })).status,
                    404);
            }
            await page.context().close();
            await server.stop();
        }
    });
});

describe('HLS and the back end', () => {
    const METHODS = ['connect', 'publishStream', 'playStream', 'playHLS', 'StreamStatusEvent'];
    let backend, app;

    before(async () => {
        backend = await Backend.start();
        app = backend.endpoint('app');
        app.on('playHLS', ({ body }) => body.token === 'good' ? { body } : { status: 403 });
    });
    after(() => backend?.stop());

    async function start(options) {
        const server = await startWithApps({
            defaultApp: { url: app.url, methods: METHODS },
            plain: { url: app.url, methods: METHODS.filter((method) => method !== 'playHLS') },
        }, options);
        const page = await open(browser, pages, server);
        return { server, page, stop: async () => {
            await page.context().close();
            await server.stop();
        } };
    }

    test('HLS-13 HLS-14 HLS-15 playHLS decides', async () => {
        const { server, page, stop: end } = await start({ hls_auth_enabled: true });
        const { name } = await publish(page);
        app.requests.length = 0;
        const now = await list(server.hls, name, '?token=good', {
            headers: { 'user-agent': 'a player', origin: 'https://example.com', cookie: 'a=b' } });
        assert.equal(now.status, 200);
        const [{ body }] = app.of('playHLS');
        assert.deepEqual([body.name, body.token, body.custom.token, body.mediaProvider, body.status,
            body.published, body.hasVideo, body.hasAudio, body.appKey, body.userAgent, body.url,
            body.origin], [name, 'good', 'good', 'HLS', 'NEW', false, true, true, 'defaultApp',
            'a player', `/${name}/${name}.m3u8`, 'https://example.com']);
        assert.match(body.sessionId, /^\/127\.0\.0\.1:\d+\/127\.0\.0\.1:\d+$/);
        assert.match(body.mediaSessionId, new RegExp(`^[0-9a-f-]{36}-${name}-HLS$`));
        assert.equal(JSON.stringify(body).includes('a=b'), false);

        await Promise.all(Array.from({ length: 100 }, async () =>
            assert.equal((await list(server.hls, name, '?token=good')).status, 200)));
        assert.equal(app.of('playHLS').length, 1, 'one question for one token');
        const answers = await Promise.all(Array.from({ length: 10 }, () =>
            list(server.hls, name, '?aclAuth=bad')));
        for (const refused of answers) {
            assert.equal(refused.status, 401);
            assert.equal(refused.text, '');
        }
        assert.equal(app.of('playHLS').length, 2);
        assert.equal(app.of('playHLS')[1].body.token, 'bad');
        for (const appKey of ['unknown', 'plain', ''])
            assert.equal((await list(server.hls, name, `?token=good&appKey=${appKey}`)).status, 401);
        app.on('playHLS', { status: 500 });
        const odd = await list(server.hls, name, '?token=other');
        assert.deepEqual([odd.status, odd.headers.get('retry-after')], [503, '2']);
        assert.equal((await list(server.hls, 'none', '?token=good')).status, 404);
        await end();
    });

    test('HLS-13 a back end that is down lets nobody in', async () => {
        const { server, page, stop: end } = await start({ hls_auth_enabled: true,
            rest_request_timeout: 1 });
        const { name } = await publish(page);
        app.on('playHLS', { hold: new Promise(() => {}) });
        const { status, headers, text } = await list(server.hls, name, '?token=good');
        assert.deepEqual([status, headers.get('retry-after'), text], [503, '2', '']);
        assert.equal(await metric(server, 'sluice_hls_segments_total'), 0);
        await end();
    });

    test('HLS-16 auth off: nothing is asked, and what is guarded is not shown', async () => {
        const { server, page, stop: end } = await start({});
        const open_ = await publish(page);
        app.requests.length = 0;
        assert.equal((await list(server.hls, open_.name, '?token=bad')).status, 200);
        assert.equal(app.of('playHLS').length + app.of('playStream').length +
            app.of('connect').length, 0);
        await until('the back end hears that it plays', () =>
            app.of('StreamStatusEvent').some(({ body }) => body.status === 'PLAYING' &&
                body.mediaProvider === 'HLS'));
        app.config({ playStream: { restOnError: 'FAIL' } });
        const guarded = await open(browser, pages, server);
        const { name } = await publish(guarded);
        for (let i = 0; i < 3; i++)
            assert.equal((await list(server.hls, name)).status, 401);
        assert.equal(server.lines.filter((line) => /hls_auth_enabled is off/.test(line)).length, 1);
        await guarded.context().close();
        await end();
    });

    test('HLS-16 what is made of a guarded stream is guarded as it is', async () => {
        app.config({});
        const { server, page, stop: end } = await start({});
        app.config({ playStream: { restOnError: 'FAIL' } });
        const guarded = await open(browser, pages, server);
        const made = async (where, localStreamName) => {
            const { name } = await publish(where);
            const { status } = await post(server, 'transcoder/startup', { localStreamName,
                uri: `transcoder://${localStreamName}`, remoteStreamName: name,
                encoder: { width: 160, height: 120 } });
            assert.equal(status, 200);
            await until(`${localStreamName} is published`, async () => (await post(server,
                'stream/find', { name: localStreamName, published: true })).status === 200);
        };
        await made(page, 'of-open');
        await made(guarded, 'of-guarded');
        assert.equal((await list(server.hls, 'of-guarded')).status, 401);
        assert.equal((await list(server.hls, 'of-open')).status, 200);
        await guarded.context().close();
        await end();
    });
});
