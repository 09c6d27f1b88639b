// SPDX-License-Identifier: GPL-3.0-or-later
// Sessions that come and go, each publishing and playing a stream of its own in Chromium.
import assert from 'node:assert/strict';
import { BARE } from './pages.mjs';

const AT_ONCE = 5;

// One batch in a fresh page. How it leaves depends on its number: all streams stopped, sessions
// disconnected, or the page gone.
async function batch({ browser, url, server }, index) {
    const page = await browser.page(url + BARE, server);
    const outcome = await page.evaluate(async ([address, number, sessions]) => {
        const one = async (i) => {
            const label = `s${i}`;
            const name = `churn-${number}-${i}`;
            window.sluice.canvasCamera(label, 160, 120, { audio: true });
            const connected = await window.sluice.connect(address, {}, label);
            const published = await window.sluice.publishCamera(`out-${i}`, name, label,
                { session: label });
            const played = await window.sluice.play(`in-${i}`, name, { session: label });
            return [connected, published.status, played.status, published.info, played.info];
        };
        return Promise.all(Array.from({ length: sessions }, (_, i) => one(i)));
    }, [server.ws, index, AT_ONCE]);
    for (const [connected, published, played, ...info] of outcome)
        assert.deepEqual([connected, published, played], ['ESTABLISHED', 'PUBLISHING', 'PLAYING'],
            String(info));
    await page.evaluate(async ([kind, sessions]) => {
        for (let i = 0; i < sessions && kind < 2; i++) {
            if (kind === 0) {
                await window.sluice.stop(`in-${i}`);
                await window.sluice.stop(`out-${i}`);
            }
            window.sluice.disconnect(`s${i}`);
        }
    }, [index % 3, AT_ONCE]);
    await page.context().close();
}

// Returns the number of the next batch. The names are churn-<batch>-<0...4>.
export async function churn(place, first, sessions) {
    const last = first + Math.ceil(sessions / AT_ONCE);
    for (let index = first; index < last; index++)
        await batch(place, index);
    return last;
}
