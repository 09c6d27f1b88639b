// SPDX-License-Identifier: GPL-3.0-or-later
// Calls that last: a hold of twelve minutes (`make test-long`), longer than any timer of a NAT, of
// the browser's transport, of the silence that ends a call.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call as inPage } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { Baresip, DOMAIN, Kamailio } from './lib/sip.mjs';
import { until } from './lib/wait.mjs';

const HOLD_MS = Number(process.env.HOLD_MINUTES ?? 12) * 60_000;
let server, kamailio, browser, pages;

before(async () => {
    const media = await freePorts(20);
    [kamailio, browser, pages] = await Promise.all([Kamailio.start(), Browser.open(), startPages()]);
    server = await Server.start({ port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8',
        media_port_from: media, media_port_to: media + 19 });
});
after(async () => {
    await browser?.close();
    await Promise.all([pages?.close(), kamailio?.stop()]);
    await server?.stop();
});

test('SIP-50 SIP-51 SIP-105 a hold of twelve minutes, and both are heard again', async () => {
    const telephone = await Baresip.start('u2', 'p2', kamailio.port, { video: 'vp8' });
    const page = await browser.page(pages.url + BARE, server);
    const status = (wanted) => until(`the call is ${wanted}`, async () =>
        (await inPage(page, 'callEvents', 'out')).at(-1)?.status === wanted);
    const bothHear = async () => {
        await until('the page hears 440 Hz', async () =>
            Math.abs(await inPage(page, 'heard') - 440) < 15);
        await until('the telephone hears 1000 Hz', () => telephone.heard().hz === 1000);
    };
    const decoded = async () => (await page.evaluate(() => window.peerStats()))[0].in.video.framesDecoded;
    try {
        await inPage(page, 'setTone', 1000);
        assert.equal(await inPage(page, 'openPhone', server.ws, { login: 'u1', authenticationName: 'u1',
            password: 'p1', domain: DOMAIN, outboundProxy: '127.0.0.1', port: kamailio.port,
            registerRequired: true }), 'REGISTERED');
        await inPage(page, 'dial', 'out', 'u2', { camera: [320, 240] });
        await status('ESTABLISHED');
        await bothHear();
        await inPage(page, 'onCall', 'out', 'hold');
        await status('HOLD');
        const end = performance.now() + HOLD_MS;
        await until('the hold is over', async () => {
            assert.equal((await inPage(page, 'callEvents', 'out')).at(-1).status, 'HOLD');
            return performance.now() > end;
        }, { timeout: HOLD_MS + 60_000, interval: 5_000 });
        await inPage(page, 'onCall', 'out', 'unhold');
        await status('ESTABLISHED');
        await bothHear();
        const before = await decoded();
        await until('pictures move again', async () => await decoded() > before + 10);
        await inPage(page, 'onCall', 'out', 'hangup');
        await telephone.event('CALL_CLOSED');
    } finally {
        await page.context().close();
        await telephone.stop();
    }
});
