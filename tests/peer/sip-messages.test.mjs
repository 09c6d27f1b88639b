// SPDX-License-Identifier: GPL-3.0-or-later
// Texts, subscriptions, XCAP documents and MSRP sessions by way of telephones' servers: statements
// SIP-73 to SIP-90 of sip.md, with Kamailio and a party of our own that says what no telephone would.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { MsrpParty, startRelay } from './lib/msrp.mjs';
import { freePorts } from './lib/ports.mjs';
import { startPresence } from './lib/presence.mjs';
import { Authority, DOMAIN, Party, StreamParty, digestOf, digestResponse, parse } from './lib/sip.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const CYRILLIC = 'Привет, «мир»! 🙂\nвторая строка';
const HOOKS = ['connect', 'sendMessage', 'sendIMDN', 'OnMessageEvent', 'MessageStatusEvent', 'subscribe',
    'SubscriptionStatusEvent', 'sendXcapRequest', 'XcapStatusEvent', 'RegistrationStatusEvent'];

let server, kamailio, backend, authority, certificates;
const clients = [], closables = [];
let taken = 0;

const account = (user, port, more = {}) => ({
    sipRegisterRequired: true, sipLogin: user, sipAuthenticationName: user,
    sipPassword: `p${user.slice(1)}`, sipDomain: DOMAIN, sipOutboundProxy: '127.0.0.1',
    sipPort: port, ...more,
});

async function phone(user, port, more) {
    const client = await WcsClient.session(server.ws, account(user, port, more));
    clients.push(client);
    return client;
}

before(async () => {
    backend = await Backend.start();
    const apps = Array.from({ length: 8 }, (_, i) => `texts${i}`);
    kamailio = await startPresence();
    authority = new Authority();
    certificates = { sip: authority.issue('IP:127.0.0.1'), local: authority.issue('DNS:localhost'),
        other: authority.issue('DNS:other.test') };
    const media = await freePorts(60);
    server = await startWithApps({ defaultApp: { url: backend.endpoint('defaultApp').url, methods: [] },
        ...Object.fromEntries(apps.map((key) => [key, { url: backend.endpoint(key).url, methods: HOOKS }])),
    }, { port_from: await freePorts(2), client_sip_allow: '127.0.0.0/8,::1', xcap_hosts: 'localhost',
        enable_local_videochat: true, media_port_from: media, media_port_to: media + 59, log_level: 'DEBUG' },
    { env: { SSL_CERT_FILE: authority.file } });
});
after(async () => {
    clients.forEach((client) => client.abort());
    await Promise.all(closables.map((one) => one.close()));
    await server?.stop();
    await kamailio?.stop();
    await backend?.stop();
    authority?.close();
});

const at = () => ({ address: '127.0.0.1', port: server.options.port_from });

