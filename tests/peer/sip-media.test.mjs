// SPDX-License-Identifier: GPL-3.0-or-later
// The media of calls: statements SIP-n of sip.md about digits, pictures, RTP and RTCP, with baresip,
// the SDK in Chromium, and telephones of our own whose every packet is seen.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { call as inPage } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { RtpPorts } from './lib/rtp.mjs';
import { offer } from './lib/sdp.mjs';
import { root, Server } from './lib/server.mjs';
import { Baresip, DOMAIN, Kamailio, Party } from './lib/sip.mjs';
import { until, within } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const SILENCE_S = 6;
let server, kamailio, browser, pages;
const closables = [];

const keep = (closable) => {
    closables.push(closable);
    return closable;
};

before(async () => {
    const media = await freePorts(60);
    [kamailio, browser, pages] = await Promise.all([Kamailio.start(), Browser.open(), startPages()]);
    server = await Server.start({ port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8',
        media_port_from: media, media_port_to: media + 59, log_level: 'DEBUG',
        rtp_activity_detecting: `true,${SILENCE_S}`, enable_local_videochat: true,
        ice_timeout_ms: 60_000 }); // clients without a browser never check
});
after(async () => {
    await Promise.all(closables.map((one) => one.abort ? one.abort() : one.close()));
    await browser?.close();
    await Promise.all([pages?.close(), kamailio?.stop()]);
    await server?.stop();
});

// ---- A party, with ports of its own ----

const sections = {
    audio: (port, { codecs = '8 101', direction = 'sendrecv', more = [] } = {}) =>
        [`m=audio ${port} RTP/AVP ${codecs}`, 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16',
            `a=${direction}`, ...more],
    video: (port, { codecs = '96', maps = ['a=rtpmap:96 VP8/90000'], direction = 'sendrecv' } = {}) =>
        [`m=video ${port} RTP/AVP ${codecs}`, ...maps, `a=${direction}`],
};

const sdp = (version, ...parts) => ['v=0', `o=party 1 ${version} IN IP4 127.0.0.1`, 's=-',
    'c=IN IP4 127.0.0.1', 't=0 0', ...parts.flat(), ''].join('\r\n');

async function openParty() {
    const party = keep(await Party.open());
    party.sound = keep(await RtpPorts.open());
    party.pictures = keep(await RtpPorts.open());
    return party;
}

const account = (port) => ({ sipRegisterRequired: false, sipLogin: 'u1', sipAuthenticationName: 'u1',
    sipPassword: 'p1', sipDomain: DOMAIN, sipOutboundProxy: '127.0.0.1', sipPort: port });

let count = 0;

