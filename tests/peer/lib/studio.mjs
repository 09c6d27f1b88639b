// SPDX-License-Identifier: GPL-3.0-or-later
// What pages/studio.js measures of a video in a page, as tests say it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './server.mjs';
import { until } from './wait.mjs';

const script = fs.readFileSync(path.join(root, 'tests/peer/pages/studio.js'), 'utf8');

export const RED = [220, 20, 20], BLUE = [20, 20, 220], GREEN = [20, 160, 20], BLACK = [0, 0, 0];

// For Browser.page(): the tools, and whose camera and screen the page finds.
export function init(person) {
    return { content: `${script}\n${person ? `studio.impersonate(${JSON.stringify(person)});` : ''}` };
}

export const css = (colour) => `rgb(${colour.join()})`;

export function isNear(colour, expected) {
    return colour.every((value, i) => Math.abs(value - expected[i]) < 50);
}

// points: [[x, y, colour]...]. selector: of the video.
export function sees(page, selector, points, timeout) {
    return until(`${selector} shows ${JSON.stringify(points)}`, async () => {
        const colours = await page.evaluate(([where, list]) =>
            window.studio.seen(document.querySelector(where), list), [selector, points]);
        if (points.every(([, , colour], i) => isNear(colours[i], colour)))
            return true;
        throw new Error(JSON.stringify(colours));
    }, { timeout });
}

// How loud they are, in dB.
export function loudness(page, selector, tones) {
    return page.evaluate(([where, list]) =>
        window.studio.heard(document.querySelector(where), list), [selector, tones]);
}

// present and absent: tones; the latter at least 30 dB softer than the softest of the former.
export function hears(page, selector, present, absent) {
    return until(`${selector} plays ${present} and not ${absent}`, async () => {
        const levels = await loudness(page, selector, [...present, ...absent]);
        const soft = Math.min(...levels.slice(0, present.length));
        const loud = Math.max(-140, ...levels.slice(present.length));
        if (soft > -60 && loud < soft - 30)
            return levels;
        throw new Error(JSON.stringify(levels));
    });
}

export function assertNear(actual, expected, tolerance, what) {
    assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, not ${expected}`);
}