// A registrar that grants everything. The client is u1 there, and registered, unless it says no. secure:
// by TLS.
async function atParty({ registers = true, answer = () => false, more = {}, secure = false } = {}) {
    const party = await (secure ? StreamParty.open(0, '127.0.0.1', certificates.sip) : Party.open());
    closables.push(party);
    party.on = (message) => {
        if (answer(message, party))
            return true;
        if (message.method !== 'REGISTER')
            return false;
        party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=3600`]);
        return true;
    };
    const client = await phone('u1', secure ? 0 : party.port, { sipRegisterRequired: registers,
        ...(secure ? { sipOutboundProxy: `127.0.0.1:${party.port};transport=tls` } : {}), ...more });
    if (registers)
        await client.next('registered');
    return { party, client };
}

const send = (client, id, fields = {}) => client.send('sendMessage', { id, from: '', to: '1001',
    body: 'hello', contentType: 'text/plain', isImdnRequired: false, recipients: '', ...fields });

const status = (client, id, name, timeout) => client.next('notifyMessage', (data) => data.id === id &&
    (!name || data.status === name), timeout).then(({ data }) => data[0]);

// A MESSAGE to the client; as any UDP client it says so again until it is answered.
async function write(party, type, body, { headers = {}, lines = [], buffer } = {}) {
    const contact = /<([^>]+)>/.exec(party.received.find(({ method }) => method === 'REGISTER')
        .get('contact'))[1];
    const message = await party.request('MESSAGE', contact, at(),
        [...(type ? [`Content-Type: ${type}`] : []), ...lines], body, { headers });
    if (buffer)
        await party.send(buffer(message.raw), at());
    return message;
}

const answerTo = (party, message) => until('an answer', () => party.received.find((one) => one.code &&
    one.get('call-id') === message.get('call-id')));

const cpim = ({ from = '<sip:ext@sip.test>', to = '<sip:u1@sip.test>', more = [], type = 'text/plain',
    body = 'hi' } = {}) => [`From: ${from}`, `To: ${to}`, 'DateTime: 2026-01-02T03:04:05Z', ...more, '',
    `Content-Type: ${type}`, '', body].join('\r\n');

const imdn = (id, what) => cpim({ type: 'message/imdn+xml', more: ['NS: imdn <urn:ietf:params:imdn>',
    'imdn.Message-ID: theirs'], body: '<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn">' +
    `<message-id>${id}</message-id><datetime>2026-01-02T03:04:05Z</datetime><delivery-notification>` +
    `<status><${what}/></status></delivery-notification></imdn>` });

describe('texts that clients write', { concurrency: 12 }, () => {
    test('SIP-73 by Kamailio a text reaches another client unchanged', async () => {
        const [from, to] = await Promise.all(['u1', 'u2'].map((user) => phone(user, kamailio.port)));
        await Promise.all([from.next('registered'), to.next('registered')]);
        send(from, 'm1', { to: 'u2', body: CYRILLIC });
        const accepted = await status(from, 'm1', 'ACCEPTED');
        assert.match(accepted.sipMessageRaw, /^SIP\/2\.0 20[02] /);
        assert.deepEqual([accepted.from, accepted.to, accepted.body, accepted.contentType],
            ['u1', 'u2', CYRILLIC, 'text/plain']);
        const { data: [received, result] } = await to.next('notifyMessage');
        assert.equal(received.status, 'RECEIVED');
        assert.deepEqual([received.from, received.to, received.body, received.contentType,
            received.isImdnRequired], ['u1', 'u2', CYRILLIC, 'text/plain', false]);
        assert.match(received.sipMessageRaw, /^MESSAGE sip:u2@/);
        assert.equal(result.id, received.id);
        // SIP-74, by Kamailio; and SIP-75 to 82 from one client of ours to another.
        send(from, 'm2', { to: 'nobody' });
        const failed = await status(from, 'm2', 'FAILED');
        assert.match(failed.sipMessageRaw, /^SIP\/2\.0 404 /);
        assert.equal(failed.info, 'USER_NOT_AVAILABLE');
        send(from, 'm3', { to: 'u2', contentType: 'message/cpim', isImdnRequired: true, body: CYRILLIC });
        await status(from, 'm3', 'ACCEPTED');
        const { data: [asked, token] } = await to.next('notifyMessage');
        assert.deepEqual([asked.id, asked.body, asked.isImdnRequired, asked.contentType],
            ['m3', CYRILLIC, true, 'message/cpim']);
        to.send('notificationResult', { ...token, status: 'OK' });
        await status(to, 'm3', 'IMDN_NOTIFICATION_SENT');
        const delivered = await status(from, 'm3', 'IMDN_DELIVERED');
        assert.match(delivered.sipMessageRaw, /<delivered\/>/);
        assert.equal(delivered.to, 'u2');
    });

    test('SIP-73 SIP-76 the MESSAGE has the text, and nothing that asks for more', async () => {
        const { party, client } = await atParty({ registers: false, more: { sipVisibleName: 'Me "I"' } });
        send(client, 'm1', { to: 'tel:+1-201-555', body: CYRILLIC, isImdnRequired: true });
        const message = await party.next('MESSAGE');
        assert.equal(message.start, `MESSAGE sip:+1201555@${DOMAIN};user=phone SIP/2.0`);
        assert.equal(message.get('to'), `<sip:+1201555@${DOMAIN};user=phone>`);
        assert.match(message.get('from'), new RegExp(`^"Me \\\\"I\\\\"" <sip:u1@${DOMAIN}>;tag=`));
        assert.equal(message.get('content-type'), 'text/plain;charset=utf-8');
        assert.equal(message.get('contact'), undefined);
        assert.equal(message.body, CYRILLIC);
        const raw = await party.reply(message, 202, 'Accepted');
        assert.equal((await status(client, 'm1', 'ACCEPTED')).sipMessageRaw, raw);
    });

    test('SIP-73 credentials are given where they are asked for', async () => {
        const { party, client } = await atParty({ registers: false });
        send(client, 'm1');
        const first = await party.next('MESSAGE');
        await party.reply(first, 407, 'Proxy Authentication Required', ['Proxy-Authenticate: Digest ' +
            `realm="${DOMAIN}", nonce="n", algorithm=MD5, qop="auth"`]);
        const second = await party.next('MESSAGE');
        const answer = digestOf(second.get('proxy-authorization'));
        assert.equal(answer.response, digestResponse(answer, { method: 'MESSAGE', password: 'p1',
            hash: 'md5' }));
        assert.equal(second.get('call-id'), first.get('call-id'));
        await party.reply(second, 200, 'OK');
        await status(client, 'm1', 'ACCEPTED');
        assert.ok(!JSON.stringify(client.received).includes(answer.response));
    });

    test('SIP-74 a refusal is a failure', async () => {
        const { party, client } = await atParty({ registers: false });
        send(client, 'm1');
        const raw = await party.reply(await party.next('MESSAGE'), 480, 'Gone for a while');
        const refused = await status(client, 'm1', 'FAILED');
        assert.deepEqual([refused.info, refused.sipMessageRaw], ['USER_NOT_AVAILABLE', raw]);
    });

    test('SIP-75 message/cpim is an envelope, and asks if it is to', async () => {
        const { party, client } = await atParty({ registers: false });
        send(client, 'id-1', { contentType: 'message/cpim', isImdnRequired: true, body: CYRILLIC });
        send(client, 'id-2', { contentType: 'message/cpim' });
        const [asks, plain] = [await party.next('MESSAGE'), await party.next('MESSAGE')];
        assert.equal(asks.get('content-type'), 'message/cpim');
        const [head, content, ...text] = asks.body.split('\r\n\r\n');
        assert.match(head, new RegExp(`^From: <sip:u1@${DOMAIN}>\r\nTo: <sip:1001@${DOMAIN}>\r\n` +
            'DateTime: \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\r\nNS: imdn <urn:ietf:params:imdn>\r\n' +
            'imdn\\.Message-ID: id-1\r\n' +
            'imdn\\.Disposition-Notification: positive-delivery, negative-delivery$'));
        assert.equal(content, 'Content-Type: text/plain;charset=utf-8');
        assert.equal(text.join('\r\n\r\n'), CYRILLIC);
        assert.doesNotMatch(plain.body, /imdn/);
        await Promise.all([party.reply(asks, 200, 'OK'), party.reply(plain, 200, 'OK')]);
        await status(client, 'id-2', 'ACCEPTED');
    });

    test('SIP-77 SIP-78 multipart/mixed has an envelope for each recipient', async () => {
        const { party, client } = await atParty();
        send(client, 'id-3', { contentType: 'multipart/mixed', isImdnRequired: true,
            recipients: `a, sip:b@${DOMAIN}` });
        const message = await party.next('MESSAGE');
        const boundary = /^multipart\/mixed;boundary=(\w+)$/.exec(message.get('content-type'))[1];
        const parts = message.body.split(`--${boundary}`);
        assert.equal(parts.length, 4);
        ['a', 'b'].forEach((user, i) => {
            assert.match(parts[i + 1], new RegExp('^\r\nContent-Type: message/cpim\r\n\r\nFrom: .*\r\n' +
                `To: <sip:${user}@${DOMAIN}>\r\n`));
            assert.ok(parts[i + 1].includes(`imdn.Message-ID: id-3-${i + 1}\r\n`));
            assert.ok(parts[i + 1].endsWith('Content-Type: text/plain;charset=utf-8\r\n\r\nhello\r\n'));
        });
        assert.equal(parts[3], '--\r\n');
        await party.reply(message, 200, 'OK');
        await status(client, 'id-3', 'ACCEPTED');
        for (const [n, what, expected, info] of [[1, 'delivered', 'IMDN_DELIVERED', undefined],
            [2, 'forbidden', 'IMDN_FAILED', 'IMDN_FORBIDDEN']]) {
            const notice = await write(party, 'message/cpim', imdn(`id-3-${n}`, what));
            const told = await status(client, 'id-3', expected);
            assert.equal(told.info, info);
            assert.equal(told.sipMessageRaw, notice.raw);
            assert.equal((await answerTo(party, notice)).code, 200);
        }
        // Told once; of others nothing is told, nor is any of these answered with one: SIP-81.
        await answerTo(party, await write(party, 'message/cpim', imdn('id-3-1', 'delivered')));
        await answerTo(party, await write(party, 'message/cpim', imdn('unknown', 'failed')));
        await answerTo(party, await write(party, 'message/imdn+xml', '<imdn'));
        await client.settle();
        assert.equal(client.received.filter(({ message: name }) => name === 'notifyMessage').length, 3);
        assert.equal(party.count('MESSAGE'), 1);
    });

    test('SIP-20 what would end a line does not leave', async () => {
        const { party, client } = await atParty({ registers: false });
        const evil = 'x\r\nInjected: yes';
        for (const [id, fields] of [['a', { to: evil }], ['b', { from: `sip:${evil}@x` }],
            ['c', { contentType: evil }],
            ['d', { contentType: 'multipart/mixed', recipients: evil }],
            [evil, { contentType: 'message/cpim', isImdnRequired: true }], ['f', { to: '' }],
            ['g', { to: 'sips:a@b' }], ['h'.repeat(200), {}],
            ['i', { contentType: 'multipart/mixed', recipients: 'a,'.repeat(60) }]]) {
            send(client, id, fields);
            await status(client, id, 'FAILED');
        }
        assert.equal(party.received.length, 0);
    });

    test('one client has so many texts in ten seconds', async () => {
        const { party, client } = await atParty({ registers: false, answer: (message, one) =>
            message.method === 'MESSAGE' && one.reply(message, 200, 'OK') });
        for (let i = 0; i < 30; i++)
            send(client, `m${i}`);
        const last = await status(client, 'm29', 'FAILED');
        assert.equal(last.info, 'Too many messages');
        await status(client, 'm0', 'ACCEPTED');
        assert.ok(party.count('MESSAGE') < 25);
    });

    test('what is too long for a datagram goes over TCP, or is refused where there is none', async () => {
        const { party, client } = await atParty({ registers: false });
        send(client, 'small', { body: 'x'.repeat(3000) }); // nobody listens at TCP
        const datagram = await party.next('MESSAGE');
        assert.equal(datagram.body.length, 3000);
        await party.reply(datagram, 200, 'OK');
        await status(client, 'small', 'ACCEPTED');
        send(client, 'large', { body: 'x'.repeat(9000) });
        const refused = await status(client, 'large', 'FAILED');
        assert.equal(refused.info, 'Message too large');
        send(client, 'huge', { body: 'x'.repeat(70_000) });
        assert.equal((await status(client, 'huge', 'FAILED')).info, 'Message too large');
        const stream = net.createServer((socket) => {
            let text = '';
            socket.on('data', (bytes) => {
                text += bytes;
                const message = parse(text);
                if (message.body.length < Number(message.get('content-length') ?? Infinity))
                    return;
                text = '';
                socket.write(['SIP/2.0 200 OK', ...message.headers.filter(([name]) => ['via', 'from',
                    'call-id', 'cseq', 'to'].includes(name)).map(([name, value]) => `${name}: ${value}`),
                'Content-Length: 0', '', ''].join('\r\n'));
            });
            socket.on('error', () => {});
        });
        await new Promise((resolve) => stream.listen(party.port, '127.0.0.1', resolve));
        send(client, 'stream', { body: 'x'.repeat(30_000) });
        await status(client, 'stream', 'ACCEPTED');
        assert.equal(party.count('MESSAGE'), 1);
        client.abort();
        stream.close();
    });

    test('without an account, or one that cannot be, a text fails at once', async () => {
        const none = await WcsClient.session(server.ws);
        clients.push(none);
        send(none, 'm1');
        assert.equal((await status(none, 'm1', 'FAILED')).info, 'Failed by session creation');
        none.send('subscribe', { event: 'reg', expires: 60 });
        assert.equal((await none.next('fail')).data[0].apiMethod, 'SubscriptionStatusEvent');
        none.send('sendXcapRequest', { url: 'http://localhost/' });
        assert.equal((await none.next('fail')).data[0].apiMethod, 'XcapStatusEvent');
        none.send('notificationResult', { id: 'x', status: 'OK' });
        const lost = await phone('u1', 5060, { sipOutboundProxy: 'nowhere.invalid' });
        send(lost, 'm2'); // perhaps before the name is known to lead nowhere
        assert.equal((await status(lost, 'm2', 'FAILED', 10_000)).info, 'WRONG_SIPPROVIDER_ADDRESS');
    });
});

describe('texts that come', { concurrency: 12 }, () => {
    test('SIP-79 a text is told once, and answered', async () => {
        const { party, client } = await atParty();
        const message = await write(party, 'text/plain;charset=UTF-8', CYRILLIC,
            { headers: { From: '"Ext" <sip:ext@elsewhere.test>;tag=t' } });
        const { data: [received] } = await client.next('notifyMessage');
        assert.equal(received.sipMessageRaw, message.raw);
        assert.deepEqual([received.status, received.body, received.contentType, received.from,
            received.isImdnRequired], ['RECEIVED', CYRILLIC, 'text/plain', 'sip:ext@elsewhere.test', false]);
        assert.ok(received.id);
        assert.equal((await answerTo(party, message)).code, 200);
        await party.send(message.raw, at()); // again: its answer was lost
        await until('the same answer', () => party.received.filter(({ code }) => code === 200).length === 2);
        await client.settle();
        assert.equal(client.received.filter(({ message: name }) => name === 'notifyMessage').length, 1);
    });

    test('SIP-80 SIP-82 delivery is notified once the client says so', async () => {
        const { party, client } = await atParty();
        const ask = { more: ['NS: n <urn:ietf:params:imdn>', 'n.Message-ID: wire-1',
            'n.Disposition-Notification: positive-delivery'], from: '"Ext" <im:ext@sip.test>' };
        await write(party, 'message/cpim', cpim({ ...ask, body: CYRILLIC }));
        const { data: [received, result] } = await client.next('notifyMessage');
        assert.deepEqual([received.id, received.from, received.to, received.body, received.isImdnRequired],
            ['wire-1', 'ext', 'u1', CYRILLIC, true]);
        client.send('notificationResult', { ...result, status: 'OK' });
        client.send('notificationResult', { ...result, status: 'OK' }); // once only
        const first = await party.next('MESSAGE');
        assert.equal(first.uri, 'sip:ext@sip.test');
        await party.reply(first, 407, 'Proxy Authentication Required', ['Proxy-Authenticate: Digest ' +
            `realm="${DOMAIN}", nonce="n", algorithm=MD5, qop="auth"`]);
        const notice = await party.next('MESSAGE');
        assert.equal(notice.get('content-type'), 'message/cpim');
        for (const name of ['user-agent', 'max-forwards', 'from', 'to', 'call-id', 'cseq'])
            assert.equal(notice.all(name).length, 1, name);
        assert.match(notice.body, /^From: <sip:u1@sip\.test>\r\nTo: <sip:ext@sip\.test>\r\n/);
        assert.match(notice.body, /\r\n\r\nContent-Type: message\/imdn\+xml\r\nContent-Disposition: notification\r\n\r\n/);
        assert.match(notice.body, /<message-id>wire-1<\/message-id>/);
        assert.match(notice.body, /<delivery-notification><status><delivered\/>/);
        await party.reply(notice, 200, 'OK');
        const sent = await status(client, 'wire-1', 'IMDN_NOTIFICATION_SENT');
        assert.match(sent.sipMessageRaw, /^MESSAGE sip:ext@sip\.test SIP\/2\.0\r\n/);
        assert.match(sent.sipMessageRaw, /\r\nProxy-Authorization: Digest \.\.\.\r\n/);
        assert.ok(sent.sipMessageRaw.endsWith(notice.body));
        // Not asked for, or asked for by nobody.
        await write(party, 'message/cpim', cpim({ ...ask, more: ask.more.slice(0, 2) }));
        assert.equal((await client.next('notifyMessage')).data[0].isImdnRequired, false);
        await write(party, 'message/cpim', cpim({ ...ask, from: '<sip:anonymous@anonymous.invalid>' }));
        assert.equal((await client.next('notifyMessage')).data[0].isImdnRequired, false);
        assert.equal(party.count('MESSAGE'), 2);
    });

    test('types of all kinds are told as they are, and what is no text is refused', async () => {
        const { party, client } = await atParty();
        for (const type of ['application/im-iscomposing+xml', 'message/fsservice+xml', 'text/html']) {
            await write(party, type, '<x/>');
            const { data: [received] } = await client.next('notifyMessage');
            assert.deepEqual([received.contentType, received.body], [type, '<x/>']);
        }
        await write(party, 'message/cpim', cpim({ type: 'text/html', body: '<b>' }));
        assert.equal((await client.next('notifyMessage')).data[0].contentType, 'text/html');
        await write(party, undefined, '', {});
        const { data: [empty] } = await client.next('notifyMessage');
        assert.deepEqual([empty.contentType, empty.body], ['text/plain', '']);
        const refused = async (code, type, body, lines, swap) => {
            const message = await write(party, type, body, { lines });
            if (swap) {
                const other = message.raw.replaceAll(message.get('call-id'), 'swapped')
                    .replace(/branch=[^;]+/, 'branch=z9hG4bKswapped');
                await party.send(Buffer.from(other.replace('~~', '\u0000\u0001'), 'latin1'), at());
                const answer = await until('an answer', () => party.received.find((one) => one.code &&
                    one.get('call-id') === 'swapped'));
                assert.equal(answer.code, code);
            } else {
                assert.equal((await answerTo(party, message)).code, code);
            }
        };
        await refused(415, 'text/plain', 'x', ['Content-Encoding: gzip']);
        await refused(400, 'message/cpim', 'no envelope');
        await refused(400, 'message/cpim', cpim({ from: 'nobody' }));
        await refused(415, 'text/plain', 'a~~b', [], true);
    });

    test('SIP-47 a text of a stranger, or for nobody, is refused', async () => {
        const { party, client } = await atParty();
        const other = await Party.open(0, '127.0.0.2');
        closables.push(other);
        const contact = party.received[0].get('contact').match(/<([^>]+)>/)[1];
        await other.request('MESSAGE', contact, at(), ['Content-Type: text/plain'], 'x');
        await other.next(403);
        await party.request('MESSAGE', 'sip:nobody@127.0.0.1', at(), ['Content-Type: text/plain'], 'x');
        await party.next(404);
        await client.settle();
        assert.ok(client.received.every(({ message }) => message !== 'notifyMessage'));
    });

    test('so many texts a second pass to one account', async () => {
        const { party, client } = await atParty();
        for (let i = 0; i < 60; i++)
            await write(party, 'text/plain', `${i}`);
        await until('some are refused', () => party.received.some(({ code }) => code === 503));
        await client.settle();
        assert.ok(client.received.filter(({ message }) => message === 'notifyMessage').length < 45);
    });
});

// ---- Subscriptions ----

const watched = (client, name, more = () => true) => client.next('notifySubscription', (data) =>
    data.status === name && more(data)).then(({ data }) => data);

const reginfo = (state, contact = '') => '<?xml version="1.0"?><reginfo ' +
    'xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full">' +
    `<registration aor="sip:u1@${DOMAIN}" id="a" state="${state}">${contact}</registration></reginfo>`;

async function subscribed(client, party, { expires = 60, granted = expires } = {}) {
    client.send('subscribe', { event: 'reg', expires, terminate: false });
    const request = await party.next('SUBSCRIBE');
    const raw = await party.reply(request, 200, 'OK', [party.contact, `Expires: ${granted}`]);
    return { request, raw };
}

const notify = (party, request, body, cseq, state = 'active;expires=60') => party.back(request, 'NOTIFY',
    cseq, { lines: ['Event: reg', `Subscription-State: ${state}`, party.contact,
        'Content-Type: application/reginfo+xml'], body });

describe('subscriptions', { concurrency: 12 }, () => {
    test('SIP-83 SIP-85 Kamailio tells who is registered, until that is enough', async () => {
        const client = await phone('u3', kamailio.port);
        await client.next('registered');
        client.send('subscribe', { event: 'reg', expires: 60, terminate: false });
        const [active, sipObject] = await watched(client, 'Active', (data) => !data.requestBody);
        assert.match(active.sipMessageRaw, /^SIP\/2\.0 20[02] /);
        assert.equal(sipObject.sipMessageRaw, active.sipMessageRaw);
        assert.deepEqual([active.event, active.expires, active.terminate], ['reg', 60, false]);
        const [told] = await watched(client, 'Active', (data) => data.requestBody);
        assert.match(told.requestBody, /<reginfo/);
        assert.match(told.sipMessageRaw, /^NOTIFY /);
        client.send('subscribe', { event: 'reg', expires: 60, terminate: true });
        const [over] = await watched(client, 'Terminated');
        assert.match(over.sipMessageRaw, /^SIP\/2\.0 20[02] /);
        assert.equal(over.terminate, true);
    });

    test('SIP-83 SIP-84 SIP-85 SUBSCRIBE, again in time, and with Expires: 0', async () => {
        const { party, client } = await atParty();
        const { request, raw } = await subscribed(client, party, { granted: 2 });
        assert.equal(request.uri, `sip:u1@${DOMAIN}`);
        assert.deepEqual(['event', 'accept', 'expires'].map((name) => request.get(name)),
            ['reg', 'application/reginfo+xml', '60']);
        assert.equal((await watched(client, 'Active'))[0].sipMessageRaw, raw);
        const again = await party.next('SUBSCRIBE');
        assert.ok(again.at - request.at < 2000);
        assert.equal(again.get('call-id'), request.get('call-id'));
        assert.match(again.get('to'), /;tag=party$/);
        await party.reply(again, 200, 'OK', [party.contact, 'Expires: 60']);
        await watched(client, 'Active');
        client.send('subscribe', { event: 'reg', expires: 90 }); // anew, with another time
        const longer = await party.next('SUBSCRIBE');
        assert.deepEqual([longer.get('expires'), longer.get('call-id')], ['90', request.get('call-id')]);
        await party.reply(longer, 200, 'OK', [party.contact, 'Expires: 90']);
        await watched(client, 'Active');
        client.send('subscribe', { event: 'reg', terminate: true });
        const end = await party.next('SUBSCRIBE');
        assert.equal(end.get('expires'), '0');
        const ended = await party.reply(end, 200, 'OK', [party.contact, 'Expires: 0']);
        await notify(party, request, reginfo('active'), 700, 'terminated;reason=timeout');
        await party.next(200);
        const [over] = await watched(client, 'Terminated');
        assert.equal(over.sipMessageRaw, ended);
        await client.settle();
        assert.equal(client.received.filter(({ data }) => data[0]?.status === 'Terminated').length, 1);
    });

    test('SIP-86 a registration that is over ends it, and is told as that too', async () => {
        // so brief that it is refreshed soon: then it is there again, which is told
        const { party, client } = await atParty({ answer: (message, party) => message.method === 'REGISTER' &&
            party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=6`]) });
        const { request } = await subscribed(client, party);
        await watched(client, 'Active');
        await notify(party, request, reginfo('active'), 700);
        await party.next(200);
        await watched(client, 'Active', (data) => data.requestBody === reginfo('active'));
        const mine = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const body = reginfo('active', '<contact id="b" state="terminated" event="deactivated"><uri>' +
            `${mine}</uri></contact>`);
        const last = await notify(party, request, body, 701);
        const [over] = await watched(client, 'Terminated');
        assert.deepEqual([over.terminate, over.requestBody, over.sipMessageRaw], [true, body, last.raw]);
        const { data: [gone] } = await client.next('fail');
        assert.deepEqual([gone.apiMethod, gone.status], ['RegistrationStatusEvent', 'UNREGISTERED']);
        assert.equal((await party.next('SUBSCRIBE')).get('expires'), '0');
        assert.equal((await client.next('registered')).data[0].status, 'REGISTERED');
    });

    test('SIP-86 what its server ends is over, unless only for a while', async () => {
        const { party, client } = await atParty();
        const { request } = await subscribed(client, party);
        await watched(client, 'Active');
        await notify(party, request, reginfo('active'), 700, 'terminated;reason=deactivated');
        const again = await party.next('SUBSCRIBE'); // by itself, in a dialog of its own
        assert.notEqual(again.get('call-id'), request.get('call-id'));
        await party.reply(again, 200, 'OK', [party.contact, 'Expires: 60']);
        await watched(client, 'Active');
        assert.ok(client.received.every(({ data }) => data[0]?.status !== 'Terminated'));
        await notify(party, again, reginfo('active'), 700, 'terminated;reason=rejected');
        assert.equal((await watched(client, 'Terminated'))[0].terminate, true);
    });

    test('SIP-87 a NOTIFY may come before the answer', async () => {
        const { party, client } = await atParty();
        client.send('subscribe', { event: 'reg', expires: 60 });
        const request = await party.next('SUBSCRIBE');
        await notify(party, request, reginfo('init'), 700);
        await party.next(200);
        await watched(client, 'Active', (data) => data.requestBody === reginfo('init'));
        await party.reply(request, 200, 'OK', [party.contact, 'Expires: 60']);
        await watched(client, 'Active', (data) => !data.requestBody);
    });

    test('a NOTIFY that nobody asked for is refused, and one that is wrong', async () => {
        const { party, client } = await atParty();
        const { request } = await subscribed(client, party);
        await watched(client, 'Active');
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const lines = ['Event: reg', 'Subscription-State: active', party.contact];
        await party.request('NOTIFY', contact, at(), lines, '');
        await party.next(481);
        await party.request('NOTIFY', contact, at(), lines, '', { headers: {
            To: `<sip:u1@${DOMAIN}>;tag=x`, 'Call-ID': request.get('call-id') } });
        await party.next(481);
        await party.back(request, 'NOTIFY', 700, { lines: ['Event: presence', lines[1]] });
        await party.next(489);
        await party.back(request, 'NOTIFY', 701, { lines: ['Event: reg'] });
        await party.next(400);
        await notify(party, request, '', 699);
        await party.next(200); // the first that counts
        await notify(party, request, '', 698);
        await party.next(500);
        client.send('subscribe', { event: 'presence', expires: 60 });
        const { data: [fail] } = await client.next('fail');
        assert.deepEqual([fail.apiMethod, fail.info], ['SubscriptionStatusEvent', 'Event not supported']);
    });

    test('423 is heeded, and a refusal told', async () => {
        const { party, client } = await atParty();
        client.send('subscribe', { event: 'reg', expires: '30' });
        await party.reply(await party.next('SUBSCRIBE'), 423, 'Interval Too Brief', ['Min-Expires: 120']);
        const second = await party.next('SUBSCRIBE');
        assert.equal(second.get('expires'), '120');
        const raw = await party.reply(second, 403, 'Forbidden');
        const [over] = await watched(client, 'Terminated');
        assert.deepEqual([over.info, over.sipMessageRaw], ['AUTHENTICATION_FAIL', raw]);
    });
});