// A client's call that the party has answered; its browser never sends anything.
async function established({ codecs, body } = {}) {
    const party = await openParty();
    const client = keep(await WcsClient.session(server.ws, account(party.port)));
    const callId = `media-${++count}`;
    client.send('call', { callId, incoming: false, hasVideo: false, hasAudio: true, status: 'PENDING',
        mediaProvider: 'WebRTC', caller: 'u1', callee: '1001', visibleName: '',
        sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
    const invite = await party.next('INVITE');
    await party.reply(invite, 200, 'OK', [party.contact],
        body ?? sdp(1, sections.audio(party.sound.port, { codecs })));
    await party.next('ACK');
    await client.next('talk', (data) => data.callId === callId);
    return { party, client, callId, invite, at: RtpPorts.place(invite.body) };
}

const isEvent = ({ type }) => type === 101;

// The events that came, each as its packets.
function events(packets) {
    const all = new Map();
    for (const packet of packets.filter(isEvent))
        all.set(packet.timestamp, [...all.get(packet.timestamp) ?? [], packet]);
    return [...all.values()];
}

describe('what a telephone gets', { concurrency: 12 }, () => {
    test('SIP-67 SIP-68 SIP-70 digits are events of RFC 4733, one after the other', async () => {
        const { party, client, callId } = await established();
        for (const dtmf of ['1*#', 16, '12', 'D'])
            client.send('sendDtmf', { callId, type: 'RFC2833', dtmf });
        const wanted = [1, 10, 11, 16, 12, 15];
        await until('all digits', () => events(party.sound.packets).length === wanted.length &&
            events(party.sound.packets).at(-1).length === 11);
        const sequences = party.sound.packets.map(({ sequence }) => sequence);
        assert.deepEqual(sequences, sequences.map((_, i) => (sequences[0] + i) & 0xffff));
        assert.equal(new Set(party.sound.packets.map(({ ssrc }) => ssrc)).size, 1);
        assert.notEqual(party.sound.packets[0].ssrc, 0);
        events(party.sound.packets).forEach((packets, i) => {
            const of = packets.map(({ marker, payload }) => [marker, payload[0], payload[1] >> 7,
                payload[1] & 0x3f, payload.readUInt16BE(2)]);
            const tone = [...Array(8)].map((_, n) => [n === 0, wanted[i], 0, 10, 160 * (n + 1)]);
            assert.deepEqual(of, [...tone, ...Array(3).fill([false, wanted[i], 1, 10, 1280])]);
        });
        const ends = events(party.sound.packets).map((packets) => packets[8].at);
        events(party.sound.packets).slice(1).forEach((packets, i) =>
            assert.ok(packets[0].at - ends[i] > 20, `${packets[0].at - ends[i]} ms between digits`));
        client.send('hangup', { callId });
        await party.next('BYE');
    });

    test('SIP-71 digits go by INFO where no events were agreed upon', async () => {
        const { party, client, callId, invite } = await established({ codecs: '8' });
        assert.match(invite.body, /^a=rtpmap:101 telephone-event\/8000\r$/m);
        assert.match(invite.body, /^a=rtpmap:110 telephone-event\/48000\r$/m);
        client.send('sendDtmf', { callId, type: 'RFC2833', dtmf: '5' });
        const info = await party.next('INFO');
        assert.equal(info.body, 'Signal=5\r\nDuration=160\r\n');
        await party.reply(info, 200, 'OK');
        assert.deepEqual(party.sound.packets.filter(isEvent), []);
    });

    test('SIP-100 reports come every five seconds or so, from the port behind', async () => {
        const { party, at } = await established();
        const sound = party.sound.play(at);
        const reports = () => party.sound.reports.filter(({ type }) => type === 200 || type === 201);
        await until('three reports', () => reports().length >= 3, { timeout: 25_000 });
        sound.stop();
        const [first, second, third] = reports();
        for (const [a, b] of [[first, second], [second, third]])
            assert.ok(b.at - a.at > 2400 && b.at - a.at < 7600, `${b.at - a.at} ms`);
        assert.ok(party.sound.reports.some(({ type }) => type === 202), 'with a CNAME');
        assert.deepEqual(party.sound.packets.filter(({ type }) => type >= 72 && type <= 76), []);
    });

    test('SIP-104 comfort noise is a sign of life, and nothing that is lost', async () => {
        const { party, client, callId, at } = await established();
        let sequence = 0;
        for (; sequence < 10; sequence++)
            await party.sound.send({ type: 8, sequence, timestamp: sequence * 160, ssrc: 9,
                payload: Buffer.alloc(160, 0xd5) }, at);
        const noise = setInterval(() => party.sound.send({ type: 13, sequence: sequence++,
            timestamp: sequence * 1600, ssrc: 9, payload: Buffer.from([40]) }, at), 200);
        const blocks = () => party.sound.reports.filter(({ type, count }) => type === 201 && count === 1);
        await until('two reports', () => blocks().length >= 3, { timeout: 25_000 });
        clearInterval(noise);
        assert.equal(blocks().at(-1).body.readUInt32BE(8) & 0xffffff, 0); // lost, of the block
        assert.ok(!client.received.some(({ message, data }) => message === 'finish' &&
            data[0].callId === callId));
    });

    test('SIP-105 silence ends a call, but not one on hold, whose way is kept open', async () => {
        const { party, client, callId, invite, at } = await established();
        await party.sound.send({ type: 8, sequence: 1, timestamp: 0, ssrc: 9,
            payload: Buffer.alloc(160, 0xd5) }, at);
        client.send('hold', { callId });
        const again = await party.next('INVITE');
        await party.reply(again, 200, 'OK', [party.contact],
            sdp(2, sections.audio(party.sound.port, { direction: 'recvonly' })));
        await client.next('hold', (data) => data.callId === callId);
        // RTP, though empty, three times as long as silence may last otherwise
        const kept = await party.sound.packet('a packet that keeps the way open',
            ({ payload }) => payload.length === 0, { timeout: 20_000 });
        assert.equal(kept.type, 8);
        client.send('unhold', { callId });
        await party.reply(await party.next('INVITE'), 200, 'OK', [party.contact],
            sdp(3, sections.audio(party.sound.port)));
        const began = performance.now();
        await client.next('talk', (data) => data.callId === callId);
        const end = await client.next('finish', (data) => data.callId === callId, 15_000);
        const took = performance.now() - began;
        assert.equal(end.data[0].status, 'FAILED');
        assert.equal(end.data[0].info, 'Failed by RTP activity');
        assert.ok(took > SILENCE_S * 1000 - 500 && took < SILENCE_S * 1000 + 5000, `${took} ms`);
        assert.equal((await party.next('BYE')).get('call-id'), invite.get('call-id'));
    });

    test('SIP-56 pictures that are added to a call of sound are refused, and only they', async () => {
        const { party, client, callId, invite } = await established();
        await party.back(invite, 'INVITE', 1, { lines: [party.contact],
            body: sdp(2, sections.audio(party.sound.port), sections.video(party.pictures.port)) });
        const { body } = await party.next(200);
        assert.match(body, /^m=audio [1-9]\d* RTP\/AVP 8 101\r$/m);
        assert.match(body, /^m=video 0 RTP\/AVP 96\r$/m);
        await party.back(invite, 'ACK', 1);
        assert.ok(!client.received.some(({ message }) => message === 'finish'));
        client.send('hangup', { callId });
        await party.next('BYE');
    });
});

test('SIP-103 SIP-50 what is configured: keys always, and a hold in which nobody speaks', async () => {
    const media = await freePorts(10);
    const strict = await Server.start({ port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8',
        media_port_from: media, media_port_to: media + 9, sip_srtp: 'mandatory', sip_hold_direction: 'inactive' });
    const party = await openParty();
    party.on = (message) => message.method === 'REGISTER' &&
        party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=3600`]);
    const client = await WcsClient.session(strict.ws, { ...account(party.port), sipRegisterRequired: true });
    try {
        await client.next('registered');
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        await party.request('INVITE', contact, { address: '127.0.0.1', port: strict.options.port_from },
            [party.contact], sdp(1, sections.audio(party.sound.port)));
        await party.next(488);
        client.send('call', { callId: 'strict', incoming: false, hasVideo: false, hasAudio: true,
            status: 'PENDING', mediaProvider: 'WebRTC', caller: 'u1', callee: '1001', visibleName: '',
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        const invite = await party.next('INVITE');
        assert.match(invite.body, /^m=audio \d+ RTP\/SAVP /m);
        assert.match(invite.body, /^a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[A-Za-z0-9+/]{40}\r$/m);
        const answer = (version, direction) => sdp(version, [`m=audio ${party.sound.port} RTP/SAVP 8`,
            `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 7).toString('base64')}`,
            `a=${direction}`]);
        await party.reply(invite, 200, 'OK', [party.contact], answer(1, 'sendrecv'));
        await client.next('talk');
        // a key of somebody else's: nothing is heard, nothing follows it, and the call stays
        for (let sequence = 0; sequence < 20; sequence++)
            await party.pictures.send({ type: 8, sequence, timestamp: sequence * 160, ssrc: 3,
                payload: Buffer.alloc(170, 1) }, RtpPorts.place(invite.body));
        client.send('hold', { callId: 'strict' });
        const held = await party.next('INVITE');
        assert.match(held.body, /^a=inactive\r$/m);
        await party.reply(held, 200, 'OK', [party.contact], answer(2, 'inactive'));
        await client.next('hold');
        assert.deepEqual(party.pictures.packets, []);
    } finally {
        client.abort();
        await strict.stop();
    }
});

// ---- With a browser ----

async function openPage(sip) {
    const page = await browser.page(pages.url + BARE, server);
    await inPage(page, 'setTone', 1000);
    const status = await inPage(page, 'openPhone', server.ws, sip);
    assert.ok(['ESTABLISHED', 'REGISTERED'].includes(status), status);
    return page;
}

const registered = () => ({ login: 'u1', authenticationName: 'u1', password: 'p1', domain: DOMAIN,
    outboundProxy: '127.0.0.1', port: kamailio.port, registerRequired: true });

const status = (page, label, wanted) => until(`the call is ${wanted}`, async () => {
    const all = await inPage(page, 'callEvents', label);
    assert.ok(all.some((one) => one.status === wanted), JSON.stringify(all));
    return true;
});

const hears = (page, hz) => until(`the page hears ${hz} Hz`, async () => {
    const heard = await inPage(page, 'heard');
    assert.ok(Math.abs(heard - hz) < 15, `${heard} Hz`);
    return true;
});

// A page's call to a party that answers with these sections; ends with the party's INVITE.
async function pageCall(answer, options) {
    const party = await openParty();
    const page = await openPage({ login: 'u1', authenticationName: 'u1', password: 'p1', domain: DOMAIN,
        outboundProxy: '127.0.0.1', port: party.port, registerRequired: false });
    await inPage(page, 'dial', 'out', '1001', options);
    const invite = await party.next('INVITE', 15_000);
    await party.reply(invite, 200, 'OK', [party.contact], sdp(1, ...answer(party)));
    await party.next('ACK');
    await status(page, 'out', 'ESTABLISHED');
    return { party, page, invite, at: RtpPorts.place(invite.body) };
}

// A telephone that offers this suite alone and echoes, by GStreamer, calls a page; ends when the
// page hears itself.
async function echoed([suite, cipher, auth, length]) {
    const [party, key, port] = [await openParty(), randomBytes(length), await freePorts(1)];
    party.on = (message) => message.method === 'REGISTER' &&
        party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=3600`]);
    const page = await openPage({ login: suite, authenticationName: 'u1', password: 'p1', domain: DOMAIN,
        outboundProxy: '127.0.0.1', port: party.port, registerRequired: true });
    const at = { address: '127.0.0.1', port: server.options.port_from };
    const invite = await party.request('INVITE', /<([^>]+)>/.exec(party.received[0].get('contact'))[1], at,
        [party.contact], sdp(1, [`m=audio ${port} RTP/SAVP 8`, `a=crypto:7 ${suite} inline:${key.toString('base64')}`,
            'a=sendrecv']));
    let echo;
    try {
        await until('the page is called', async () => (await inPage(page, 'callEvents', 'incoming')).length > 0);
        await inPage(page, 'answer', 'incoming');
        const answer = await party.next(200);
        await party.within(invite, answer, 'ACK', at);
        const [, name, theirs] = /^a=crypto:7 (\S+) inline:(\S+)\r$/m.exec(answer.body);
        assert.equal(name, suite);
        echo = spawn(path.join(root, 'tests/tools/srtp_echo.py'), [`${port}`,
            `${RtpPorts.place(answer.body)}`, cipher, auth,
            Buffer.from(theirs, 'base64').toString('hex'), key.toString('hex')],
        { stdio: ['pipe', 'pipe', 'inherit'] });
        await within(15_000, 'GStreamer listens', once(echo.stdout, 'data'));
        await hears(page, 1000);
    } finally {
        echo?.stdin.end();
        if (echo?.exitCode === null)
            await within(10_000, 'GStreamer ends', once(echo, 'exit'));
        await page.context().close();
    }
}

