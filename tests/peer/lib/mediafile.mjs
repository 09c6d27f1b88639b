// SPDX-License-Identifier: GPL-3.0-or-later
// What FFmpeg and Chromium find in a recording.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

function ffprobe(file, ...args) {
    return JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', ...args, file],
        { maxBuffer: 256 << 20 }));
}

// {video, audio, seconds}: codecs, sizes and lengths as the file's head tells them.
export function probe(file) {
    const { streams, format } = ffprobe(file, '-show_streams', '-show_format');
    const of = (type) => streams.find((stream) => stream.codec_type === type);
    return { video: of('video'), audio: of('audio'), seconds: Number(format.duration),
        count: streams.length };
}

// The packets of a kind: {pts, duration (seconds), key}.
export function packets(file, kind) {
    return ffprobe(file, '-select_streams', kind[0], '-show_packets').packets.map((packet) => ({
        pts: Number(packet.pts_time), duration: Number(packet.duration_time),
        key: packet.flags.startsWith('K') }));
}

// The kind's first and last moment, by its packets.
export function span(file, kind) {
    const all = packets(file, kind);
    const last = all.reduce((a, b) => (a.pts > b.pts ? a : b));
    return { begin: Math.min(...all.map(({ pts }) => pts)),
        end: last.pts + (last.duration || 0), count: all.length };
}

// Every frame decodes without a complaint; how many pictures there were.
export function decode(file) {
    const out = execFileSync('ffmpeg', ['-v', 'warning', '-i', file, '-map', '0', '-f', 'null', '-',
        '-progress', 'pipe:1'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return Number(/frame=(\d+)\n(?![^]*frame=)/.exec(out)?.[1] ?? 0);
}

// The size of each picture, as it is decoded.
export function decodedSizes(file) {
    return ffprobe(file, '-select_streams', 'v', '-show_frames', '-show_entries',
        'frame=width,height').frames.map(({ width, height }) => `${width}x${height}`);
}

// Plays from a URL to its end; {width, height, duration, sizes (each that was shown), time}.
export async function playFile(page, url) {
    const seen = await page.evaluate((source) => new Promise((resolve) => {
        const video = document.createElement('video');
        const sizes = [];
        const note = () => {
            const size = `${video.videoWidth}x${video.videoHeight}`;
            if (video.videoWidth > 0 && sizes.at(-1) !== size)
                sizes.push(size);
        };
        const done = (error) => {
            clearInterval(timer);
            resolve({ error, width: video.videoWidth, height: video.videoHeight,
                duration: video.duration, time: video.currentTime, sizes });
            video.remove();
        };
        const timer = setInterval(note, 20);
        video.muted = true;
        video.playbackRate = 4;
        video.onresize = note;
        video.onended = () => done(null);
        video.onerror = () => done(video.error.message);
        setTimeout(() => done('it does not end'), 30_000);
        document.body.append(video);
        video.src = source;
        video.play();
    }), url);
    assert.equal(seen.error, null, JSON.stringify(seen));
    return seen;
}