// ---- XCAP ----

describe('XCAP', { concurrency: 12 }, () => {
    const asked = async (client, url) => {
        client.send('sendXcapRequest', { url });
        return (await client.next('fail', (data) => data.apiMethod === 'XcapStatusEvent')).data[0];
    };
    let web, requests;

    before(async () => {
        requests = [];
        web = http.createServer((request, response) => {
            requests.push(request);
            const answer = { '/moved': [302, { Location: '/document' }], '/missing': [404, {}],
                '/long': [200, {}, 'x'.repeat(1024 * 1024 + 1)], '/bytes': [200, {}, Buffer.from([0xff])],
                '/document': [200, {}, '<документ/>'] }[request.url];
            if (request.url === '/secret' && !request.headers.authorization)
                response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="r", nonce="n", ' +
                    'algorithm=MD5, qop="auth"' }).end();
            else if (request.url === '/secret')
                response.end('<secret/>');
            else
                response.writeHead(answer[0], answer[1]).end(answer[2] ?? '');
        });
        await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    });
    after(() => {
        web.closeAllConnections();
        web.close();
    });
    const url = (path) => `http://localhost:${web.address().port}${path}`;

    test('SIP-88 a document of Kamailio\'s XCAP server', async () => {
        const document = '<?xml version="1.0" encoding="UTF-8"?><resource-lists ' +
            'xmlns="urn:ietf:params:xml:ns:resource-lists"><list name="friends"/></resource-lists>';
        const place = `/xcap-root/resource-lists/users/sip:u1@${DOMAIN}/index`;
        await until('Kamailio has the document', async () => { // its database may be locked
            const put = await fetch(`http://127.0.0.1:${kamailio.port}${place}`, { method: 'PUT',
                body: document, headers: { 'Content-Type': 'application/resource-lists+xml' } });
            return put.ok || assert.fail(`${put.status} ${await put.text()}`);
        });
        const client = await phone('u1', kamailio.port);
        const where = `http://localhost:${kamailio.port}${place}`;
        const answer = await until('its document', async () => { // as above
            const from = client.received.length;
            client.send('sendXcapRequest', { url: where });
            const { message, data } = await until('an answer', () => client.received.slice(from)
                .find((one) => ['notifyXcapResponse', 'fail'].includes(one.message)));
            return message === 'notifyXcapResponse' ? data[0] : assert.fail(data[0].info);
        });
        assert.deepEqual(answer, { url: where, responseBody: document });
        assert.match((await asked(client, where.replace('index', 'none'))).info, /^(404|500) /); // Kamailio's 404
    });

    test('SIP-88 credentials are given by digest; what is no document fails', async () => {
        const { client } = await atParty({ registers: false });
        client.send('sendXcapRequest', { url: url('/secret') });
        assert.equal((await client.next('notifyXcapResponse')).data[0].responseBody, '<secret/>');
        const given = digestOf(requests.find(({ headers }) => headers.authorization).headers.authorization);
        assert.equal(given.response, digestResponse(given, { method: 'GET', password: 'p1', hash: 'md5' }));
        assert.equal(given.username, 'u1');
        client.send('sendXcapRequest', { url: url('/document') });
        assert.equal((await client.next('notifyXcapResponse')).data[0].responseBody, '<документ/>');
        assert.equal(requests.at(-1).headers.accept, 'application/*+xml, text/xml');
        assert.equal((await asked(client, url('/missing'))).info, '404 Not Found');
        assert.equal((await asked(client, url('/moved'))).info, '302 Found');
        assert.equal((await asked(client, url('/long'))).info, 'the answer is too long');
        assert.equal((await asked(client, url('/bytes'))).info, 'The document is no text');
    });

    test('SIP-89 no connection is made to whom nobody has named', async () => {
        const { client } = await atParty({ registers: false });
        const own = await atParty({ registers: false, more: { sipDomain: '127.0.0.1' } });
        let sockets = 0;
        const trap = net.createServer(() => sockets++);
        await new Promise((resolve) => trap.listen(0, resolve));
        const { port } = trap.address();
        for (const where of [`http://127.0.0.1:${port}/document`, 'http://example.org/x',
            `http://[::1]:${port}/`, 'http://localhost.example.org/'])
            assert.match((await asked(client, where)).info, /^Not allowed/);
        for (const where of ['', 'ftp://localhost/', 'file:///etc/passwd', 'http://user@localhost/',
            'http://localhost\\@example.org/', 'http://', `http://localhost/${'x'.repeat(3000)}`])
            assert.match((await asked(client, where)).info, /^(Bad url|Not allowed)/);
        // Its own domain it may ask, but not lead us to this machine by it.
        assert.match((await asked(own.client, `http://127.0.0.1:${port}/document`)).info,
            /may not be/);
        assert.equal(sockets, 0);
        trap.close();
    });
});

