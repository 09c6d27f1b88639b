// SPDX-License-Identifier: GPL-3.0-or-later
// What a push brings to RTMP servers: names and credentials on the wire, pictures and sound in what
// nginx records, and what becomes of it when servers misbehave. The stream is made of a file
// (tests/tools/push_probe.c); push.test.mjs has browsers and the REST API.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePorts } from './lib/ports.mjs';
import { PushProbe, makeMedia, makeTone } from './lib/push_probe.mjs';
import { Nginx, RtmpServer, loudness, run, skewsOf, soundOf, streamsOf, tagsOf }
    from './lib/rtmp.mjs';
import { pause, until } from './lib/wait.mjs';

let media;
before(() => {
    media = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-media-'));
});
after(() => fs.rmSync(media, { recursive: true, force: true }));

// A probe and what else is to be stopped at the end of the test.
async function probeFor(t, options = {}, kind = {}, more = {}) {
    const probe = await PushProbe.start(await makeMedia(media, kind), options, more);
    t.after(() => (probe.exited ? undefined : probe.stop()));
    return probe;
}
async function serverFor(t, options = {}) {
    const server = await RtmpServer.start(options);
    t.after(() => server.stop());
    return server;
}
async function nginxFor(t, options = {}) {
    const nginx = await Nginx.start(options);
    t.after(() => nginx.stop());
    return nginx;
}
const errno = (code) => (error) => error.code === code;
const ENOENT = 2, EACCES = 13, EEXIST = 17, EINVAL = 22;
const EBADMSG = 74;

// Waits until the recording holds this many seconds after what it holds now.
async function record(file, seconds) {
    const lastMs = () => tagsOf(file).at(-1)?.ms ?? 0;
    const from = lastMs();
    await until(`${seconds} s more in ${file}`, () => lastMs() >= from + seconds * 1000,
        { timeout: (seconds + 10) * 1000, interval: 100 });
    return file;
}
async function firstRecording(nginx) {
    return until('a recording', () => nginx.recordings().find((file) => tagsOf(file).length > 4));
}
function assertMonotonic(file) {
    const tags = tagsOf(file).filter((tag) => tag.kind !== 'data');
    tags.forEach((tag, i) => i > 0 && assert.ok(tag.ms >= tags[i - 1].ms,
        `tag ${i}: ${tags[i - 1].ms} ms, then ${tag.ms} ms`));
}

