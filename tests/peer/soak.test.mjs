// SPDX-License-Identifier: GPL-3.0-or-later
// `make soak`: sessions come and go for SOAK_MINUTES while one stream is published and played the
// whole time. Memory and descriptors must not grow (hardening.md: less than 1 MiB an hour).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { churn } from './lib/churn.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES || 60);
const WARM_UP = 50;
const PER_ROUND = 25;
const GROWTH_KB_PER_HOUR = 1024;
const GROWTH_KB_ALWAYS = 2048; // an allocator's own swing, which does not depend on time

let server, browser, pages, page;

function call(method, ...args) {
    return page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
}

// Kilobytes an hour, least squares.
function slope(samples) {
    const mean = (key) => samples.reduce((sum, s) => sum + s[key], 0) / samples.length;
    const [t, kb] = [mean('hours'), mean('rssKb')];
    return samples.reduce((sum, s) => sum + (s.hours - t) * (s.rssKb - kb), 0) /
        samples.reduce((sum, s) => sum + (s.hours - t) ** 2, 0);
}

describe('soak', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([Server.start({}, { workers: 2 }),
            Browser.open(), startPages()]);
        page = await browser.page(pages.url + BARE, server);
        assert.equal(await call('connect', server.ws), 'ESTABLISHED');
        assert.equal((await call('publish', 'camera', 'soak', {})).status, 'PUBLISHING');
        assert.equal((await call('play', 'viewer', 'soak')).status, 'PLAYING');
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test(`${MINUTES} minutes of coming and going`, async (t) => {
        const place = { browser, url: pages.url, server };
        let next = await churn(place, 0, WARM_UP);
        const { fds } = server.usage();
        const start = Date.now();
        const samples = [];
        while (Date.now() - start < MINUTES * 60_000) {
            next = await churn(place, next, PER_ROUND);
            await until('the descriptors are closed', () => server.usage().fds <= fds + 2);
            const frames = (await call('stats', 'viewer')).in.video.framesDecoded;
            await until('the stream goes on', async () =>
                (await call('stats', 'viewer')).in.video.framesDecoded > frames);
            samples.push({ hours: (Date.now() - start) / 3_600_000, rssKb: server.usage().rssKb });
        }
        const growth = samples.at(-1).rssKb - samples[0].rssKb;
        t.diagnostic(`${next} batches; ${samples[0].rssKb} to ${samples.at(-1).rssKb} KB, ` +
            `${slope(samples).toFixed()} KB an hour`);
        assert.ok(growth < GROWTH_KB_ALWAYS || slope(samples) < GROWTH_KB_PER_HOUR, `${growth} KB`);
    });
});
