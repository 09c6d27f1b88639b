// SPDX-License-Identifier: GPL-3.0-or-later
// Publications as files (media-outputs.md section 3): Chromium with the official SDK publishes,
// FFmpeg and Chromium read what came of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { SMALL, call, open, pictures, play, publish, publishCamera } from './lib/bare.mjs';
import { Browser, text } from './lib/browser.mjs';
import { follow, list } from './lib/hls.mjs';
import { decode, decodedSizes, packets, playFile, probe, span } from './lib/mediafile.mjs';
import { EXAMPLES, BARE, startPages } from './lib/pages.mjs';
import { Nginx } from './lib/rtmp.mjs';
import { Server, buildDir } from './lib/server.mjs';
import { publishSizes } from './lib/simulcast.mjs';
import { pause, until } from './lib/wait.mjs';

const OPTIONS = { record_free_min_mb: 0, record_keyframe_ms: 1000 };
const RECORD = { constraints: SMALL, record: true };
const METHODS = ['connect', 'publishStream', 'StreamStatusEvent', 'StreamEvent'];
const HANG = path.join(buildDir, 'tests/tools/hang.so');

let server, browser, pages, page;

const recordsOf = (of) => path.join(of.options.state_dir, 'records');
const filesOf = (of = server) => fs.readdirSync(recordsOf(of)).sort();
const fileOf = (name, of = server) => path.join(recordsOf(of), name);
const linkOf = (name, of = server) => `${of.http}/client/records/${name}`;