// ---- MSRP ----

describe('MSRP sessions', { concurrency: 12 }, () => {
    let calls = 0;
    const call = (client, fields = {}) => {
        const callId = `msrp-${++calls}`;
        client.send('call', { callId, callee: '1001', isMsrp: true, visibleName: '', ...fields });
        return callId;
    };
    const told = (client, name, callId) => client.next(name, (data) => data.callId === callId)
        .then(({ data }) => data[0]);
    const hasEnded = async (client, callId, expected = 'FINISH') => {
        const finish = await told(client, 'finish', callId);
        assert.deepEqual([finish.status, finish.isMsrp], [expected, true]);
        return finish;
    };
    // What has come before may come again, while the machine is slow.
    async function invited(party, before = new Set()) {
        for (;;) {
            const invite = await party.next('INVITE');
            const id = invite.get('call-id');
            if (!before.has(id) && before.add(id))
                return invite;
        }
    }
    async function hungUp(party, invite) {
        for (let bye; bye?.get('call-id') !== invite.get('call-id');) {
            bye = await party.next('BYE', 15_000);
            await party.reply(bye, 200, 'OK');
        }
    }
    async function msrpParty(options) {
        const one = await MsrpParty.open(options);
        closables.push(one);
        return one;
    }

    // A session that the client has begun; setup: what the party answers of who connects.
    async function established(setup, { sdp = {}, more = {}, certificate } = {}) {
        const both = await atParty({ registers: false, more, secure: certificate !== undefined });
        const other = await msrpParty({ listens: setup === 'passive', certificate });
        const callId = call(both.client);
        const invite = await both.party.next('INVITE');
        other.take(invite.body);
        await both.party.reply(invite, 180, 'Ringing');
        const raw = await both.party.reply(invite, 200, 'OK', [both.party.contact], other.describe(setup, sdp));
        await both.party.next('ACK');
        if (setup === 'active') {
            await other.connect();
            other.greet();
            await other.next(200);
        }
        const talk = await told(both.client, 'talk', callId);
        return { ...both, other, callId, invite, raw, talk };
    }

    test('SIP-90 a client calls, is connected to, reads and writes, and hangs up', async () => {
        const { party, client, other, callId, invite, raw, talk } = await established('active');
        assert.deepEqual(invite.body.split('\r\n').filter((line) => /^m=/.test(line)).length, 1);
        assert.match(invite.body, /^m=message \d+ TCP\/MSRP \*\r$/m);
        assert.match(invite.body, /^a=accept-types:message\/cpim text\/plain\r$/m);
        assert.match(invite.body, /^a=path:msrp:\/\/127\.0\.0\.1:\d+\/[0-9a-z]{20};tcp\r$/m);
        assert.match(invite.body, /^a=setup:actpass\r$/m);
        assert.doesNotMatch(invite.body, /ice-|fingerprint|candidate|mid/);
        const ring = await told(client, 'ring', callId);
        assert.deepEqual([ring.isMsrp, ring.hasAudio, ring.hasVideo], [true, false, false]);
        assert.deepEqual([talk.status, talk.isMsrp, talk.sipMessageRaw], ['ESTABLISHED', true, raw]);
        assert.ok(client.received.every(({ message }) => message !== 'setRemoteSDP'));
        const listed = await (await fetch(`${server.http}/rest-api/call/find_all`)).json();
        const found = listed.find((one) => one.callId === callId);
        assert.deepEqual([found.isMsrp, found.status], [true, 'ESTABLISHED']);

        const long = CYRILLIC.repeat(500), size = Buffer.byteLength(long);
        other.send('t1', 'text/plain', long, { chunk: 2048, lines: ['Success-Report: yes'] });
        const { data: [received] } = await client.next('notifyMessage');
        assert.deepEqual([received.status, received.callId, received.body, received.contentType, received.from,
            received.to], ['RECEIVED', callId, long, 'text/plain', '1001', 'u1']);
        const report = await other.next('REPORT');
        assert.deepEqual([report.headers.get('message-id'), report.headers.get('status'),
            report.headers.get('byte-range')], ['t1', '000 200', `1-${size}/${size}`]);
        assert.equal(other.received.filter(({ code }) => code === 200).length, Math.ceil(size / 2048) + 1);

        send(client, 'm1', { callId, body: long, to: '' });
        const accepted = await status(client, 'm1', 'ACCEPTED');
        assert.equal(accepted.callId, callId);
        const chunks = other.received.filter(({ method, body }) => method === 'SEND' && body);
        assert.equal(Buffer.concat(chunks.map(({ body }) => body)).toString(), long);
        assert.ok(chunks.length > 10 && chunks.every(({ body }) => body.length <= 2048));
        assert.equal(chunks.at(-1).flag, '$');
        assert.equal(chunks[0].headers.get('content-type'), 'text/plain;charset=utf-8');
        other.answers = () => 413;
        send(client, 'm2', { callId });
        assert.equal((await status(client, 'm2', 'FAILED')).info, '413 Message Too Large');

        other.answers = () => undefined;
        send(client, 'm3', { callId });
        await until('m3 is under way', () => other.received.filter(({ body }) => `${body}` === 'hello').length === 2);
        client.send('hold', { callId });
        assert.equal((await told(client, 'talk', callId)).info, 'An MSRP session is not held');
        client.send('hangup', { callId });
        await hungUp(party, invite);
        await other.closed;
        assert.equal((await status(client, 'm3', 'FAILED')).info, 'The call is over');
        await hasEnded(client, callId);
        send(client, 'm4', { callId });
        assert.equal((await status(client, 'm4', 'FAILED')).info, 'No such MSRP session');
    });

    test('SIP-90 we connect where the other side does not, and envelopes go both ways', async () => {
        const { party, client, other, callId, invite } = await established('passive',
            { sdp: { types: 'message/cpim', lines: ['a=max-size:900'] } });
        const { body, headers } = await other.next('SEND'); // before talk
        assert.deepEqual([body, headers.get('to-path')], [undefined, other.path]);
        send(client, 'm1', { callId, to: 'u2', isImdnRequired: true }); // as it takes nothing else
        const text = await other.next('SEND');
        assert.equal(text.headers.get('content-type'), 'message/cpim');
        assert.match(text.body.toString(), /^From: <sip:u1@sip\.test>\r\nTo: <sip:u2@sip\.test>\r\n[^]*\r\n\r\nhello$/);
        await status(client, 'm1', 'ACCEPTED');
        other.send('n1', 'message/cpim', imdn('m1', 'delivered'));
        assert.equal((await status(client, 'm1', 'IMDN_DELIVERED')).callId, callId);
        send(client, 'm2', { callId, body: 'x'.repeat(1000) });
        assert.equal((await status(client, 'm2', 'FAILED')).info, 'Message too large');
        send(client, 'm3', { callId, contentType: 'multipart/mixed', recipients: 'a,b', body: 'x' });
        assert.equal((await status(client, 'm3', 'FAILED')).info, 'Content type is not supported');
        other.send('t1', 'message/cpim', cpim({ body: CYRILLIC, more: ['NS: n <urn:ietf:params:imdn>',
            'n.Message-ID: wire-1', 'n.Disposition-Notification: positive-delivery'] }));
        const { data: [received] } = await client.next('notifyMessage', (data) => data.status === 'RECEIVED');
        assert.deepEqual([received.id, received.body, received.from, received.contentType,
            received.isImdnRequired, received.callId], ['wire-1', CYRILLIC, 'ext', 'message/cpim', true, callId]);
        // The description once more changes nothing; another one is refused.
        await party.back(invite, 'INVITE', 5, { lines: [party.contact], body: other.describe('passive') });
        const same = await party.next(200);
        assert.match(same.body, new RegExp(/a=path:.*/.exec(invite.body)[0].trim().replace(/[.+]/g, '\\$&')));
        await party.back(invite, 'ACK', 5);
        await party.back(invite, 'INVITE', 6, { lines: [party.contact],
            body: other.describe('passive').replace(other.path, 'msrp://127.0.0.1:1/x;tcp') });
        await party.next(488);
        await party.back(invite, 'ACK', 6);
        other.send('t2', 'text/plain', 'still there');
        const { data: [later] } = await client.next('notifyMessage', (data) => data.status === 'RECEIVED');
        assert.equal(later.body, 'still there');
        await party.back(invite, 'BYE', 7);
        await hasEnded(client, callId);
        await other.closed;
    });

    // What the client says comes whole to the other side, by way of a relay.
    async function passesOn(client, callId, other, body) {
        send(client, 'm1', { callId, body });
        await status(client, 'm1', 'ACCEPTED');
        const hasAll = () => other.received.filter(({ method, body: piece }) => method === 'SEND' && piece);
        await until('the relay has passed it on', () => hasAll().at(-1)?.flag === '$');
        assert.equal(Buffer.concat(hasAll().map((one) => one.body)).toString(), body);
    }

    test('SIP-90 the other side may be behind a relay, which reads what we send', async () => {
        const { party, client } = await atParty({ registers: false });
        const [other, relay] = await Promise.all([msrpParty(), startRelay()]), body = CYRILLIC.repeat(50);
        closables.push({ close: () => relay.stop() });
        await other.hide(relay.port);
        const callId = call(client);
        const invite = await party.next('INVITE');
        await party.reply(invite, 200, 'OK', [party.contact], other.describe('passive'));
        await told(client, 'talk', callId);
        await passesOn(client, callId, other, body);
        client.send('hangup', { callId });
        await hungUp(party, invite);
    });

    test('SIP-90 a client is called', async () => {
        const { party, client } = await atParty();
        const other = await msrpParty();
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const invite = await party.request('INVITE', contact, at(), [party.contact], other.describe('active'));
        const { data: [incoming] } = await client.next('notifyIncomingCall');
        assert.deepEqual([incoming.isMsrp, incoming.hasAudio, incoming.status], [true, false, 'RING']);
        client.send('answer', { callId: incoming.callId });
        const ok = await party.next(200);
        assert.match(ok.body, /^a=setup:passive\r$/m);
        other.take(ok.body);
        await party.within(invite, ok, 'ACK', at());
        await other.connect();
        other.send('t1', 'text/plain', 'first of all'); // in place of an empty one
        assert.equal((await told(client, 'talk', incoming.callId)).status, 'ESTABLISHED');
        const { data: [received] } = await client.next('notifyMessage');
        assert.deepEqual([received.body, received.from], ['first of all', incoming.caller]);
        assert.ok(client.received.every(({ message }) => message !== 'setRemoteSDP'));
        send(client, 'm1', { callId: incoming.callId });
        await status(client, 'm1', 'ACCEPTED');
        other.socket.write('this is no MSRP\r\n');
        await party.reply(await party.next('BYE'), 200, 'OK');
        assert.match((await hasEnded(client, incoming.callId, 'FAILED')).info, /not of this protocol/);
        await party.request('INVITE', contact, at(), [party.contact],
            other.describe('active').replaceAll('TCP/MSRP', 'TCP/TLS/MSRP').replace('msrp:', 'msrps:'));
        await party.next(488); // by TLS, but nobody knows with whom
    });

    // ---- By TLS ----

    const ownFingerprint = (sdp) => /^a=fingerprint:sha-256 ([0-9A-F:]{95})\r$/m.exec(sdp)[1];

    // Long texts both ways, in chunks.
    async function exchange(client, other, callId) {
        const long = CYRILLIC.repeat(500);
        other.send('t1', 'text/plain', long, { chunk: 2048, lines: ['Success-Report: yes'] });
        const { data: [received] } = await client.next('notifyMessage', (data) => data.status === 'RECEIVED');
        assert.deepEqual([received.callId, received.body], [callId, long]);
        assert.equal((await other.next('REPORT')).headers.get('status'), '000 200');
        send(client, 'm1', { callId, body: long, to: '' });
        await status(client, 'm1', 'ACCEPTED');
        const chunks = other.received.filter(({ method, body }) => method === 'SEND' && body);
        assert.equal(Buffer.concat(chunks.map(({ body }) => body)).toString(), long);
        assert.ok(chunks.length > 10);
    }

    for (const setup of ['active', 'passive'])
        test(`SIP-90 of an account by TLS a session is by TLS, with an other side that is ${setup}`, async () => {
            const { party, client, other, callId, invite, talk } = await established(setup,
                { certificate: certificates.other });
            assert.match(invite.body, /^m=message \d+ TCP\/TLS\/MSRP \*\r$/m);
            assert.match(invite.body, /^a=path:msrps:\/\/127\.0\.0\.1:\d+\/[0-9a-z]{20};tcp\r$/m);
            assert.match(invite.body, /^a=setup:actpass\r$/m);
            assert.equal(other.shown, ownFingerprint(invite.body));
            assert.equal(talk.status, 'ESTABLISHED');
            await exchange(client, other, callId);
            client.send('hangup', { callId });
            await hungUp(party, invite);
            await other.closed;
            await hasEnded(client, callId);
        });

    // A call to the client; what the other side offers is answered, and connected as that says.
    async function calledBy(both, other, setup) {
        const { party, client } = both;
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const invite = await party.request('INVITE', contact, at(), [party.contact], other.describe(setup));
        const { data: [incoming] } = await client.next('notifyIncomingCall');
        assert.equal(incoming.isMsrp, true);
        client.send('answer', { callId: incoming.callId });
        const ok = await party.next(200);
        other.take(ok.body);
        await party.within(invite, ok, 'ACK', at());
        if (setup === 'active') {
            await other.connect();
            other.greet();
        }
        await told(client, 'talk', incoming.callId);
        return { callId: incoming.callId, ok };
    }

    test('SIP-90 what is offered by TLS is answered by TLS, whatever the account has', async () => {
        for (const setup of ['active', 'passive', 'actpass']) {
            const [both, other] = await Promise.all([atParty(),
                msrpParty({ listens: setup !== 'active', certificate: certificates.other })]);
            const { callId, ok } = await calledBy(both, other, setup);
            assert.match(ok.body, /^m=message \d+ TCP\/TLS\/MSRP \*\r$/m);
            assert.match(ok.body, /^a=path:msrps:/m);
            assert.match(ok.body, setup === 'active' ? /^a=setup:passive\r$/m : /^a=setup:active\r$/m);
            assert.equal(other.shown, ownFingerprint(ok.body));
            await exchange(both.client, other, callId);
        }
    });

    test('SIP-90 what is offered in clear is answered in clear, though the account is by TLS', async () => {
        const [both, other] = await Promise.all([atParty({ secure: true }), msrpParty({ listens: true })]);
        const { callId, ok } = await calledBy(both, other, 'passive');
        assert.match(ok.body, /^m=message \d+ TCP\/MSRP \*\r$/m);
        assert.doesNotMatch(ok.body, /fingerprint|msrps/);
        await exchange(both.client, other, callId);
    });

    test('RFC 8122 who shows another certificate than it has told of hears nothing, and the call ends', async () => {
        const { party, client } = await atParty({ registers: false, secure: true }), invites = new Set();
        const { other: certificate, local: shown } = certificates;
        for (const setup of ['passive', 'active']) {
            const other = await msrpParty({ listens: setup === 'passive', certificate, shown });
            const callId = call(client);
            const invite = await invited(party, invites);
            other.take(invite.body);
            await party.reply(invite, 200, 'OK', [party.contact], other.describe(setup));
            if (setup === 'active') {
                await party.next('ACK');
                await other.connect();
                other.greet();
            }
            await hungUp(party, invite);
            const { info } = await hasEnded(client, callId, 'FAILED');
            assert.match(info, /^MSRP: .*the certificate is not the one of the fingerprint$/);
            await other.closed;
            assert.deepEqual(other.received, []);
        }
        // A stranger's ends nothing, and it is not told from others before it says what for.
        const [stranger, other] = await Promise.all([msrpParty({ certificate }), msrpParty({ certificate: shown })]);
        const callId = call(client);
        const invite = await invited(party, invites);
        for (const one of [stranger, other])
            one.take(invite.body);
        await party.reply(invite, 200, 'OK', [party.contact], other.describe('active'));
        await party.next('ACK');
        await stranger.connect();
        stranger.greet();
        await stranger.next(481);
        await other.connect();
        other.greet();
        assert.equal((await told(client, 'talk', callId)).status, 'ESTABLISHED');
    });

    test('RFC 8122 who does not say whose certificate it will be is not connected to', async () => {
        const { party, client } = await atParty({ registers: false, secure: true }), invites = new Set();
        const other = await msrpParty({ listens: true, certificate: certificates.other });
        const named = (sdp) => sdp.replaceAll('127.0.0.1', 'localhost');
        const sdp = other.describe('passive'), without = sdp.replace(/a=fingerprint.*\r\n/, '');
        for (const [body, info] of [
            [without, /a=fingerprint is missing/],
            [sdp.replace(/sha-256 .*/, `sha-1 ${'00:'.repeat(19)}00\r`), /one of sha-256, sha-384 or sha-512 is wanted/],
            [without.replace('TCP/TLS/', 'TCP/').replace('msrps:', 'msrp:'), /MSRP without TLS is not what was asked for/],
            [named(without), /cannot connect: .*the certificate of localhost is refused: hostname mismatch/],
        ]) {
            const callId = call(client);
            const invite = await invited(party, invites);
            await party.reply(invite, 200, 'OK', [party.contact], body);
            await hungUp(party, invite);
            assert.match((await hasEnded(client, callId, 'FAILED')).info, info);
        }
        assert.deepEqual(other.received, []);
    });

    test('a certificate that SIGHUP reads again is shown from then on', async () => {
        const { party, client } = await atParty({ registers: false, secure: true }), invites = new Set();
        const shown = async () => {
            const callId = call(client), invite = await invited(party, invites);
            await party.reply(invite, 486, 'Busy Here');
            await told(client, 'finish', callId);
            return ownFingerprint(invite.body);
        };
        const before = await shown();
        for (const file of ['cert', 'key'])
            fs.copyFileSync(certificates.other[`${file}File`], path.join(server.options.state_dir, `${file}.pem`));
        server.signal('SIGHUP');
        await until('it is shown', async () => await shown() !== before);
        assert.equal(await shown(), new X509Certificate(certificates.other.cert).fingerprint256);
        fs.writeFileSync(path.join(server.options.state_dir, 'key.pem'), 'nonsense');
        server.signal('SIGHUP');
        await server.waitForLog(/reload: certificate kept as it was: key /);
        assert.equal(await shown(), new X509Certificate(certificates.other.cert).fingerprint256);
    });

    test('a relay by TLS is known by its name, and reads what we send', async () => {
        const { party, client } = await atParty({ registers: false, secure: true });
        const relay = await startRelay(certificates.local), body = CYRILLIC.repeat(50);
        closables.push({ close: () => relay.stop() });
        const other = await msrpParty({ certificate: certificates.other });
        await other.hide(relay.tlsPort, 'localhost');
        const callId = call(client);
        const invite = await party.next('INVITE');
        await party.reply(invite, 200, 'OK', [party.contact],
            other.describe('passive').replace(/a=fingerprint.*\r\n/, ''));
        await told(client, 'talk', callId);
        await passesOn(client, callId, other, body);
        client.send('hangup', { callId });
        await hungUp(party, invite);
    });

    test('who does not go on with TLS is waited for no longer than who does not answer', async () => {
        const { party, client } = await atParty({ registers: false, secure: true });
        const silent = net.createServer();
        await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
        closables.push(silent);
        const other = await msrpParty({ certificate: certificates.other });
        const callId = call(client);
        const invite = await party.next('INVITE');
        await party.reply(invite, 200, 'OK', [party.contact],
            other.describe('passive').replace(/:9\//, `:${silent.address().port}/`));
        const { data: [finish] } = await client.next('finish', (data) => data.callId === callId, 25_000);
        assert.equal(finish.info, 'MSRP: cannot connect: no TLS in time');
    });

    test('SIP-90 two clients write to one another without a SIP server', async () => {
        const home = { sipPort: 0, sipDomain: '127.0.0.1', sipRegisterRequired: false };
        const [one, two] = await Promise.all(['alice', 'bob'].map((login) => phone(login, 0, home)));
        const callId = call(one, { callee: 'bob' });
        const { data: [incoming] } = await two.next('notifyIncomingCall');
        two.send('answer', { callId: incoming.callId });
        await Promise.all([told(one, 'talk', callId), told(two, 'talk', incoming.callId)]);
        send(one, 'm1', { callId, body: CYRILLIC });
        send(two, 'm2', { callId: incoming.callId });
        const { data: [received] } = await two.next('notifyMessage', (data) => data.status === 'RECEIVED');
        assert.deepEqual([received.body, received.from, received.callId], [CYRILLIC, 'alice', incoming.callId]);
        await Promise.all([status(one, 'm1', 'ACCEPTED'), status(two, 'm2', 'ACCEPTED')]);
        one.send('hangup', { callId });
        await Promise.all([hasEnded(one, callId), hasEnded(two, incoming.callId)]);
    });

    test('who answers without a session, or leads elsewhere, or is lost, has none', async () => {
        const { party, client } = await atParty({ registers: false });
        const other = await msrpParty(), invites = new Set();
        for (const [body, info] of [
            [['v=0', 'm=audio 4000 RTP/AVP 0', ''].join('\r\n'), /no MSRP session/],
            [other.describe('passive').replace(/a=path.*/, ''), /a=path is missing/],
            [other.describe('passive').replaceAll('msrp://127.0.0.1', 'msrp://10.1.2.3'), /not allowed/],
            [other.describe('passive').replace(/msrp:.*;tcp/, 'msrp://127.0.0.1:1/x;tcp'), /connection refused/]]) {
            const callId = call(client);
            const invite = await invited(party, invites);
            await party.reply(invite, 200, 'OK', [party.contact], body);
            await hungUp(party, invite);
            assert.match((await hasEnded(client, callId, 'FAILED')).info, info);
        }
        const lost = await established('active');
        lost.other.socket.destroy();
        await hungUp(lost.party, lost.invite);
        assert.match((await hasEnded(lost.client, lost.callId, 'FAILED')).info, /lost/);
    });

    test('a back end is asked about what comes in a session', async () => {
        const app = backend.endpoint(`texts${taken++}`);
        app.config({ OnMessageEvent: { restOnError: 'FAIL' } });
        app.on('OnMessageEvent', ({ body }) => body.body === 'no' ? 'refuse' : 'echo');
        const { client, other, callId } = await established('active', { more: { appKey: app.key } });
        other.send('t1', 'text/plain', 'no');
        assert.equal((await other.next('REPORT')).headers.get('status'), '000 403');
        other.send('t2', 'text/plain', 'yes');
        const { data: [received] } = await client.next('notifyMessage');
        assert.deepEqual([received.body, received.callId], ['yes', callId]);
    });
});

// ---- The back end ----

describe('hooks of texts', { concurrency: 12 }, () => {
    async function withApp({ refusing = [], prepare = () => {} } = {}) {
        const app = backend.endpoint(`texts${taken++}`);
        app.config(Object.fromEntries(refusing.map((method) => [method, { restOnError: 'FAIL' }])));
        prepare(app);
        return { app, ...await atParty({ more: { appKey: app.key } }) };
    }
    const told = ({ body: { nodeId, sessionId, appKey, ...more } }, app) => {
        assert.ok(nodeId && sessionId);
        assert.equal(appKey, app.key);
        return more;
    };

    test('SIP-73 sendMessage is asked, and MessageStatusEvent tells', async () => {
        const { app, party, client } = await withApp();
        send(client, 'm1', { isImdnRequired: true, contentType: 'message/cpim' });
        const fields = { id: 'm1', from: 'u1', to: '1001', body: 'hello', contentType: 'message/cpim',
            isImdnRequired: true };
        assert.deepEqual(told(await app.next('sendMessage'), app), fields);
        const raw = await party.reply(await party.next('MESSAGE'), 200, 'OK');
        assert.deepEqual(told(await app.next('MessageStatusEvent'), app),
            { ...fields, status: 'ACCEPTED', sipMessageRaw: raw });
    });

    test('SIP-74 a back end that is against a text has it fail', async () => {
        const { app, party, client } = await withApp({ refusing: ['sendMessage'],
            prepare: (one) => one.on('sendMessage', 'refuse') });
        send(client, 'm1');
        assert.match((await status(client, 'm1', 'FAILED')).info, /^Application refused/);
        assert.equal(told(await app.next('MessageStatusEvent'), app).status, 'FAILED');
        assert.equal(party.count('MESSAGE'), 0);
    });

    test('SIP-79 OnMessageEvent is asked before the client hears', async () => {
        const { app, party, client } = await withApp({ refusing: ['OnMessageEvent'],
            prepare: (one) => one.on('OnMessageEvent', ({ body }) => body.body === 'no' ? 'refuse' : 'echo') });
        const message = await write(party, 'text/plain', 'yes');
        const question = told(await app.next('OnMessageEvent'), app);
        const { data: [received] } = await client.next('notifyMessage');
        assert.deepEqual(question, received);
        assert.equal(question.sipMessageRaw, message.raw);
        assert.deepEqual(told(await app.next('MessageStatusEvent'), app), received);
        const refused = await write(party, 'text/plain', 'no');
        assert.equal((await answerTo(party, refused)).code, 403);
        await client.settle();
        assert.equal(client.received.filter(({ message: name }) => name === 'notifyMessage').length, 1);
    });

    test('SIP-80 sendIMDN is asked before a delivery is notified', async () => {
        const { app, party, client } = await withApp({ refusing: ['sendIMDN'],
            prepare: (one) => one.on('sendIMDN', ({ body }) => body.id === 'no' ? 'refuse' : 'echo') });
        for (const id of ['no', 'yes']) {
            await write(party, 'message/cpim', cpim({ more: ['NS: n <urn:ietf:params:imdn>',
                `n.Message-ID: ${id}`, 'n.Disposition-Notification: positive-delivery'] }));
            const { data: [, result] } = await client.next('notifyMessage');
            client.send('notificationResult', { ...result, status: 'OK' });
            const question = told(await app.next('sendIMDN'), app);
            assert.deepEqual([question.id, question.from, question.to, question.isImdnRequired],
                [id, 'ext', 'u1', true]);
        }
        assert.match((await party.next('MESSAGE')).body, /<message-id>yes<\/message-id>/);
        assert.equal(party.count('MESSAGE'), 1);
    });

    test('SIP-79 a client that goes meanwhile is not there', async () => {
        let go;
        const hold = new Promise((resolve) => (go = resolve));
        const { app, party, client } = await withApp({ prepare: (one) =>
            one.on('OnMessageEvent', { hold }) });
        const message = await write(party, 'text/plain', 'hi');
        await app.next('OnMessageEvent');
        client.abort();
        assert.equal((await answerTo(party, message)).code, 480);
        go();
    });

    test('SIP-83 SIP-88 subscriptions and documents are asked and told as well', async () => {
        const { app, party, client } = await withApp({ refusing: ['sendXcapRequest'],
            prepare: (one) => one.on('sendXcapRequest', 'refuse') });
        const { raw } = await subscribed(client, party);
        assert.deepEqual(told(await app.next('subscribe'), app),
            { event: 'reg', expires: 60, terminate: false });
        assert.deepEqual(told(await app.next('SubscriptionStatusEvent'), app), { event: 'reg',
            expires: 60, terminate: false, status: 'Active', sipMessageRaw: raw });
        client.send('sendXcapRequest', { url: 'http://localhost:1/x' });
        assert.deepEqual(told(await app.next('sendXcapRequest'), app), { url: 'http://localhost:1/x' });
        assert.match((await client.next('fail')).data[0].info, /^Application refused/);
    });
});

test('operators see texts and subscriptions in the metrics', async () => {
    const { party, client } = await atParty();
    await subscribed(client, party);
    await watched(client, 'Active');
    const page = await (await fetch(`${server.http}/metrics`)).text();
    assert.ok(Number(/^sluice_sip_messages_total\{direction="out"\} (\d+)$/m.exec(page)[1]) > 0);
    assert.ok(Number(/^sluice_sip_messages_total\{direction="in"\} (\d+)$/m.exec(page)[1]) > 0);
    assert.ok(Number(/^sluice_sip_subscriptions (\d+)$/m.exec(page)[1]) > 0);
});