const stats = async (page) => (await page.evaluate(() => window.peerStats()))[0];

const SUITES = [
    ['AES_CM_128_HMAC_SHA1_80', 'aes-128-icm', 'hmac-sha1-80', 30],
    ['AES_CM_128_HMAC_SHA1_32', 'aes-128-icm', 'hmac-sha1-32', 30],
    ['AEAD_AES_128_GCM', 'aes-128-gcm', 'null', 28],
    ['AEAD_AES_256_GCM', 'aes-256-gcm', 'null', 44],
];

describe('with a browser', () => {
    test('SIP-103 each suite of RFC 4568 and RFC 7714, with another implementation', async () => {
        for (const suite of SUITES)
            await echoed(suite);
    });

    test('SIP-106 SIP-55 sound goes on under another ssrc, with other numbers, in another codec', async () => {
        const { party, page, invite, at } = await pageCall((party) => [sections.audio(party.sound.port)]);
        try {
            let sound = party.sound.play(at, { ssrc: 11, timestamp: 5000 });
            await hears(page, 440);
            sound.stop();
            const before = await stats(page);
            sound = party.sound.play(at, { hz: 880, ssrc: 12, sequence: 40_000, timestamp: 3_000_000_000 });
            await hears(page, 880);
            const during = await stats(page);
            assert.ok(during.in.audio.packetsReceived > before.in.audio.packetsReceived);
            assert.ok(during.in.audio.packetsLost - before.in.audio.packetsLost < 5,
                JSON.stringify(during.in.audio));
            const own = await party.sound.packet('sound', ({ type }) => type === 8);
            await party.back(invite, 'INVITE', 1, { lines: [party.contact],
                body: sdp(2, sections.audio(party.sound.port, { codecs: '0 101' })) });
            assert.match((await party.next(200)).body, /^m=audio \d+ RTP\/AVP 0 101\r$/m);
            await party.back(invite, 'ACK', 1);
            sound.stop();
            sound = party.sound.play(at, { hz: 660, type: 0, ssrc: 12, sequence: 50_000, timestamp: 9 });
            await hears(page, 660);
            const other = await party.sound.packet('the browser in the new codec', ({ type }) => type === 0);
            assert.deepEqual([other.ssrc, other.payload.length], [own.ssrc, 160]);
            sound.stop();
        } finally {
            await page.context().close();
        }
    });

    test('a telephone gets sound in packets as long as it asks for, passed through and made', async () => {
        for (const [ptime, codecs] of [[30, '8'], [10, '8'], [40, '9']]) {
            const { party, page, invite } = await pageCall((party) =>
                [sections.audio(party.sound.port, { codecs, more: [`a=ptime:${ptime}`] })],
            { stripCodecs: codecs === '9' ? 'G722' : '' });
            try {
                const whole = ({ type, payload }) => type === Number(codecs) && payload.length === 8 * ptime;
                await until('a second of it', () => party.sound.packets.filter(whole).length > 1000 / ptime);
                const packets = party.sound.packets.slice(party.sound.packets.findIndex(whole));
                packets.slice(1).forEach(({ sequence, timestamp, payload }, i) => {
                    const before = packets[i];
                    assert.equal(payload.length, 8 * ptime, `${ptime} ms, packet ${i}`);
                    assert.equal(sequence, (before.sequence + 1) & 0xffff);
                    assert.equal(timestamp, (before.timestamp + 8 * ptime) >>> 0);
                });
                if (ptime === 30) { // and another length from now on
                    await party.back(invite, 'INVITE', 1, { lines: [party.contact],
                        body: sdp(2, sections.audio(party.sound.port, { codecs, more: ['a=ptime:20'] })) });
                    await party.next(200);
                    await party.back(invite, 'ACK', 1);
                    await party.sound.packet('20 ms', ({ payload }) => payload.length === 160);
                    const from = party.sound.packets.findIndex(({ payload }) => payload.length === 160);
                    assert.equal(party.sound.packets[from].sequence,
                        (party.sound.packets[from - 1].sequence + 1) & 0xffff);
                }
            } finally {
                await page.context().close();
            }
        }
    });

    test('SIP-67 digits go among the sound of a browser, and it goes on behind them', async () => {
        const { party, page } = await pageCall((party) => [sections.audio(party.sound.port)]);
        try {
            const sound = ({ type }) => type === 8;
            await party.sound.packet('sound', sound);
            await inPage(page, 'onCall', 'out', 'sendDTMF', '5', 'RFC2833');
            await until('the digit', () => events(party.sound.packets)[0]?.length === 11);
            const behind = party.sound.packets.length;
            await until('sound behind it', () => party.sound.packets.slice(behind).filter(sound).length > 10);
            const from = party.sound.packets.findIndex(isEvent);
            const till = party.sound.packets.findLastIndex(isEvent);
            assert.ok(party.sound.packets.slice(from, till).every(isEvent), 'no sound meanwhile');
            party.sound.packets.slice(1).forEach(({ sequence, ssrc }, i) => {
                assert.equal(sequence, (party.sound.packets[i].sequence + 1) & 0xffff);
                assert.equal(ssrc, party.sound.packets[0].ssrc);
            });
            const [before, event, next] = [party.sound.packets[from - 1], party.sound.packets[from],
                party.sound.packets[till + 1]].map(({ timestamp }) => timestamp);
            assert.ok(event - before > 0 && event - before < 1600, `${event - before}`);
            assert.ok(next - event > 0 && next - event < 4000, `${next - event}`);
        } finally {
            await page.context().close();
        }
    });

    test('SIP-97 without a common codec of pictures it is a call of sound', async () => {
        const { party, page, invite } = await pageCall((party) => [sections.audio(party.sound.port),
            ['m=video 0 RTP/AVP 34']], { camera: [320, 240] });
        try {
            assert.match(invite.body, /^m=video [1-9]\d* RTP\/AVP /m);
            await party.sound.packet('sound', ({ type }) => type === 8);
            assert.deepEqual(party.pictures.packets, []);
        } finally {
            await page.context().close();
        }
    });

    test('SIP-95 SIP-101 SIP-102 key frames are asked for in the words that each side knows', async () => {
        const vp8 = (feedback) => (party) => [sections.audio(party.sound.port), sections.video(
            party.pictures.port, { maps: ['a=rtpmap:96 VP8/90000', ...feedback] })];
        const isKeyframe = ({ payload }) => payload.length > 20 && (() => {
            let at = 1; // RFC 7741 section 4.2
            if (payload[0] & 0x80) {
                const bits = payload[at++];
                if (bits & 0x80)
                    at += payload[at] & 0x80 ? 2 : 1;
                if (bits & 0x40)
                    at++;
                if (bits & 0x30)
                    at++;
            }
            return (payload[0] & 0x10) !== 0 && (payload[0] & 7) === 0 && (payload[at] & 1) === 0;
        })();
        const { party, page, invite } = await pageCall(vp8([]), { camera: [320, 240] });
        try {
            assert.match(invite.body, /^a=rtcp-fb:\* nack pli\r$/m);
            assert.match(invite.body, /^a=rtcp-fb:\* ccm fir\r$/m);
            // of the browser, by INFO, and no more often than once a second
            const info = await party.next('INFO', 15_000);
            assert.equal(info.get('content-type'), 'application/media_control+xml');
            assert.match(info.body, /<picture_fast_update\/>/);
            await party.reply(info, 200, 'OK');
            let sent = 0;
            const undecodable = setInterval(() => party.pictures.send({ type: 96, sequence: ++sent, ssrc: 5,
                timestamp: sent * 9000, marker: true, payload: Buffer.from([0x10, 0x31, 0, 0, 1, 2, 3]) },
            RtpPorts.place(invite.body, 'video')), 100);
            const next = await party.next('INFO', 15_000).finally(() => clearInterval(undecodable));
            assert.ok(next.at - info.at > 700, `${next.at - info.at} ms`);
            await party.reply(next, 415, 'Unsupported Media Type');
            const infos = party.count('INFO');
            // of the telephone
            const pictures = party.pictures.packets;
            await party.pictures.packet('a key frame', isKeyframe);
            const before = pictures.length;
            await party.back(invite, 'INFO', 1, { lines: ['Content-Type: application/media_control+xml'],
                body: '<?xml version="1.0"?><media_control><vc_primitive><to_encoder>' +
                    '<picture_fast_update/></to_encoder></vc_primitive></media_control>' });
            await until('another key frame', () => pictures.slice(before).some(isKeyframe));
            assert.equal(party.count('INFO'), infos, 'who refuses is not asked again');
        } finally {
            await page.context().close();
        }
        const other = await pageCall(vp8(['a=rtcp-fb:96 nack pli']), { camera: [320, 240] });
        try {
            await other.party.pictures.send({ type: 96, sequence: 1, timestamp: 0, ssrc: 5,
                payload: Buffer.from([0x10, 1, 0, 0]) }, RtpPorts.place(other.invite.body, 'video'));
            await until('PLI', () => other.party.pictures.reports.some(({ type, count, body }) =>
                type === 206 && count === 1 && body.readUInt32BE(4) === 5));
            assert.equal(other.party.count('INFO'), 0);
        } finally {
            await other.page.context().close();
        }
    });

    test('SIP-96 a telephone without packetization mode 1 gets single NAL units', async () => {
        const { party, page } = await pageCall((party) => [sections.audio(party.sound.port),
            sections.video(party.pictures.port, { codecs: '104', maps: ['a=rtpmap:104 H264/90000',
                'a=fmtp:104 profile-level-id=42e01f;packetization-mode=0'] })], { camera: [640, 480, { noise: true }] });
        try {
            const pictures = party.pictures.packets;
            await until(() => `pictures of several packets; ${pictures.length} came, ` +
                JSON.stringify(pictures.slice(0, 5).map(({ payload }) => [payload[0] & 31, payload.length])),
            () => pictures.filter(({ marker }) => !marker).length > 60, { timeout: 20_000 });
            const kinds = new Set(pictures.filter(({ payload }) => payload.length > 0)
                .map(({ payload }) => payload[0] & 31));
            for (const kind of kinds)
                assert.ok(kind >= 1 && kind <= 23, `a NAL unit of type ${kind}`);
            assert.ok(kinds.has(5) && kinds.has(7) && kinds.has(8), [...kinds].join());
            assert.equal(new Set(pictures.map(({ type }) => type)).size, 1);
        } finally {
            await page.context().close();
        }
    });

    for (const [codec, name] of [['h264', 'H264'], ['vp8', 'VP8']])
        test(`SIP-95 pictures of ${name} go both ways`, async () => {
            const telephone = await Baresip.start('u2', 'p2', kamailio.port, { video: codec });
            const page = await openPage(registered());
            try {
                await inPage(page, 'dial', 'out', 'u2', { camera: [320, 240] });
                await status(page, 'out', 'ESTABLISHED');
                await hears(page, 440);
                await until('the page decodes pictures', async () => {
                    const { in: { video: seen } } = await stats(page);
                    assert.ok(seen.framesDecoded > 20 && seen.codec === `video/${name}` &&
                        seen.frameWidth === 320, JSON.stringify(seen));
                    return true;
                }, { timeout: 20_000 });
                await until('the telephone has seen some', () => {
                    assert.match(telephone.log, /receiving with resolution 320 x 240/);
                    return true;
                }, { timeout: 20_000 });
                await inPage(page, 'onCall', 'out', 'hangup');
            } finally {
                await page.context().close();
                await telephone.stop();
            }
        });

    test('SIP-116 two browsers call one another without a SIP server', async () => {
        const at = (login) => ({ login, authenticationName: login, password: '', domain: '127.0.0.1',
            outboundProxy: '127.0.0.1', port: 0, registerRequired: false });
        const [alice, bob] = await Promise.all([openPage(at('alice')), openPage(at('bob'))]);
        try {
            await inPage(bob, 'setTone', 700);
            await inPage(alice, 'dial', 'out', 'bob', { camera: [320, 240] });
            await until('bob is called', async () => (await inPage(bob, 'callEvents', 'incoming')).length > 0);
            await status(alice, 'out', 'RING');
            await inPage(bob, 'answer', 'incoming', { camera: [480, 360] });
            await Promise.all([status(alice, 'out', 'ESTABLISHED'), status(bob, 'incoming', 'ESTABLISHED')]);
            await Promise.all([hears(alice, 700), hears(bob, 1000)]);
            for (const [page, width] of [[alice, 480], [bob, 320]])
                await until(`pictures of ${width}`, async () => {
                    const { in: { video: seen } } = await stats(page);
                    assert.ok(seen.framesDecoded > 20 && seen.frameWidth === width, JSON.stringify(seen));
                    return true;
                }, { timeout: 20_000 });
            await inPage(alice, 'dial', 'nobody', 'carol');
            await status(alice, 'nobody', 'FAILED');
            await inPage(bob, 'onCall', 'incoming', 'hangup');
            await Promise.all([status(alice, 'out', 'FINISH'), status(bob, 'incoming', 'FINISH')]);
        } finally {
            await Promise.all([alice, bob].map((page) => page.context().close()));
        }
    });
});
