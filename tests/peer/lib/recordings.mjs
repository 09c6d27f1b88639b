// SPDX-License-Identifier: GPL-3.0-or-later
// What nginx records of a push, while it comes in and afterwards.
import assert from 'node:assert/strict';
import path from 'node:path';
import { tagsOf } from './rtmp.mjs';
import { until } from './wait.mjs';

export function lastMs(file) {
    return tagsOf(file).at(-1)?.ms ?? 0;
}

// All recordings of a published name, the oldest first.
export function recordingsOf(nginx, name) {
    return nginx.recordings().filter((file) => path.basename(file).startsWith(`${name}-`));
}

// How many there are, once a further one gets a file of its own: the names have whole seconds.
export async function roomForAnother(nginx, name) {
    const files = recordingsOf(nginx, name);
    const last = Number(/-(\d+)\.flv$/.exec(files.at(-1) ?? '')?.[1] ?? 0);
    await until('the next second', () => Math.floor(Date.now() / 1000) > last);
    return files.length;
}

// The recording that begins after `before` ones of that name, once there is media in it.
export function recordingOf(nginx, name, before = 0) {
    return until(`a recording of ${name}`, () => {
        const file = recordingsOf(nginx, name)[before];
        return file && tagsOf(file).length > 4 && file;
    });
}

// Waits until the recording holds this many seconds more than now; where it was then, in seconds.
export async function record(file, seconds) {
    const from = lastMs(file);
    await until(`${seconds} s more in ${file}`, () => lastMs(file) >= from + seconds * 1000,
        { timeout: (seconds + 10) * 1000, interval: 100 });
    return lastMs(file) / 1000;
}

export function assertMonotonic(file) {
    const tags = tagsOf(file).filter((tag) => tag.kind !== 'data');
    assert.ok(tags.length > 20, `${tags.length} tags`);
    tags.forEach((tag, i) => i > 0 && assert.ok(tag.ms >= tags[i - 1].ms,
        `tag ${i}: ${tags[i - 1].ms} ms, then ${tag.ms} ms`));
}
