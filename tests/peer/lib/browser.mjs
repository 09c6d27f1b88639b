// SPDX-License-Identifier: GPL-3.0-or-later
// Headless Chromium with a made-up camera and microphone, and what the tests ask of its pages.
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './server.mjs';
import { PATIENCE_MS, slowness, until } from './wait.mjs';

// The same engine without the windows around it starts and computes in half the time.
const PROGRAM = process.env.CHROMIUM || '/usr/bin/chromium-headless-shell';
// As people have it.
const WHOLE = '/usr/bin/chromium';
const FLAGS = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
    '--auto-select-desktop-capture-source=Entire screen',
    // a page in the background must go on as one in front
    '--disable-renderer-backgrounding',
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
];
const NEAR = /^(127\.0\.0\.1|localhost|10\.66\.0\.\d+)$/; // the latter: netns.mjs
const INSTRUMENT = path.join(root, 'tests/peer/pages/instrument.js');

export class Browser {
    #browser;
    #process;

    // secure: origins that may use cameras though their pages come over http, such as a node's
    // (netns.mjs): ['http://10.66.0.2:8082']. whole: Chromium as people have it.
    static async open({ secure = [], whole = false } = {}) {
        const executablePath = whole ? WHOLE : PROGRAM;
        if (!fs.existsSync(executablePath))
            throw new Error(`${executablePath} is missing: tools/install-deps test`);
        const browser = new Browser();
        // as a server, because only that tells the process: a test kills it
        const server = await chromium.launchServer({ executablePath, headless: true,
            chromiumSandbox: false, host: '127.0.0.1',
            args: [...FLAGS, `--unsafely-treat-insecure-origin-as-secure=${secure.join()}`] });
        browser.#process = server.process();
        browser.server = server;
        browser.#browser = await chromium.connect(server.wsEndpoint());
        return browser;
    }

    // A page in a profile of its own; it loads from loopback and the nodes of a Network only.
    // ports: a Server, for the addresses that the official pages propose. page.log holds its
    // console, page.faults the exceptions that nothing caught. login: {username, password}, what its
    // reader answers when the browser asks.
    async page(url, server, { init, login } = {}) {
        const context = await this.#browser.newContext({ ignoreHTTPSErrors: true,
            httpCredentials: login });
        await context.route((target) => !NEAR.test(target.hostname) &&
            target.protocol.startsWith('http'),
            (route) => route.fulfill({ status: 200, contentType: 'text/javascript', body: '' }));
        await context.addInitScript({ path: INSTRUMENT });
        if (server)
            await context.addInitScript((ports) => (window.SERVER_PORTS = ports), {
                ws: server.options['ws.port'], wss: server.options['wss.port'],
                http: server.options['http.port'], https: server.options['https.port'],
                legacy: {}, hls: { http: server.options['hls.port'],
                    https: server.options['hls.https.port'] } });
        if (init)
            await context.addInitScript(init);
        const page = await context.newPage();
        page.log = [];
        page.faults = [];
        page.on('console', (message) => page.log.push(message.text()));
        page.on('pageerror', (error) => page.faults.push(error.stack ?? String(error)));
        page.setDefaultTimeout(PATIENCE_MS * slowness);
        await page.goto(url, { waitUntil: 'load' });
        return page;
    }

    // The process dies as it would for lack of memory: no goodbye on any socket.
    kill() {
        process.kill(-this.#process.pid, 'SIGKILL');
    }

    // The process hangs: its sockets stay open and say nothing. Only kill() ends it.
    freeze() {
        process.kill(-this.#process.pid, 'SIGSTOP');
    }

    async close() {
        await this.#browser.close().catch(() => {}); // killed ones are gone already
        await this.server.close().catch(() => {});
    }
}

// Waits until the element's text is `text`; the error tells what it was instead.
export function text(page, selector, expected, timeout = PATIENCE_MS) {
    return until(`${selector} says ${expected}`, async () => {
        const actual = (await page.textContent(selector)).trim();
        if (actual === expected)
            return true;
        throw new Error(`'${actual}'; ${page.log.slice(-5).join(' / ')}`);
    }, { timeout });
}

// What every open peer connection of the page sends and receives: see pages/instrument.js.
export function peers(page) {
    return page.evaluate(() => window.peerStats());
}

// The statistics of the only connection that receives (or sends) this kind of media.
export async function only(page, way, kind) {
    const found = (await peers(page)).filter((peer) => peer[way][kind]).map((peer) => peer[way][kind]);
    if (found.length !== 1)
        throw new Error(`${found.length} connections with ${way} ${kind}`);
    return found[0];
}

// Pictures are decoded and sound has energy, and both go on; returns {video, audio} at the end.
export async function assertPlays(page, { video = true, audio = true, frames = 20 } = {}) {
    const result = {};
    if (video) {
        const first = await until('the first picture', async () => {
            const stats = await only(page, 'in', 'video');
            return stats.framesDecoded > 0 && stats.frameWidth > 0 && stats;
        });
        result.video = await until(`${frames} more pictures`, async () => {
            const stats = await only(page, 'in', 'video');
            if (stats.framesDecoded >= first.framesDecoded + frames)
                return stats;
            throw new Error(`${stats.framesDecoded - first.framesDecoded} of ${frames}`);
        });
    }
    if (audio) {
        // the made-up microphone beeps once a second
        result.audio = await until('sound with energy', async () => {
            const stats = await only(page, 'in', 'audio');
            return stats.totalAudioEnergy > 0 && stats.packetsReceived > 10 && stats;
        });
    }
    return result;
}
