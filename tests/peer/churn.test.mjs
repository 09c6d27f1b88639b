// SPDX-License-Identifier: GPL-3.0-or-later
// Sessions come and go, in every way a session can go: the server's descriptors, memory and
// names are afterwards what they were before.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { churn } from './lib/churn.mjs';
import { startPages } from './lib/pages.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { sanitizer, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const SESSIONS = sanitizer ? 30 : 60; // soak.test.mjs has hours of them
const WARM_UP = sanitizer ? 10 : 30; // caches and pools have their size after these
const RSS_GROWTH_KB = 3 * 1024;

let server, browser, pages;

async function descriptorsBack(wanted) {
    await until('the descriptors are closed', () => {
        const { fds } = server.usage();
        if (fds <= wanted)
            return true;
        throw new Error(`${fds} of ${wanted}`);
    });
}

describe('churn', () => {
    before(async () => {
        [server, browser, pages] = await Promise.all([
            Server.start({ ice_timeout_ms: 3000 }, { workers: 2 }), Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
        await server?.stop();
    });

    test(`${SESSIONS} sessions with media come and go`, async (t) => {
        const idle = server.usage();
        const place = { browser, url: pages.url, server };
        const next = await churn(place, 0, WARM_UP);
        await descriptorsBack(idle.fds);
        const warm = server.usage();
        const last = await churn(place, next, SESSIONS);
        await descriptorsBack(idle.fds);
        const end = server.usage();
        t.diagnostic(`idle ${JSON.stringify(idle)}, warm ${JSON.stringify(warm)}, ` +
            `end ${JSON.stringify(end)}`);
        assert.equal(end.threads, warm.threads);
        if (!sanitizer) // their quarantine keeps freed memory on purpose
            assert.ok(end.rssKb - warm.rssKb < RSS_GROWTH_KB,
                `${end.rssKb - warm.rssKb} KB more after ${SESSIONS} sessions`);
        const session = await WcsClient.session(server.ws);
        for (let i = 0; i < last; i++) {
            session.send('availableStream', { mediaSessionId: `batch-${i}`, name: `churn-${i}-0` });
            const { data: [answer] } = await session.next('availableStream');
            assert.equal(answer.status, 'false', `churn-${i}-0 is still there`);
        }
        await session.close();
    });

    test('sessions that are dropped half-way leave nothing behind', async () => {
        const { fds } = server.usage();
        const one = async (i) => {
            const client = await WcsClient.open(server.ws);
            if (i % 4 > 0)
                client.send('connection', { appKey: 'defaultApp', mediaProviders: ['WebRTC'] });
            if (i % 4 > 1) {
                await client.next('getVersion');
                client.publish(`half-${i}`, offer());
            }
            if (i % 4 > 2)
                await client.next('setRemoteSDP');
            client.abort();
            await client.closed;
        };
        for (let round = 0; round < 10; round++)
            await Promise.all(Array.from({ length: 20 }, (_, i) => one(round * 20 + i)));
        await descriptorsBack(fds);
        const session = await WcsClient.session(server.ws);
        for (let i = 0; i < 200; i += 7) {
            const id = session.publish(`half-${i}`, offer());
            await session.next('setRemoteSDP', (sdpId) => sdpId === id);
            session.unpublish(id, `half-${i}`);
            await session.status(id, 'UNPUBLISHED');
        }
        await session.close();
    });

    test('the metrics say that nobody is there', async () => {
        await until('no stream and no session', async () => {
            const gauges = Object.entries(await server.metrics());
            for (const name of ['sluice_connections', 'sluice_streams']) {
                const found = gauges.filter(([key]) => key.replace(/\{.*/, '') === name);
                if (found.length === 0 || found.some(([, value]) => value !== 0))
                    throw new Error(`${name}: ${JSON.stringify(found)}`);
            }
            return true;
        });
    });
});
