// SPDX-License-Identifier: GPL-3.0-or-later
// Telephones' calls come and go with their sound, passed through and transcoded, and are ended by
// either side or by a page that is gone: descriptors are afterwards what they were before, and with
// the thread sanitizer (tests/run) nothing is touched by two threads at once.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { after, before, describe, test } from 'node:test';
import { call as inPage } from './lib/bare.mjs';
import { Browser, peers } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { account } from './lib/phones.mjs';
import { freePorts } from './lib/ports.mjs';
import { Server } from './lib/server.mjs';
import { DOMAIN, Party } from './lib/sip.mjs';
import { pause, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const ROUNDS = 6, AT_ONCE = 4;
const CODECS = [['111', 'a=rtpmap:111 opus/48000/2'], ['8', 'a=rtpmap:8 PCMA/8000']];

let server, browser, pages, party, echo;
let answered = []; // the INVITEs of this round
const codecOf = new Map(); // by Call-ID, for an INVITE may come again

function answer(message) {
    if (message.method === 'BYE')
        party.reply(message, 200, 'OK');
    if (message.method !== 'INVITE')
        return true;
    const id = message.get('call-id');
    if (!codecOf.has(id)) {
        answered.push(message);
        codecOf.set(id, CODECS[codecOf.size % CODECS.length]);
    }
    const [format, map] = codecOf.get(id);
    party.reply(message, 200, 'OK', [party.contact], ['v=0', 'o=party 1 1 IN IP4 127.0.0.1', 's=-',
        'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${echo.address().port} RTP/AVP ${format}`, map, 'a=sendrecv',
        ''].join('\r\n'));
    return true;
}

// When descriptors are neither opened nor closed any more.
async function rested() {
    let before = server.usage();
    await until('nothing happens', async () => {
        await pause(300);
        const now = server.usage(), same = now.fds === before.fds;
        before = now;
        return same;
    });
    return before;
}

const statusOf = async (page, label) => (await inPage(page, 'callEvents', label)).at(-1)?.status;

const reached = (page, label, status) => until(`${label} is ${status}`, async () =>
    await statusOf(page, label) === status);

async function openCalls() {
    answered = [];
    const page = await browser.page(pages.url + BARE, server);
    await inPage(page, 'setTone', 1000);
    await inPage(page, 'openPhone', server.ws, { login: 'u1', authenticationName: 'u1', password: 'p1',
        domain: DOMAIN, outboundProxy: '127.0.0.1', port: party.port, registerRequired: false });
    const labels = Array.from({ length: AT_ONCE }, (_, i) => `call ${i}`);
    for (const label of labels)
        await inPage(page, 'dial', label, '1001', { stripCodecs: 'PCMA,PCMU,G722' });
    for (const label of labels)
        await reached(page, label, 'ESTABLISHED');
    await until('each of them hears the echo', async () => (await peers(page)).filter((peer) =>
        peer.in.audio?.packetsReceived > 30).length === AT_ONCE);
    return { page, labels };
}

describe('calls come and go', () => {
    before(async () => {
        echo = dgram.createSocket('udp4').on('message', (bytes, { port, address }) =>
            echo.send(bytes, port, address));
        await new Promise((resolve) => echo.bind(0, '127.0.0.1', resolve));
        party = await Party.open();
        party.on = answer;
        const media = await freePorts(60);
        [server, browser, pages] = await Promise.all([
            Server.start({ port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8',
                media_port_from: media, media_port_to: media + 59 }, { workers: 2 }),
            Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await Promise.all([pages?.close(), party?.close(), new Promise((done) => echo.close(done))]);
        await server?.stop();
    });

    test(`${ROUNDS * AT_ONCE} calls, ended from either side and by pages that go`, async () => {
        const phone = await WcsClient.session(server.ws, account('u1', party.port,
            { sipRegisterRequired: false })); // from here on the user agent is there
        await phone.close();
        await server.waitForLog(/DISCONNECTED/);
        const idle = await rested();
        for (let round = 0; round < ROUNDS; round++) {
            const { page, labels } = await openCalls();
            const before = party.count('BYE');
            if (round % 3 === 0) {
                for (const label of labels)
                    await inPage(page, 'onCall', label, 'hangup');
            } else if (round % 3 === 1) {
                for (const invite of answered)
                    await party.back(invite, 'BYE', 2);
            }
            for (const label of round % 3 < 2 ? labels : [])
                await reached(page, label, 'FINISH');
            await page.context().close();
            if (round % 3 !== 1)
                await until('each call is ended', () => party.count('BYE') - before >= AT_ONCE);
        }
        await until('the descriptors are closed', () => {
            const { fds } = server.usage();
            if (fds <= idle.fds)
                return true;
            throw new Error(`${fds} of ${idle.fds}`);
        });
        assert.doesNotMatch(server.log.split('sluice ready')[1], /Z (warn|error) /);
    });
});