async function rest(method, body, of = server) {
    const response = await fetch(`${of.http}/rest-api/${method}`, { method: 'POST',
        body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
    const answer = await response.text();
    return { status: response.status, body: answer && JSON.parse(answer) };
}

async function stopped(label, where = page) {
    const ended = await call(where, 'stop', label);
    assert.equal(ended.status, 'UNPUBLISHED');
    return ended.record;
}

// Records for so long; the file's name.
async function recorded(seconds, options = RECORD, where = page) {
    const { label } = await publish(where, options);
    await pause(seconds * 1000);
    const name = await stopped(label, where);
    assert.ok(name, 'recordName');
    return name;
}

function assertWhole(file, { seconds, video = true, audio = true }) {
    const found = probe(file);
    assert.deepEqual([!!found.video, !!found.audio], [video, audio], 'tracks');
    assert.ok(found.seconds >= seconds, `${found.seconds} s in ${file}`);
    decode(file);
    return found;
}

// A server and a page of its own for what one test needs; both are gone afterwards.
async function withServer(options, body, settings) {
    const own = await Server.start({ ...OPTIONS, ...options }, settings);
    let where;
    try {
        where = await open(browser, pages, own);
        await body(own, where);
    } finally {
        await where?.context().close();
        await own.stop();
    }
}

// They wait for files to grow, each for its own.
describe('recording', { concurrency: 3 }, () => {
    before(async () => {
        [server, browser] = await Promise.all([Server.start(OPTIONS), Browser.open()]);
        pages = await startPages({ files: () => server.http });
        page = await open(browser, pages, server);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test('REC-1 stream_recording shows a link to what it has published, and plays it', async () => {
        const official = await browser.page(
            `${pages.url}${EXAMPLES}/stream_recording/recording.html`, server);
        await official.click('#publishBtn');
        await text(official, '#status', 'PUBLISHING');
        await pause(4000);
        await official.click('#publishBtn');
        await text(official, '#status', 'UNPUBLISHED');
        const link = await official.getAttribute('#link', 'href');
        assert.match(link, /\/client\/records\/stream-[0-9a-f-]{36}-\.(mp4|webm)$/);
        const response = await fetch(link);
        assert.equal(response.status, 200);
        const file = fileOf(path.basename(link));
        assert.equal((await response.arrayBuffer()).byteLength, fs.statSync(file).size);
        assertWhole(file, { seconds: 3 });
        await until('the page shows it', () => official.evaluate(() =>
            document.querySelector('#recVideo').videoWidth === 320));
        assert.deepEqual(official.faults, []);
        await official.context().close();
    });

    test('REC-2 several_streams_recording makes a file of each of its streams', () =>
        withServer({}, async (own) => {
            const official = await browser.page(`${pages.url}${EXAMPLES}/` +
                'several_streams_recording/several_streams_recording.html', own);
            await official.fill('#countStreams', '3');
            await official.click('#publishBtn');
            await until('three are published', async () =>
                ((await official.textContent('#statusLog')).match(/ - PUBLISHING/g) ?? [])
                    .length === 3);
            await pause(2500);
            await official.click('#publishBtn');
            await until('three files are whole', () => filesOf(own).length === 3 &&
                filesOf(own).every((name) => !name.endsWith('.part')));
            for (const name of filesOf(own))
                assertWhole(fileOf(name, own), { seconds: 1.5 });
            assert.deepEqual(official.faults, []);
            await official.context().close();
        }));

    test('REC-3 events tell of it, and of its name only when the file is whole', async () => {
        const where = await browser.page(pages.url + BARE, server);
        const events = [];
        where.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
            const { message, data } = JSON.parse(payload);
            if (message === 'notifyStreamStatusEvent')
                events.push({ ...data[0], files: filesOf() });
        }));
        assert.equal(await call(where, 'connect', server.ws), 'ESTABLISHED');
        const name = await recorded(2, RECORD, where);
        const [begun, ended] = ['PUBLISHING', 'UNPUBLISHED'].map((status) =>
            events.find((event) => event.status === status));
        assert.equal(begun.record, true);
        assert.equal(begun.streamInfo.recordStarted, true);
        assert.ok(Math.abs(begun.streamInfo.recordTimestamp - Date.now()) < 10_000);
        assert.ok(!begun.recordName);
        assert.deepEqual([ended.record, ended.recordName], [true, name]);
        assert.ok(ended.files.includes(name), 'it is there');
        await where.context().close();
    });

    for (const [codec, strip, extension, sound] of [['h264', 'VP8', '.mp4', 'aac'],
        ['vp8', 'H264', '.webm', 'opus']]) {
        test(`REC-4 ${codec} becomes ${extension} with ${sound}; REC-9 from a key frame at 0`,
            async () => {
                const name = await recorded(3, { ...RECORD, stripCodecs: strip });
                assert.ok(name.endsWith(extension), name);
                const { video, audio, count } = assertWhole(fileOf(name), { seconds: 2 });
                assert.deepEqual([video.codec_name, audio.codec_name, count], [codec, sound, 2]);
                const first = packets(fileOf(name), 'video')[0];
                assert.ok(first.key && first.pts === 0, JSON.stringify(first));
                const { begin } = span(fileOf(name), 'audio');
                assert.ok(begin < 0.1, `sound at ${begin} s`);
                const seen = await playFile(page, linkOf(name));
                assert.ok(seen.duration > 2 && seen.duration < 8, `${seen.duration} s`);
            });
    }

    test('REC-4 record_formats: Matroska and MPEG-TS', async () => {
        await withServer({ record_formats: 'h264-mkv,vp8-mkv' }, async (own, where) => {
            for (const [strip, codecs] of [['VP8', ['h264', 'aac']], ['H264', ['vp8', 'opus']]]) {
                const name = await recorded(2, { ...RECORD, stripCodecs: strip }, where);
                assert.ok(name.endsWith('.mkv'), name);
                const { video, audio } = assertWhole(fileOf(name, own), { seconds: 1 });
                assert.deepEqual([video.codec_name, audio.codec_name], codecs);
            }
        });
        await withServer({ record_h264_to_ts: true }, async (own, where) => {
            const name = await recorded(2, { ...RECORD, stripCodecs: 'VP8' }, where);
            assert.ok(name.endsWith('.ts'), name);
            assertWhole(fileOf(name, own), { seconds: 1 });
        });
    });

    test('REC-4 G.711 becomes AAC in MP4 and opus in WebM', async () => {
        for (const [strip, codecs] of [['VP8,opus,PCMU,G722', ['h264', 'aac']],
            ['H264,opus,PCMA,G722', ['vp8', 'opus']]]) {
            const name = await recorded(3, { ...RECORD, stripCodecs: strip });
            const { video, audio } = assertWhole(fileOf(name), { seconds: 2 });
            assert.deepEqual([video.codec_name, audio.codec_name], codecs);
        }
    });

    test('REC-5 sound alone is MP4 with AAC, pictures alone have one track', async () => {
        const sound = await recorded(2.5, { record: true, constraints: { audio: true, video: false } });
        assert.ok(sound.endsWith('.mp4'), sound);
        const { audio } = assertWhole(fileOf(sound), { seconds: 1.5, video: false });
        assert.equal(audio.codec_name, 'aac');
        const silent = await recorded(2.5,
            { record: true, constraints: { audio: false, video: SMALL.video } });
        assertWhole(fileOf(silent), { seconds: 1.5, audio: false });
    });

    test('REC-7 the publisher changes its size: one file, all sizes are shown', async () => {
        const { label } = await publishCamera(page, 640, 480,
            { record: true, audio: true, stripCodecs: 'VP8' });
        for (const [width, height] of [[320, 240], [640, 480]]) {
            await pause(3000);
            await call(page, 'resizeCamera', label, width, height);
        }
        await pause(3000);
        const name = await stopped(label);
        assertWhole(fileOf(name), { seconds: 7 });
        const { sizes } = await playFile(page, linkOf(name));
        assert.ok(sizes.includes('640x480') && sizes.includes('320x240'), sizes.join());
        assert.equal(sizes.at(-1), '640x480');
    });

    // Which of the sizes that come leads is the server's to see; who takes the stream as it is has
    // one file, one list, one push all the time.
    test('a publisher of two sizes loses the larger one, and has it again: file, HLS and push', async (t) => {
        await call(page, 'canvasCamera', 'two', 640, 360, { audio: true });
        const publisher = await publishSizes(page, server, 'two',
            [{ rid: 'lo', scaleResolutionDownBy: 2, maxBitrate: 300_000 },
                { rid: 'hi', maxBitrate: 800_000 }], 'video/H264');
        const nginx = await Nginx.start();
        t.after(() => nginx.stop());
        t.after(() => publisher.stop());
        await publisher.flows('lo', 'hi');
        assert.equal((await rest('push/startup',
            { streamName: publisher.name, rtmpUrl: nginx.url })).status, 200);
        assert.equal((await rest('stream/startRecording',
            { mediaSessionId: publisher.id })).status, 200);
        let last = await list(server.hls, publisher.name);
        const breaks = async () => { // each lets the list go on, as the names of its segments tell
            last = await follow(server.hls, publisher.name, ({ segments }) =>
                segments.at(-1).discontinuity || segments.at(-2)?.discontinuity, { last });
        };
        await pause(1000);
        await publisher.only('lo');
        await breaks();
        await publisher.only('lo', 'hi');
        await breaks();
        await pause(1500);
        assert.equal((await rest('stream/stopRecording',
            { mediaSessionId: publisher.id })).status, 200);
        const name = await until('the file is whole', () => filesOf().find((file) =>
            file.includes(publisher.id) && !file.endsWith('.part')));
        for (const file of [fileOf(name), await until('nginx has it all', () =>
            nginx.recordings()[0])]) {
            const all = packets(file, 'video').map(({ pts }) => pts);
            const gaps = all.slice(1).map((pts, i) => pts - all[i]);
            assert.ok(Math.min(...gaps) > 0, 'one after the other');
            assert.ok(Math.max(...gaps) < 1.5, `${Math.max(...gaps)} s without a picture in ${file}`);
            assert.ok(span(file, 'audio').end > all.at(-1) - 0.5, 'sound to the end');
            const sizes = decodedSizes(file).filter((size, i, before) => size !== before[i - 1]);
            assert.deepEqual(sizes, ['640x360', '320x180', '640x360'], file);
        }
    });

    test('REC-8 muted sound stays: both tracks are as long', async () => {
        for (const strip of ['VP8', 'H264']) {
            const { label } = await publish(page, { ...RECORD, stripCodecs: strip });
            await pause(1000);
            await call(page, 'call', label, 'muteAudio');
            await pause(3000);
            await call(page, 'call', label, 'unmuteAudio');
            await pause(1000);
            const file = fileOf(await stopped(label));
            const [sound, shown] = ['audio', 'video'].map((kind) => span(file, kind));
            assert.ok(Math.abs(sound.end - shown.end) < 0.25, `${sound.end} s, ${shown.end} s`);
            const gaps = packets(file, 'audio').map(({ pts }, i, all) =>
                (i > 0 ? pts - all[i - 1].pts : 0));
            assert.ok(Math.max(...gaps) < 0.1, `a hole of ${Math.max(...gaps)} s`);
        }
    });

    test('REC-10 after kill -9 the file is repaired, and the script runs for it', async () => {
        const out = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-script-'));
        const script = path.join(out, 'script');
        fs.writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$#" "$1" "$2" >> ${out}/said\n`,
            { mode: 0o755 });
        for (const [strip, extension] of [['VP8', 'mp4'], ['H264', 'webm']]) {
            fs.rmSync(`${out}/said`, { force: true });
            const first = await Server.start(OPTIONS);
            const where = await open(browser, pages, first);
            await publish(where, { ...RECORD, stripCodecs: strip });
            await pause(7000);
            first.kill();
            await first.end;
            assert.match(filesOf(first).join(), /\.part$/);
            await where.context().close();
            const second = await Server.start({ ...OPTIONS, state_dir: first.stateDir,
                on_record_hook_script: script });
            try {
                await second.waitForLog(/a crash had left/);
                const [name] = filesOf(second);
                assert.ok(name.endsWith(`.${extension}`), name);
                assertWhole(fileOf(name, second), { seconds: 4 });
                const seen = await playFile(page, linkOf(name, second));
                assert.ok(seen.duration >= 4, `${seen.duration} s`);
                await until('the script has run', () => fs.existsSync(`${out}/said`));
                const said = fs.readFileSync(`${out}/said`, 'utf8').trim().split('\n');
                assert.equal(said[0], '2');
                assert.equal(said.at(-1), fs.realpathSync(fileOf(name, second)));
            } finally {
                await second.stop();
                fs.rmSync(first.stateDir, { recursive: true });
            }
        }
        fs.rmSync(out, { recursive: true });
    });

    test('REC-11 a full disk ends the recording, and nothing else', async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-small-'));
        await withServer({ record_dir: directory }, async (own, where) => {
            const { label, name } = await publishCamera(where, 640, 480,
                { record: true, audio: true, noise: true });
            const player = await play(where, name);
            await own.waitForLog(/ends here/, 30_000);
            await pictures(where, player, 20);
            assert.equal((await own.metrics()).sluice_recordings_failed_total, 1);
            const shorter = await publish(where, RECORD);
            await pause(1500);
            assert.equal(await stopped(shorter.label, where), undefined);
            const made = await stopped(label, where);
            const inside = path.join(`/proc/${own.pid}/root`, directory, made);
            assertWhole(inside, { seconds: 2 });
            const seen = await playFile(where, linkOf(made, own));
            assert.ok(seen.duration >= 2, `${seen.duration} s`);
        }, { small: { directory, size: 3 << 19 } });
        fs.rmSync(directory, { recursive: true });
    });

    test('REC-12 a disk that is slow and stalls: a gap, and players notice nothing', async () => {
        const flag = path.join(os.tmpdir(), `sluice-hang-${process.pid}`);
        await withServer({ record_queue_ms: 2000 }, async (own, where) => {
            const { label, name } = await publishCamera(where, 640, 480,
                { record: true, audio: true });
            const player = await play(where, name);
            await pause(2500);
            const before = own.usage().rssKb;
            fs.writeFileSync(flag, '');
            await own.waitForLog(/the disk is too slow/, 15_000);
            await pictures(where, player, 30);
            assert.ok(own.usage().rssKb - before < 32 << 10, 'memory');
            fs.rmSync(flag);
            await pause(4000);
            const made = await stopped(label, where);
            assertWhole(fileOf(made, own), { seconds: 8 });
            await playFile(where, linkOf(made, own));
        }, { env: { LD_PRELOAD: HANG, HANG_FLAG: flag, HANG_PATH: '/records/',
            HANG_BYTES_PER_S: 1 << 20 } });
    });

    test('REC-13 each element of a name, and a name that is too long', async () => {
        const long = 'ä'.repeat(128);
        const label = 'names';
        const event = await call(page, 'publish', label, long, { constraints: SMALL });
        assert.equal(event.status, 'PUBLISHING', event.info);
        const before = filesOf();
        for (const fileTemplate of ['{startTime}-{endTime}-{startTimeMillis}-{endTimeMillis}' +
            '-{duration}-{audioCodec}-{videoCodec}-{login}', '{sessionId}', '{streamName}']) {
            const { status } = await rest('recorder/startup',
                { mediaSessionId: event.id, config: { fileTemplate } });
            assert.equal(status, 200);
            await pause(2000);
            assert.equal((await rest('recorder/terminate', { mediaSessionId: event.id })).status, 200);
        }
        await stopped(label);
        const made = filesOf().filter((name) => !before.includes(name));
        assert.equal(made.length, 3, made.join());
        const [times, session, cut] = [/^\d+-\d+-\d{13}-\d{13}-(\d*)-(opus|AAC)-(H264|VP8)-\.(mp4|webm)$/,
            /^[A-Za-z0-9_-]{24,60}\.(mp4|webm)$/, /^(~C3~A4)+\.(mp4|webm)$/].map((pattern) =>
            made.find((name) => pattern.test(name)));
        assert.ok(times && session && cut, made.join());
        assert.ok(cut.length > 200 && cut.length <= 255, `${cut.length}`);
        made.forEach((name) => assertWhole(fileOf(name), { seconds: 0.5 }));
    });

    test('REC-14 REC-15 REC-16 no name leaves the directory, and none is taken twice', async () => {
        await withServer({ stream_record_policy: 'streamName' }, async (own, where) => {
            const names = ['../../x', 'a/b', '-rf', ';id', 'same', 'same'];
            for (const [i, stream] of names.entries()) {
                const event = await call(where, 'publish', `n${i}`, stream, RECORD);
                assert.equal(event.status, 'PUBLISHING', event.info);
                await pause(1500);
                const name = await stopped(`n${i}`, where);
                assert.ok(filesOf(own).includes(name), `${stream}: ${name}`);
                const response = await fetch(linkOf(name, own));
                assert.equal(response.status, 200);
                await response.arrayBuffer();
            }
            assert.equal(filesOf(own).length, names.length);
            assert.ok(filesOf(own).some((name) => /^same_2\./.test(name)), filesOf(own).join());
        });
    });

    test('REC-17 rotation: parts that play alone, and together are the whole', async () => {
        await withServer({ record_rotation: 3 }, async (own, where) => {
            const name = await recorded(10.5, { ...RECORD, stripCodecs: 'VP8' }, where);
            const files = filesOf(own);
            assert.ok(files.length >= 3, files.join());
            assert.ok(!/_\d+\.mp4$/.test(name), name);
            files.forEach((file) => assert.ok(file === name || /-_[1-9]\.mp4$/.test(file), file));
            let seconds = 0;
            for (const file of files) {
                seconds += assertWhole(fileOf(file, own), { seconds: 0.3 }).seconds;
                const first = packets(fileOf(file, own), 'video')[0];
                assert.ok(first.key && first.pts === 0, file);
            }
            assert.ok(seconds > 9 && seconds < 11.5, `${seconds} s`);
        });
    });

    test('REC-18 REC-19 the REST API begins, lists and ends recordings', async () => {
        const { label, event: { id } } = await publish(page);
        const before = filesOf();
        assert.equal((await rest('recorder/find_all')).status, 404);
        assert.equal((await rest('recorder/startup', { mediaSessionId: 'nobody' })).status, 404);
        assert.equal((await rest('recorder/terminate', { mediaSessionId: id })).status, 404);
        for (const config of [{ fileTemplate: 'a/b' }, { fileTemplate: '{x}' }, { rotation: '0' }])
            assert.equal((await rest('recorder/startup', { mediaSessionId: id, config })).status, 400);
        const order = { mediaSessionId: id, config: { fileTemplate: 'rest-{startTimeMillis}-{endTime}' } };
        assert.deepEqual(await rest('recorder/startup', order), { status: 200, body: '' });
        const [running] = await until('a file is begun', async () => {
            const { body } = await rest('recorder/find_all');
            return body[0]?.fileName && body;
        });
        assert.equal(running.mediaSessionId, id);
        assert.match(running.fileName, /^rest-\d{13}-\{endTime\}\./);
        await pause(2500);
        assert.equal((await rest('stream/startRecording', { mediaSessionId: id })).status, 200);
        await pause(2500);
        assert.equal((await rest('stream/stopRecording', { mediaSessionId: id })).status, 200);
        const made = await until('two files', () => {
            const found = filesOf().filter((name) => !before.includes(name) &&
                !name.endsWith('.part'));
            return found.length === 2 && found;
        });
        made.forEach((name) => assertWhole(fileOf(name), { seconds: 1.3 }));
        assert.equal((await rest('recorder/find_all')).status, 404);
        await stopped(label);
    });

    test('REC-20 REC-21 back end and script hear of the file when the client has vanished', async () => {
        const out = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-script-'));
        const script = path.join(out, 'script');
        fs.writeFileSync(script, '#!/bin/sh\n' +
            `printf '%s\\n' "$#" "$1" "$2" "$(env | grep -vc '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=')" > ${out}/said\n` +
            'sleep 100\n', { mode: 0o755 });
        const stream = `a "b" $(id) ;'x`;
        const backend = await Backend.start();
        const app = backend.endpoint('app');
        const own = await startWithApps({ app: { url: app.url, methods: METHODS } },
            { ...OPTIONS, on_record_hook_script: script });
        const other = await Browser.open();
        try {
            const where = await open(other, pages, own, { session: { appKey: 'app' } });
            const event = await call(where, 'publish', 'gone', stream, RECORD);
            assert.equal(event.status, 'PUBLISHING', event.info);
            const { body: asked } = await app.next('publishStream');
            assert.equal(asked.record, true);
            const { body: begun } = await app.next('StreamEvent');
            assert.equal(begun.type, 'recordingStarted');
            await pause(2500);
            other.kill();
            const { body: ended } = await app.next('StreamStatusEvent',
                ({ status }) => status === 'FAILED', 15_000);
            assert.ok(ended.recordName, JSON.stringify(ended));
            assert.ok(ended.sessionId && ended.appKey === 'app');
            const { body: whole } = await app.next('StreamEvent');
            assert.deepEqual([whole.type, whole.payload.recordName],
                ['recordingStopped', ended.recordName]);
            assertWhole(fileOf(ended.recordName, own), { seconds: 1.5 });
            await until('the script has run', () => fs.existsSync(`${out}/said`) &&
                fs.readFileSync(`${out}/said`, 'utf8').split('\n').length > 4);
            const said = fs.readFileSync(`${out}/said`, 'utf8').split('\n');
            assert.deepEqual(said.slice(0, 4), ['2', stream,
                fs.realpathSync(fileOf(ended.recordName, own)), '0']);
        } finally {
            await other.close();
            await own.stop();
            await backend.stop();
            fs.rmSync(out, { recursive: true });
        }
    });

    test('the back end decides by OVERWRITE of record', async () => {
        const backend = await Backend.start();
        const app = backend.endpoint('app').config({ publishStream: { restPolicy: 'OVERWRITE',
            restOverwrite: 'record' } });
        app.on('publishStream', ({ body }) => ({ body: { ...body, record: !body.record } }));
        const own = await startWithApps({ app: { url: app.url, methods: METHODS } }, OPTIONS);
        try {
            const where = await open(browser, pages, own, { session: { appKey: 'app' } });
            const first = await publish(where, { constraints: SMALL });
            const second = await publish(where, RECORD);
            await pause(2000);
            await stopped(first.label, where);
            assert.equal(await stopped(second.label, where), undefined);
            assert.equal(filesOf(own).length, 1, filesOf(own).join());
            await where.context().close();
        } finally {
            await own.stop();
            await backend.stop();
        }
    });

    test('REC-22 record_streams=false: nothing is written', async () => {
        await withServer({ record_streams: false }, async (own, where) => {
            const { label } = await publish(where, RECORD);
            await pause(1000);
            assert.equal(await stopped(label, where), undefined);
            assert.deepEqual(filesOf(own), []);
        });
    });

    test('REC-23 downloads: ranges, and no other file', async () => {
        const name = await recorded(2);
        const whole = fs.readFileSync(fileOf(name));
        const get = (headers, method = 'GET') => fetch(linkOf(name), { headers, method });
        const part = await get({ Range: 'bytes=10-19' });
        assert.equal(part.status, 206);
        assert.equal(part.headers.get('content-range'), `bytes 10-19/${whole.length}`);
        assert.deepEqual(Buffer.from(await part.arrayBuffer()), whole.subarray(10, 20));
        const tail = await get({ Range: 'bytes=-5' });
        assert.deepEqual(Buffer.from(await tail.arrayBuffer()), whole.subarray(-5));
        const beyond = await get({ Range: `bytes=${whole.length}-` });
        assert.deepEqual([beyond.status, beyond.headers.get('content-range')],
            [416, `bytes */${whole.length}`]);
        const head = await get({}, 'HEAD');
        assert.deepEqual([head.status, head.headers.get('content-length'),
            head.headers.get('accept-ranges'), head.headers.get('x-content-type-options')],
        [200, String(whole.length), 'bytes', 'nosniff']);
        assert.match(head.headers.get('content-type'), /^video\/(mp4|webm)$/);
        const etag = head.headers.get('etag');
        assert.equal((await get({ 'If-None-Match': etag })).status, 304);
        assert.equal((await get({ 'If-Range': '"x"', Range: 'bytes=0-1' })).status, 200);
        assert.equal((await get({ 'If-Range': etag, Range: 'bytes=0-1' })).status, 206);
        assert.equal((await get({}, 'POST')).status, 405);
        fs.writeFileSync(fileOf('x.mp4.part'), 'x');
        fs.writeFileSync(fileOf('x.txt'), 'x');
        fs.symlinkSync(fileOf(name), fileOf('link.mp4'));
        fs.mkdirSync(fileOf('dir.mp4'));
        fs.symlinkSync('/etc/hostname', fileOf('far.mp4'));
        for (const bad of ['x.mp4.part', 'x.txt', 'link.mp4', 'far.mp4', 'dir.mp4', 'none.mp4', '',
            '%2e%2e%2fapps.json', '..%2f..%2fetc%2fpasswd', `${name}/`, `x%2f${name}`]) {
            const response = await fetch(`${server.http}/client/records/${bad}`);
            assert.equal(response.status, 404, bad);
        }
        const others = ['x.mp4.part', 'x.txt', 'link.mp4', 'far.mp4'];
        others.forEach((other) => fs.rmSync(fileOf(other)));
        fs.rmdirSync(fileOf('dir.mp4'));
    });

    test('record_access: by the API\'s rule, or not at all', async () => {
        for (const [record_access, status] of [['rest', 403], ['off', 404]]) {
            const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-access-'));
            fs.mkdirSync(path.join(stateDir, 'records'));
            fs.writeFileSync(path.join(stateDir, 'records', 'a.mp4'), 'x');
            const own = await Server.start({ state_dir: stateDir, record_access });
            const response = await fetch(linkOf('a.mp4', own),
                { headers: { 'X-Forwarded-For': '192.0.2.1' } });
            assert.ok([status, 401].includes(response.status), `${record_access}: ${response.status}`);
            assert.equal((await fetch(linkOf('a.mp4', own))).status,
                record_access === 'off' ? 404 : 200);
            const list = await (await fetch(`${own.http}/api/v1/records`)).json();
            assert.deepEqual([list.access, list.records[0].name], [record_access, 'a.mp4']);
            await own.stop();
            fs.rmSync(stateDir, { recursive: true });
        }
    });

    test('the page /recordings lists what there is, and plays it', async () => {
        const name = await recorded(2);
        const list = await browser.page(`${server.http}/recordings`);
        await until('it is listed', async () =>
            (await list.textContent('#rows')).includes(name));
        if (process.env.SLUICE_SHOTS)
            await list.screenshot({ path: path.join(process.env.SLUICE_SHOTS, 'recordings.png') });
        await list.click(`button[aria-label="Play ${name}"]`);
        // a publisher on a busy machine may have made its picture smaller
        await until('it plays', async () => {
            const now = await list.evaluate(() => {
                const video = document.querySelector('#video');
                return { width: video.videoWidth, time: video.currentTime, paused: video.paused,
                    ready: video.readyState, network: video.networkState, length: video.duration,
                    error: video.error?.message };
            });
            if (now.width > 0 && now.time > 0.5)
                return true;
            throw new Error(`${JSON.stringify(now)} ${list.log.slice(-3)}`);
        });
        if (process.env.SLUICE_SHOTS)
            await list.screenshot({ path: path.join(process.env.SLUICE_SHOTS, 'playing.png') });
        assert.deepEqual(list.faults, []);
        await list.context().close();
    });

    test('REC-24 SIGTERM makes all recordings whole', async () => {
        const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-term-'));
        const own = await Server.start({ ...OPTIONS, state_dir: stateDir, drain_timeout: 1 });
        const where = await open(browser, pages, own);
        for (const strip of ['VP8', 'H264'])
            await publish(where, { ...RECORD, stripCodecs: strip });
        await pause(3000);
        await own.stop();
        const files = fs.readdirSync(path.join(stateDir, 'records'));
        assert.equal(files.length, 2);
        for (const file of files) {
            assert.ok(!file.endsWith('.part'), file);
            assertWhole(path.join(stateDir, 'records', file), { seconds: 2 });
        }
        await where.context().close();
        fs.rmSync(stateDir, { recursive: true });
    });

    test('downloads are bounded: who comes too late is told when to come again', async () => {
        const DOWNLOADS = 128;
        fs.writeFileSync(fileOf('long.mp4'), '');
        fs.truncateSync(fileOf('long.mp4'), 64 << 20); // more than any socket holds
        const ends = Array.from({ length: DOWNLOADS }, () => new AbortController());
        const begun = await Promise.all(ends.map(({ signal }) =>
            fetch(linkOf('long.mp4'), { signal })));
        assert.deepEqual([...new Set(begun.map(({ status }) => status))], [200]);
        const late = await fetch(linkOf('long.mp4'));
        assert.deepEqual([late.status, late.headers.get('retry-after')], [503, '2']);
        await late.text();
        // whoever goes on reading has all of it
        assert.equal((await begun[0].arrayBuffer()).byteLength, 64 << 20);
        await until('the place of one that is over is free', async () => {
            const next = await fetch(linkOf('long.mp4'), { method: 'HEAD' });
            return next.status === 200;
        });
        ends.forEach((end) => end.abort());
        await until('the places of those that are gone are free', async () =>
            (await Promise.all(Array.from({ length: DOWNLOADS / 2 }, () =>
                fetch(linkOf('long.mp4'), { method: 'HEAD' })))).every(({ status }) => status === 200));
        fs.rmSync(fileOf('long.mp4'));
    });
});
