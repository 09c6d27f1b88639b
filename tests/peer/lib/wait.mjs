// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting for events with a deadline. Nothing in the tests sleeps for a guessed time.

// A sanitized server is several times slower; deadlines that guard against hanging grow with it.
export const sanitizer = process.env.SLUICE_SANITIZER || '';
export const slowness = { '': 1, address: 3, thread: 6 }[sanitizer] ?? 3;

// How long a test waits for what it does not judge by time: two processors that have three files to
// carry may be late by far, and a test that passes pays nothing for it. What must come sooner says so.
export const PATIENCE_MS = 30_000;

// Resolves as the promise does, or rejects with `what` (a text, or a function that makes it) after
// `ms`.
export function within(ms, what, promise) {
    let timer;
    const deadline = new Promise((_, reject) => {
        timer = setTimeout(() => {
            const text = typeof what === 'function' ? what() : what;
            reject(new Error(`not within ${ms} ms: ${text}`));
        }, ms);
    });
    return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

// Calls `probe` until it returns something true, which is the result. What the last call returned
// or threw is part of the error's text, behind `what` (a text, or a function that makes it).
export async function until(what, probe, { timeout = PATIENCE_MS, interval = 50 } = {}) {
    const end = Date.now() + timeout * slowness;
    let last;
    for (;;) {
        try {
            last = await probe();
            if (last)
                return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() >= end) {
            const text = typeof what === 'function' ? what() : what;
            throw new Error(`not within ${timeout * slowness} ms: ${text} (last: ${describe(last)})`);
        }
        await pause(interval);
    }
}

// One interval of a measurement or of polling; not for waiting until something has happened.
export function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

function describe(value) {
    if (value instanceof Error)
        return value.message;
    return typeof value === 'string' ? value : JSON.stringify(value);
}