// They wait for real time most of the time, and share nothing but the media files.
describe('pushes to RTMP servers', { concurrency: 4 }, () => {
    // ---- Names ----

    test('rows 1 to 12 of the rtmpUrl table hold on the wire (REST-29, REST-31, REST-33)', async (t) => {
        const server = await serverFor(t);
        const { port } = server;
        const probe = await probeFor(t);
        const bare = await probeFor(t, { rtmp_transponder_stream_name_prefix: '' });
        const [h, tc] = [`127.0.0.1:${port}`, `rtmp://127.0.0.1:${port}`];
        const full = { fullUrl: true };
        const rows = [
            [1, probe, {}, `rtmp://${h}/live`, `${tc}/live`, 'live', 'rtmp_probe'],
            [2, bare, {}, `rtmp://${h}/live`, `${tc}/live`, 'live', 'probe'],
            [3, probe, {}, `rtmp://${h}/live/testStream`, `${tc}/live/testStream`, 'live/testStream',
                'rtmp_probe'],
            [4, probe, {}, `rtmp://${h}/live/?user=u&pass=p`, `${tc}/live/`, 'live/', 'rtmp_probe'],
            [5, probe, full, `rtmp://${h}/live/?user1&pass1`, `${tc}/live/?user1&pass1`,
                'live/?user1&pass1', 'rtmp_probe'],
            [6, probe, full, `rtmp://${h}/app/inst/?user=u&pass=p`, `${tc}/app/inst/?user=u&pass=p`,
                'app/inst/?user=u&pass=p', 'rtmp_probe'],
            [7, probe, full, `rtmp://${h}/app/name1`, `${tc}/app`, 'app', 'name1'],
            [8, probe, full, `rtmp://${h}/app/inst/name1`, `${tc}/app/inst`, 'app/inst', 'name1'],
            [9, probe, full, `rtmp://${h}/live`, `${tc}/live`, 'live', 'rtmp_probe'],
            [10, probe, full, `rtmp://${h}/rtmp/KEY?ds=1&a=b`, `${tc}/rtmp`, 'rtmp', 'KEY?ds=1&a=b'],
            [11, probe, {}, `rtmp://u:p@${h}/live`, `${tc}/live`, 'live', 'rtmp_probe'],
            [12, probe, {}, `rtmp://${h}/`, `${tc}/`, '', 'rtmp_probe'],
        ];
        for (const [row, which, options, url, tcUrl, app, name] of rows) {
            const from = server.connections.length;
            await which.push(url, options);
            const { commands } = await server.publication(from);
            const said = Object.fromEntries(commands.map((command) => [command.name, command]));
            assert.equal(said.connect.object.tcUrl, tcUrl, `tcUrl of row ${row}`);
            assert.equal(said.connect.object.app, app, `app of row ${row}`);
            assert.deepEqual(said.publish.rest, [name, 'live'], `publish of row ${row}`);
            assert.equal(said.releaseStream.rest[0], name, `releaseStream of row ${row}`);
            assert.equal((await which.describe()).streamName, name);
            await which.ask('terminate');
            await until('the connection is closed', () => server.last.closed);
            assert.deepEqual(server.last.commands.map((command) => command.name), ['connect',
                'releaseStream', 'FCPublish', 'createStream', 'publish', 'FCUnpublish', 'deleteStream'],
            `commands of row ${row} (REST-30)`);
            assert.ok(server.last.c2IsS1, 'C2 repeats S1');
        }
    });

    test('connect has the fields, and as many bytes, as the capture of the seed (REST-30)', async (t) => {
        const server = await serverFor(t);
        const probe = await probeFor(t);
        await probe.push(`${server.url}/live/?user1&pass1`, { fullUrl: true });
        const [connect] = (await server.publication()).commands;
        assert.deepEqual(Object.keys(connect.object), ['app', 'flashVer', 'tcUrl', 'fpad',
            'capabilities', 'audioCodecs', 'videoCodecs', 'videoFunction', 'objectEncoding']);
        assert.equal(connect.object.flashVer, 'FMLE/3.0');
        assert.equal(connect.transaction, 1);
        // There, tcUrl had 48 bytes and app 17.
        assert.equal(connect.len - connect.object.tcUrl.length - connect.object.app.length, 251 - 48 - 17);
    });

    for (const mod of ['adobe', 'llnw']) {
        test(`user and password open a server that asks by authmod=${mod} and show nowhere (REST-33)`,
            async (t) => {
                const server = await serverFor(t, { auth: { mod, user: 'joe', password: 'p@ss/wörd' } });
                const probe = await probeFor(t);
                const secret = encodeURIComponent('p@ss/wörd');
                await probe.push(`rtmp://joe:${secret}@127.0.0.1:${server.port}/live`);
                const publication = await server.publication();
                assert.equal(server.connections.length, 3);
                assert.ok(publication.commands[0].object.tcUrl.startsWith(
                    `rtmp://127.0.0.1:${server.port}/live?authmod=${mod}&user=joe&`));
                assert.equal((await probe.describe()).rtmpUrl,
                    `rtmp://joe:***@127.0.0.1:${server.port}/live`);
                for (const { commands } of server.connections)
                    assert.ok(!JSON.stringify(commands).includes('p@ss'));
                assert.ok(!probe.log.includes(secret) && !probe.log.includes('p@ss'), probe.log);
            });
    }

    test('a wrong password, a refused connection and a refused name end the push with the reason',
        async (t) => {
            const cases = [
                [{ auth: { mod: 'adobe', user: 'joe', password: 'right' } }, /refused the user or/],
                [{ refuse: 'connect' }, /go away/],
                [{ refuse: 'publish' }, /BadName/],
            ];
            for (const [options, words] of cases) {
                const server = await serverFor(t, options);
                const probe = await probeFor(t);
                await probe.push(`rtmp://joe:wrong@127.0.0.1:${server.port}/live`);
                await probe.waitForEnd();
                assert.match(probe.log, words);
                await probe.stop();
            }
        });

    test('requests that cannot be are refused before anything is made (REST-20, REST-21, REST-26)',
        async (t) => {
            const server = await serverFor(t);
            const probe = await probeFor(t, { media_dir: media });
            fs.writeFileSync(path.join(media, 'bad.wav'), 'this is no sound');
            fs.symlinkSync('/etc/passwd', path.join(media, 'link.wav'));
            execFileSync('mkfifo', [path.join(media, 'fifo.wav')]);
            fs.mkdirSync(path.join(media, 'dir.wav'));
            const url = `${server.url}/live`;
            await probe.push(url);
            await assert.rejects(probe.push(url), errno(EEXIST));
            const refused = [
                ['http://127.0.0.1/live', {}, EINVAL], ['rtmp://', {}, EINVAL],
                ['rtmp://no-such-host.invalid/live', {}, EINVAL],
                [`${url}2`, { soundFile: 'none.wav' }, ENOENT],
                [`${url}2`, { soundFile: '../x.wav' }, EINVAL],
                [`${url}2`, { soundFile: '.hidden' }, EINVAL],
                [`${url}2`, { soundFile: 'link.wav' }, ENOENT],
                [`${url}2`, { soundFile: 'fifo.wav' }, ENOENT],
                [`${url}2`, { soundFile: 'dir.wav' }, ENOENT],
                [`${url}2`, { soundFile: 'bad.wav' }, EBADMSG],
            ];
            for (const [to, options, code] of refused)
                await assert.rejects(probe.push(to, options), errno(code),
                    `${to} ${JSON.stringify(options)}`);
            await probe.ask('unpublish');
            await assert.rejects(probe.push(`${url}3`), errno(ENOENT));
        });

    test('a client may name public addresses and listed ones only, however they are spelt (hardening 16)',
        async (t) => {
            const server = await serverFor(t);
            const probe = await probeFor(t);
            const hosts = ['127.0.0.1', 'localhost', '2130706433', '0177.0.0.1', '0x7f.1', '127.1', '0',
                '[::1]', '[::ffff:127.0.0.1]', '[::]', '0.0.0.0', '10.0.0.1', '169.254.169.254',
                '[64:ff9b::7f00:1]', '[fe80::1]'];
            for (const host of hosts)
                await assert.rejects(probe.push(`rtmp://${host}:${server.port}/live`, { client: true }),
                    errno(EACCES), host);
            assert.equal(server.connections.length, 0);
            const allowing = await probeFor(t, { client_push_allow: '127.0.0.0/8' });
            await allowing.push(`${server.url}/live`, { client: true });
            await server.publication();
            await assert.rejects(allowing.push('rtmp://169.254.169.254/live', { client: true }),
                errno(EACCES));
        });

    // ---- Media ----

    const kinds = [
        { video: 'h264', audio: 'opus', codec: 'aac', rate: '48000' },
        { video: 'vp8', audio: 'opus', codec: 'aac', rate: '48000' },
        { video: 'h264', audio: 'pcm_alaw', codec: 'pcm_alaw', rate: '8000' },
        { video: 'h264', audio: 'pcm_mulaw', codec: 'pcm_mulaw', rate: '8000' },
    ];
    for (const { video, audio, codec, rate } of kinds) {
        test(`${video} and ${audio} arrive as h264 and ${codec}, in sync and in order (REST-35)`,
            async (t) => {
                const nginx = await nginxFor(t);
                const probe = await probeFor(t, {}, { video, audio });
                await probe.push(nginx.url);
                const file = await record(await firstRecording(nginx), 6);
                await probe.ask('terminate');
                const streams = await streamsOf(file);
                assert.equal(streams.video.codec_name, 'h264');
                assert.equal(streams.video.width, 640);
                assert.equal(streams.video.height, 360);
                assert.equal(streams.audio.codec_name, codec);
                assert.equal(streams.audio.sample_rate, rate);
                assertMonotonic(file);
                const skews = await skewsOf(file);
                assert.ok(skews.length >= 4, `only ${skews.length} beeps with a flash`);
                for (const skew of skews)
                    assert.ok(Math.abs(skew) < 40, `sound and picture are apart: ${skews}`);
                await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
            });
    }

    test('a source without sound gives none, one without pictures neither; G.711 passes bit by bit',
        async (t) => {
            const nginx = await nginxFor(t);
            for (const kind of [{ audio: 'none' }, { video: 'none', audio: 'pcm_alaw' }]) {
                const probe = await probeFor(t, {}, kind);
                const before = nginx.recordings().length;
                await probe.push(nginx.url);
                const file = await until('a recording', () => nginx.recordings()[before]);
                await record(file, 3);
                assert.deepEqual(Object.keys(await streamsOf(file)),
                    [kind.audio === 'none' ? 'video' : 'audio']);
                await probe.stop();
            }
            const source = await run('ffmpeg', ['-v', 'error', '-i', await makeMedia(media,
                { video: 'none', audio: 'pcm_alaw' }), '-f', 'alaw', '-c', 'copy', '-']);
            const sent = await run('ffmpeg', ['-v', 'error', '-i', nginx.recordings().at(-1), '-f',
                'alaw', '-c', 'copy', '-']);
            // not always the first: what a busy machine brings late has silence before it
            const seconds = Array.from({ length: Math.floor(sent.length / 800) - 9 },
                (_, i) => sent.subarray(800 * i, 800 * i + 8000));
            assert.ok(seconds.some((second) => source.includes(second)),
                'a second of the source appears as it was');
        });

    test('mute silences what is sent while sound and picture stay in sync (REST-25, REST-28)',
        async (t) => {
            const nginx = await nginxFor(t);
            const probe = await probeFor(t);
            await probe.push(nginx.url, { mute: true });
            const file = await record(await firstRecording(nginx), 3);
            assert.equal((await probe.describe()).muted, true);
            await probe.ask('unmute');
            await record(file, 4);
            assert.equal((await probe.describe()).muted, false);
            await probe.ask('terminate');
            const sound = await soundOf(file);
            assert.ok(loudness(sound, 0.5, 2) < 0.001, 'silent at first');
            assert.ok(loudness(sound, 4, 6) > 0.02, 'to be heard later');
            assert.ok(tagsOf(file).filter((tag) => tag.kind === 'audio' && tag.ms < 2000).length > 80,
                'silence is sent, too');
            for (const skew of (await skewsOf(file)).slice(1)) // the first beep may be heard in part
                assert.ok(Math.abs(skew) < 40, `${skew} ms`);
            assertMonotonic(file);
        });

    test('a sound file takes the place of the source until it ends, or in a loop until it is told to',
        async (t) => { // REST-26, REST-27, REST-28
            const nginx = await nginxFor(t);
            const probe = await probeFor(t);
            await makeTone(path.join(probe.dir, 'once.wav'), { seconds: 2, rate: 44100 });
            await makeTone(path.join(probe.dir, 'loop.wav'), { seconds: 0.5, codec: 'pcm_alaw' });
            await probe.push(nginx.url, { soundFile: 'once.wav' });
            const file = await firstRecording(nginx);
            assert.equal((await probe.describe()).soundEnabled, true);
            await until('the sound has ended', async () => !(await probe.describe()).soundEnabled);
            await record(file, 2);
            await probe.ask('sound loop.wav loop');
            await record(file, 3);
            assert.equal((await probe.describe()).soundEnabled, true);
            await assert.rejects(probe.ask('sound none.wav'), errno(ENOENT));
            await assert.rejects(probe.ask('sound ../none.wav'), errno(EINVAL));
            assert.equal((await probe.describe()).soundEnabled, true);
            await probe.ask('sound -');
            assert.equal((await probe.describe()).soundEnabled, false);
            await record(file, 2.5);
            await probe.ask('terminate');
            const sound = await soundOf(file);
            // The tone has an eighth of full scale all the time, the source beeps a tenth of it, and is
            // heard first where the file took its time on a busy machine.
            const loud = (s) => loudness(sound, s, s + 0.1) > 0.05;
            const tenths = Array.from({ length: 20 }, (_, i) => i / 10);
            const from = tenths.find((s) => tenths.slice(0, 5).every((more) => loud(s + more)));
            assert.ok(from !== undefined, 'the tone begins within two seconds');
            const perSecond = Array.from({ length: 9 }, (_, s) => {
                const parts = Array.from({ length: 10 }, (_, i) => loud(from + s + i / 10));
                return parts.filter(Boolean).length;
            });
            assert.ok(perSecond[0] >= 9 && perSecond[1] >= 9, `the tone first: ${perSecond}`);
            assert.ok(perSecond[3] <= 4, `then the source: ${perSecond}`);
            assert.ok(perSecond.slice(4, 8).includes(10), `the tone again: ${perSecond}`);
            assert.ok(perSecond.at(-1) <= 4, `the source at last: ${perSecond}`);
            assertMonotonic(file);
        });

    test('gaps of the source are filled: sound that stops, pictures that stop, times that jump',
        async (t) => {
            const nginx = await nginxFor(t);
            const probe = await probeFor(t);
            await probe.ask('audio off');
            await probe.push(nginx.url);
            const file = await record(await firstRecording(nginx), 2);
            await probe.ask('audio on');
            await record(file, 2);
            await probe.ask('audio off');
            await record(file, 2);
            await probe.ask('audio on');
            await probe.ask('video off');
            const frozen = tagsOf(file).filter((tag) => tag.kind === 'video').length;
            await record(file, 3);
            assert.ok(tagsOf(file).filter((tag) => tag.kind === 'video').length - frozen < 40);
            await probe.ask('video on');
            await record(file, 2);
            await probe.ask('jump 250');
            await record(file, 2);
            await probe.ask('jump 86400000');
            await record(file, 2);
            await probe.ask('terminate');
            const audio = tagsOf(file).filter((tag) => tag.kind === 'audio' && tag.head[1] === 1);
            audio.slice(2).forEach((tag, i) => assert.ok(tag.ms - audio[i + 1].ms < 30,
                `sound without a gap: ${audio[i + 1].ms} ms, then ${tag.ms} ms`));
            assert.ok(tagsOf(file).at(-1).ms < 60_000, 'a jump of a day is not believed');
            // A beep that was going on as the sound came back begins late: there are two such moments.
            const skews = await skewsOf(file);
            assert.ok(skews.filter((skew) => Math.abs(skew) < 40).length >= 4, `${skews}`);
            assert.ok(skews.filter((skew) => Math.abs(skew) >= 40).length <= 2, `${skews}`);
        });

    test('codec processes that die leave no gap in the sound, and a key frame to go on with',
        async (t) => {
            const nginx = await nginxFor(t);
            const probe = await probeFor(t, {}, { video: 'vp8' });
            await probe.push(nginx.url);
            const file = await record(await firstRecording(nginx), 3);
            const before = tagsOf(file).length;
            for (const role of ['sound', 'pictures'])
                for (const pid of probe.codecProcesses(role))
                    process.kill(pid, 'SIGKILL');
            await record(file, 8);
            await probe.ask('terminate');
            assertMonotonic(file);
            const tags = tagsOf(file);
            const sounds = tags.filter((tag) => tag.kind === 'audio' && tag.head[1] === 1);
            sounds.forEach((tag, i) => i > 0 && assert.ok(tag.ms - sounds[i - 1].ms <= 22,
                `${tag.ms - sounds[i - 1].ms} ms between two frames of AAC`));
            const after = tags.slice(before + 1).filter((tag) => tag.kind === 'video');
            assert.ok(after.some((tag) => tag.head[0] === 0x17), 'a key frame');
            assert.ok(after.length > 50, `${after.length} pictures after the death`);
            const skews = await skewsOf(file); // a flash in between may be late
            assert.ok(skews.filter((skew) => Math.abs(skew) >= 40).length <= 1, `${skews} ms`);
            await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
        });

    test('a source that comes back with another size gives a recording of that size', async (t) => {
        const nginx = await nginxFor(t);
        const probe = await probeFor(t);
        const small = await makeMedia(media, { size: '320x180' });
        await probe.push(nginx.url);
        await record(await firstRecording(nginx), 2);
        await probe.ask('unpublish');
        await probe.waitForEnd(); // REST-36
        await probe.ask(`publish ${small}`);
        await probe.push(nginx.url);
        const file = await until('a second recording', () => nginx.recordings()[1]);
        await record(file, 2);
        assert.equal((await streamsOf(file)).video.width, 320);
        assert.equal((await probe.describe()).height, 180);
    });

    for (const video of ['h264', 'vp8']) {
        test(`pictures of ${video} may change their size in the middle of a publication`, async (t) => {
            const nginx = await nginxFor(t);
            const file = path.join(media, `${video}-sizes.${video === 'h264' ? 'ts' : 'mkv'}`);
            const parts = [];
            for (const [i, size] of ['640x360', '322x182'].entries()) {
                parts.push(`${file}.${i}.${video === 'h264' ? 'ts' : 'mkv'}`);
                await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=s=${size}:r=30`,
                    '-t', '2', '-pix_fmt', 'yuv420p', ...(video === 'vp8' ? ['-c:v', 'libvpx', '-g', '30',
                        '-deadline', 'realtime'] : ['-c:v', 'libx264', '-profile:v', 'baseline', '-g',
                        '30', '-tune', 'zerolatency']), parts.at(-1)]);
            }
            fs.writeFileSync(`${file}.txt`, parts.map((part) => `file '${part}'\n`).join(''));
            await run('ffmpeg', ['-v', 'error', '-y', '-f', 'concat', '-safe', '0', '-i', `${file}.txt`,
                '-c', 'copy', file]);
            const probe = await PushProbe.start(file);
            t.after(() => probe.stop());
            await probe.push(nginx.url);
            const recording = await record(await firstRecording(nginx), 7);
            await probe.ask('terminate');
            const sizes = String(await run('ffprobe', ['-v', 'error', '-select_streams', 'v',
                '-show_entries', 'frame=width,height', '-of', 'csv=p=0', recording])).match(/\d+,\d+/g);
            const changes = sizes.filter((size, i) => size !== sizes[i - 1]);
            assert.ok(changes.length >= 3, `${changes}`);
            assert.deepEqual([...new Set(changes)].sort(), ['322,182', '640,360']);
            assertMonotonic(recording);
            await run('ffmpeg', ['-v', 'error', '-xerror', '-i', recording, '-f', 'null', '-']);
        });
    }

    test('a push of a reserved name waits for its stream and ends with the reservation (REST-22)',
        async (t) => {
            const server = await serverFor(t);
            const probe = await probeFor(t);
            await probe.ask('unpublish');
            await probe.ask('reserve');
            await probe.push(`${server.url}/live`);
            assert.equal(await probe.state(), 'WAITING');
            assert.equal(server.connections.length, 0);
            await probe.ask('publish');
            await server.publication();
            await until('media', () => server.last.media.length > 10);
            await probe.ask('unpublish');
            await probe.waitForEnd();
            await probe.push(`${server.url}/live`);
            assert.equal(await probe.state(), 'WAITING');
            await probe.ask('release');
            await probe.waitForEnd();
        });

    // ---- Faults ----

    test('a server that dies ends the push, and the next one begins at once (REST-36)', async (t) => {
        const probe = await probeFor(t);
        for (let i = 0; i < 20; i++) {
            const server = await serverFor(t, { dropAfter: 20 });
            await probe.push(`${server.url}/live`);
            await server.publication();
            await probe.waitForEnd();
            await probe.waitForLastWords(/connection lost: connection reset by peer/);
            const first = server.last.media.find((message) => message.type === 9);
            assert.equal(first.body[0], 0x17, 'pictures begin with a configuration and a key frame');
            await server.stop();
        }
        const fds = fs.readdirSync(`/proc/${probe.pid}/fd`).length;
        assert.ok(fds < 40, `${fds} descriptors left`);
    });

    test('with rtmp_push_restore the same push comes back as its server does', async (t) => {
        const port = await freePorts(1);
        const probe = await probeFor(t, { rtmp_push_restore: true, rtmp_push_restore_attempts: 1000,
            rtmp_push_restore_interval_ms: 100 });
        let nginx = await Nginx.start({ port });
        const id = await probe.push(nginx.url);
        await record(await firstRecording(nginx), 1);
        await nginx.kill();
        await probe.waitForState('RETRYING');
        nginx = await Nginx.start({ port });
        t.after(() => nginx.stop());
        const file = await record(await firstRecording(nginx), 3);
        assert.equal(await probe.state(), 'PUBLISHING');
        assert.equal((await probe.describe()).mediaSessionId, id);
        assert.ok((await skewsOf(file)).every((skew) => Math.abs(skew) < 40));
    });

    test('rtmp_push_restore gives up after its attempts', async (t) => {
        const port = await freePorts(1); // nobody listens
        const probe = await probeFor(t, { rtmp_push_restore: true, rtmp_push_restore_attempts: 3,
            rtmp_push_restore_interval_ms: 100 });
        await probe.push(`rtmp://127.0.0.1:${port}/live`);
        await probe.waitForEnd();
        assert.equal(probe.lines.filter((line) => /next try in/.test(line)).length, 3);
    });

    test('a server that does not answer is given up after 10 s, and terminate does not wait for it',
        async (t) => {
            for (const silent of ['accept', 'connect', 'publish']) {
                const server = await serverFor(t, { silent });
                const probe = await probeFor(t);
                await probe.push(`${server.url}/live`);
                await until('the connection', () => server.connections.length === 1);
                const begun = Date.now();
                await probe.ask('terminate');
                await probe.stop();
                assert.ok(Date.now() - begun < 2_000, 'ended at once');
            }
            const server = await serverFor(t, { silent: 'accept' });
            const probe = await probeFor(t);
            await probe.push(`${server.url}/live`);
            await probe.waitForLog(/no RTMP server answered within 10 s/, 15_000);
            await probe.waitForEnd();
        });

    test('a service that needs 12 s to answer publish is waited for', async (t) => {
        const server = await serverFor(t, { publishAfter: 12_000 });
        const probe = await probeFor(t);
        await probe.push(`${server.url}/live`);
        await server.publication(0, 20_000);
        await until('media', () => server.last.media.length > 0);
        assert.equal(server.connections.length, 1);
    });

    // ---- Redirects ----

    test('redirects are followed, three in a row, and the push stays what it was', async (t) => {
        const end = await serverFor(t);
        const third = await serverFor(t, { redirect: { at: 'publish', to: `${end.url}/there` } });
        const second = await serverFor(t,
            { redirect: { at: 'connect', to: `${third.url}/more/rtmp_probe`, text: true } });
        const first = await serverFor(t, { redirect: { at: 'connect', to: `${second.url}/other?token=1` } });
        const probe = await probeFor(t);
        const id = await probe.push(`rtmp://u:secret@127.0.0.1:${first.port}/live`);
        await end.publication();
        await until('media', () => end.last.media.length > 0);
        assert.deepEqual([second, third, end].map((server) => server.last.commands[0].object.tcUrl),
            [`${second.url}/other?token=1`, `${third.url}/more`, `${end.url}/there`]);
        assert.equal(end.last.commands.find(({ name }) => name === 'publish').rest[0], 'rtmp_probe');
        const told = await probe.describe();
        assert.equal(told.mediaSessionId, id);
        assert.equal(told.rtmpUrl, `rtmp://u:***@127.0.0.1:${first.port}/live`);
        assert.doesNotMatch(probe.log, /secret/);
        for (const server of [first, second, third])
            assert.equal(server.connections.length, 1);
    });

    test('a redirect that must not or cannot be followed is named', async (t) => {
        const probe = await probeFor(t);
        const rows = [
            ['rtmp://169.254.169.254/live', /redirects to 169\.254\.169\.254, which is not a public address/],
            ['/live2', /redirects to a URL that cannot be used/],
            ['http://127.0.0.1/', /redirects to a URL that cannot be used/],
            ['rtmp://no-such-host.invalid/live', /redirects to a host that cannot be resolved/],
        ];
        for (const [to, words] of rows) {
            const server = await serverFor(t, { redirect: { at: 'connect', to } });
            await probe.push(`${server.url}/live`);
            await probe.waitForEnd();
            await probe.waitForLastWords(words);
        }
        const loop = await serverFor(t, { redirect: { at: 'connect' } });
        loop.options.redirect.to = `${loop.url}/live`;
        await probe.push(`${loop.url}/live`);
        await probe.waitForEnd();
        await probe.waitForLastWords(/redirects again and again/);
        assert.equal(loop.connections.length, 4);
    });

    test('a server that stops reading for a while gets what is new then, beginning with a key frame',
        async (t) => {
            const probe = await probeFor(t, {}, { video: 'h264', audio: 'opus', size: '1280x720' });
            const server = await serverFor(t);
            await probe.push(`${server.url}/live`);
            await server.publication();
            await until('media', () => server.last.media.length > 20);
            server.last.socket.pause();
            await pause(8_000); // the time it does not read
            const seen = server.last.media.length;
            server.last.socket.resume();
            await until('media again', () => server.last.media.length > seen + 60);
            assert.equal(await probe.state(), 'PUBLISHING');
            const times = server.last.media.filter((m) => m.type === 9).map((m) => m.timestamp);
            times.forEach((ms, i) => i > 0 && assert.ok(ms >= times[i - 1]));
        });

    test('rtmps asks for the host by name and checks the certificate', async (t) => {
        const key = path.join(media, 'key.pem'), cert = path.join(media, 'cert.pem');
        await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
            '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '2', '-addext',
            'subjectAltName=DNS:localhost,IP:127.0.0.1']);
        const server = await serverFor(t, { tls: { key: fs.readFileSync(key), cert: fs.readFileSync(cert) } });
        const trusting = await probeFor(t, {}, {}, { environment: { SSL_CERT_FILE: cert } });
        for (const host of ['localhost', '127.0.0.1']) {
            const from = server.connections.length;
            await trusting.push(`rtmps://${host}:${server.port}/live`);
            const publication = await server.publication(from);
            assert.equal(publication.servername || false, host === 'localhost' ? 'localhost' : false);
            assert.equal(publication.commands[0].object.tcUrl, `rtmps://${host}:${server.port}/live`);
            await until('media', () => publication.media.length > 50);
        }
        const before = server.connections.length;
        const doubting = await probeFor(t);
        await doubting.push(`rtmps://localhost:${server.port}/live`);
        await doubting.waitForEnd();
        assert.match(doubting.log, /TLS handshake: self.signed certificate/);
        assert.equal(server.connections.slice(before).filter((c) => c.published).length, 0);
    });

    test('garbage for answers ends the push and nothing else', async (t) => {
        const answers = [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(70_000, 3),
            Buffer.alloc(5000, 0xff), Buffer.alloc(0)];
        const probe = await probeFor(t);
        for (const answer of answers) {
            const server = net.createServer((socket) => {
                socket.on('error', () => {});
                socket.once('data', () => socket.end(answer));
            });
            await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
            await probe.push(`rtmp://127.0.0.1:${server.address().port}/live`);
            await probe.waitForEnd();
            server.close();
        }
        assert.equal(probe.exited, undefined);
    });

    test('ffmpeg as a server takes the push, too', async (t) => {
        const port = await freePorts(1);
        const file = path.join(media, 'listened.flv');
        const listening = run('ffmpeg', ['-v', 'error', '-y', '-listen', '1', '-i',
            `rtmp://127.0.0.1:${port}/live/rtmp_probe`, '-t', '4', '-c', 'copy', file]);
        const probe = await probeFor(t, { rtmp_push_restore: true, rtmp_push_restore_attempts: 50,
            rtmp_push_restore_interval_ms: 100 });
        await probe.push(`rtmp://127.0.0.1:${port}/live`);
        await listening;
        const streams = await streamsOf(file);
        assert.equal(streams.video.codec_name, 'h264');
        assert.equal(streams.audio.codec_name, 'aac');
    });
});
