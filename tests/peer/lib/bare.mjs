// SPDX-License-Identifier: GPL-3.0-or-later
// The bare page as tests use it: the official SDK by the functions of pages/bare.js, and what
// Chromium's statistics say of its streams.
import assert from 'node:assert/strict';
import { BARE } from './pages.mjs';
import { until } from './wait.mjs';

export const SMALL = { audio: true, video: { width: 320, height: 240 } };

let number = 0;

// Calls window.sluice.<method> in the page.
export function call(where, method, ...args) {
    return where.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

// A page with an established session 'main'.
export async function open(browser, pages, server, { url = server.ws, session = {} } = {}) {
    const opened = await browser.page(pages.url + BARE, server);
    assert.equal(await call(opened, 'connect', url, session), 'ESTABLISHED');
    return opened;
}

// A publication with a new name: {label, name}, also the event that ended its start.
export async function publish(where, options = { constraints: SMALL }, expected = 'PUBLISHING') {
    const label = `publisher-${++number}`;
    const name = `sdk-${number}`;
    const event = await call(where, 'publish', label, name, options);
    assert.equal(event.status, expected, event.info);
    return { label, name, event };
}

// The same of a painted canvas.
export async function publishCamera(where, width, height, options = {}) {
    const label = `publisher-${++number}`;
    const name = `sdk-${number}`;
    await call(where, 'canvasCamera', label, width, height, options);
    const event = await call(where, 'publishCamera', label, name, label, options);
    assert.equal(event.status, 'PUBLISHING', event.info);
    return { label, name, event };
}

export async function play(where, name, options = {}, expected = 'PLAYING') {
    const label = `player-${++number}`;
    const event = await call(where, 'play', label, name, options);
    assert.equal(event.status, expected, event.info);
    return label;
}

export async function stats(where, label, way, kind) {
    const all = await call(where, 'stats', label);
    return all?.[way][kind];
}

// Waits for `count` more decoded pictures (or sent ones), and returns the statistics.
export async function pictures(where, label, count = 15, way = 'in') {
    const field = way === 'in' ? 'framesDecoded' : 'framesSent';
    let first, all;
    const what = () => `${count} more pictures of ${label} (all of it: ${JSON.stringify(all)})`;
    return until(what, async () => {
        all = await call(where, 'stats', label);
        const now = all?.[way].video;
        if (now?.[field] === undefined)
            throw new Error('no statistics yet');
        first ??= now[field];
        if (now[field] >= first + count)
            return now;
        throw new Error(`${now[field] - first}`);
    });
}

export function sound(where, label) {
    return until(`${label} hears something`, async () => {
        const now = await stats(where, label, 'in', 'audio');
        return now?.totalAudioEnergy > 0 && now;
    });
}

export function event(where, label, what, accept) {
    return until(`${label}: ${what}`, async () =>
        (await call(where, 'events', label)).find(accept));
}

export async function stop(where, label, expected) {
    assert.equal((await call(where, 'stop', label)).status, expected);
}
