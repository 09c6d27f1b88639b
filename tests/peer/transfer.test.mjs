// SPDX-License-Identifier: GPL-3.0-or-later
// Transfers in both directions: section 8 of sip.md and its statements SIP-59 to SIP-66, with a
// scripted party, Kamailio, telephones (baresip) and the SDK in Chromium.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Line, account, answerOf, event, lastOffer, newId, sdpOf } from './lib/calls.mjs';
import { call as inPage } from './lib/bare.mjs';
import { Browser } from './lib/browser.mjs';
import { MsrpParty } from './lib/msrp.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { offer } from './lib/sdp.mjs';
import { Baresip, DOMAIN, Kamailio, Party } from './lib/sip.mjs';
import { until } from './lib/wait.mjs';

let server, kamailio, backend, app, line, uas;

before(async () => {
    const media = await freePorts(60);
    uas = await Party.open();
    [kamailio, backend] = await Promise.all([Kamailio.start({ uas: uas.port }), Backend.start()]);
    app = backend.endpoint('moved');
    app.config({ transfer: { restOnError: 'FAIL' }, OnTransferEvent: { restOnError: 'FAIL' } });
    server = await startWithApps({ moved: { url: app.url, methods: ['connect', 'transfer',
        'OnTransferEvent', 'TransferStatusEvent'] }, defaultApp: { url: app.url, methods: [] } },
    { port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8', media_port_from: media,
        media_port_to: media + 59, log_level: 'DEBUG' });
    line = new Line(server);
});
after(async () => {
    await line?.close();
    await Promise.all([server?.stop(), kamailio?.stop(), backend?.stop(), uas?.close()]);
});

const transfer = (client, callId, status) => event(client, 'notifyTransferEvent', callId, status);

// What the telephone says of a transfer that it was asked for; cseq rises.
let cseq = 10;
async function notify(party, invite, status, state = 'active;expires=60') {
    await party.back(invite, 'NOTIFY', cseq++, { lines: ['Event: refer', `Subscription-State: ${state}`,
        'Content-Type: message/sipfrag;version=2.0', party.contact], body: status ? `SIP/2.0 ${status}\r\n` : '' });
    return party.next(200);
}

describe('a client transfers', { concurrency: 8 }, () => {
    test('SIP-59 SIP-60 SIP-61 SIP-63 REFER, and each step is told', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await line.established(client, party);
        client.send('transfer', { callId, target: '1002' });
        const refer = await party.next('REFER');
        assert.equal(refer.get('refer-to'), `<sip:1002@${DOMAIN}>`);
        assert.equal(refer.get('referred-by'), `<sip:u1@${DOMAIN}>`);
        const raw = await party.reply(refer, 202, 'Accepted', [party.contact]);
        const accepted = await transfer(client, callId, 'ACCEPTED');
        assert.deepEqual([accepted.incoming, accepted.target, accepted.sipStatus, accepted.sipMessageRaw],
            [false, '1002', 202, raw]);
        await notify(party, invite, '100 Trying');
        await transfer(client, callId, 'TRYING');
        await notify(party, invite, '180 Ringing');
        assert.equal((await transfer(client, callId, '180 Ringing')).sipStatus, 180);
        await notify(party, invite, '200 OK', 'terminated;reason=noresource');
        await party.reply(await party.next('BYE'), 200, 'OK');
        await event(client, 'finish', callId, 'FINISH');
        const said = client.received.map(({ message, data }) => [message, data[0]?.status]);
        assert.deepEqual(said.slice(-2), [['notifyTransferEvent', 'COMPLETED'], ['finish', 'FINISH']]);
        await party.back(invite, 'NOTIFY', cseq++, { lines: ['Event: refer'], body: '' });
        await party.next(481);
        await client.settle();
        assert.equal(client.received.at(-2).message, 'finish');
    });

    test('SIP-62 what fails leaves the call as it is', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await line.established(client, party);
        client.send('transfer', { callId, target: 'sip:1002@elsewhere.test' });
        const refer = await party.next('REFER');
        assert.equal(refer.get('refer-to'), '<sip:1002@elsewhere.test>');
        await notify(party, invite, '486 Busy Here', 'terminated;reason=noresource'); // it overtakes
        assert.equal((await transfer(client, callId, 'ACCEPTED')).sipMessageRaw, undefined);
        assert.equal((await transfer(client, callId, 'FAILED')).sipStatus, 486);
        await party.reply(refer, 202, 'Accepted', [party.contact]);
        client.send('transfer', { callId, target: '1003' });
        await party.reply(await party.next('REFER'), 405, 'Method Not Allowed');
        assert.equal((await transfer(client, callId, 'FAILED')).sipStatus, 405);
        client.send('transfer', { callId, target: '1004' });
        await party.reply(await party.next('REFER'), 202, 'Accepted', [party.contact]);
        await transfer(client, callId, 'ACCEPTED');
        await notify(party, invite, '', 'terminated;reason=timeout'); // without an outcome
        await transfer(client, callId, 'FAILED');
        for (const target of ['', 'sips:x@y', 'a\r\nb'])
            client.send('transfer', { callId, target });
        for (let i = 0; i < 3; i++)
            await transfer(client, callId, 'FAILED');
        client.send('hold', { callId });
        const hold = await party.next('INVITE');
        await party.reply(hold, 200, 'OK', [party.contact], sdpOf(party, { direction: 'recvonly' }));
        await event(client, 'hold', callId, 'HOLD');
        client.send('transfer', { callId, target: '1005' });
        await party.reply(await party.next('REFER'), 202, 'Accepted', [party.contact]);
        await transfer(client, callId, 'ACCEPTED');
        await party.back(invite, 'BYE', cseq++); // and says no more
        await event(client, 'finish', callId, 'FINISH');
        await client.settle();
        assert.ok(!client.received.some(({ data }) => data[0]?.status === 'COMPLETED'));
    });

    test('transfer is asked, and TransferStatusEvent tells the rest', async () => {
        const { party, client } = await line.atParty({ more: { appKey: 'moved' } });
        const { callId, invite } = await line.established(client, party);
        app.on('transfer', 'refuse');
        client.send('transfer', { callId, target: '1002' });
        const asked = await app.next('transfer', (body) => body.callId === callId);
        assert.equal(asked.body.target, '1002');
        await transfer(client, callId, 'FAILED');
        assert.equal(party.count('REFER'), 0);
        app.on('transfer', 'echo');
        client.send('transfer', { callId, target: '1003' });
        await party.reply(await party.next('REFER'), 202, 'Accepted', [party.contact]);
        await notify(party, invite, '200 OK', 'terminated');
        for (const [status, target] of [['FAILED', '1002'], ['ACCEPTED', '1003'], ['COMPLETED', '1003']])
            assert.equal((await app.next('TransferStatusEvent', (body) => body.callId === callId &&
                body.status === status)).body.target, target);
    });
});

// ---- To whom the client talks in another call ----

const tagOf = (address) => /;tag=([^;]+)/.exec(address)[1];

// The URI of a Refer-To, and the dialog that it is to replace: as RFC 3261 section 19.1.1 reads it.
function referTo(refer) {
    const [, uri, headers] = /^<([^?]+)\?([^>]+)>$/.exec(refer.get('refer-to'));
    const fields = headers.split('&').map((field) => field.split('=').map(decodeURIComponent));
    return { uri, headers: Object.fromEntries(fields) };
}

// The INVITE whose dialog a party, which was called, finds by a Replaces (RFC 3891 section 3).
function replaced(party, replaces) {
    const [id, ...params] = replaces.split(';');
    const { 'to-tag': local, 'from-tag': remote } = Object.fromEntries(params.map((one) => one.split('=')));
    return party.received.find((one) => one.method === 'INVITE' && one.get('call-id') === id &&
        tagOf(one.get('from')) === remote && local === 'party');
}

describe('a client transfers to whom it talks to (sip.md 8.1)', { concurrency: 8 }, () => {
    test('SIP-59 the REFER names the dialog of the other call, whoever has begun it', async () => {
        const { party, client } = await line.atParty({ registers: true });
        const { callId, invite } = await line.established(client, party);
        const called = await line.dial(client, party);
        const contact = `sip:third@127.0.0.1:${party.port};ob`;
        await party.reply(called.invite, 200, 'OK', [`Contact: <${contact}?Subject=x>`], sdpOf(party));
        await party.next('ACK');
        await event(client, 'talk', called.callId, 'ESTABLISHED');
        client.send('transfer', { callId, target: called.callId });
        const refer = await party.next('REFER');
        assert.equal(refer.get('call-id'), invite.get('call-id'));
        assert.equal(refer.get('refer-to'), `<${contact}?Replaces=${called.invite.get('call-id')}` +
            `%3Bto-tag%3Dparty%3Bfrom-tag%3D${tagOf(called.invite.get('from'))}>`);
        assert.equal(refer.get('referred-by'), `<sip:u1@${DOMAIN}>`);
        await party.reply(refer, 603, 'Decline');
        const failed = await transfer(client, callId, 'FAILED');
        assert.deepEqual([failed.target, failed.sipStatus], [called.callId, 603]);

        const calling = await line.callIn(client, party);
        const { callId: caller } = calling.call;
        client.send('answer', { callId: caller, sdp: answerOf(lastOffer(client, caller)) });
        const ok = await party.next(200);
        await party.within(calling.invite, ok, 'ACK', line.at);
        await event(client, 'talk', caller, 'ESTABLISHED');
        client.send('transfer', { callId, target: caller });
        const second = await party.next('REFER');
        assert.equal(second.get('call-id'), invite.get('call-id'));
        assert.equal(second.get('refer-to'), `<sip:party@127.0.0.1:${party.port}?Replaces=` +
            `${calling.invite.get('call-id')}%3Bto-tag%3Dours%3Bfrom-tag%3D${tagOf(ok.get('to'))}>`);
        await party.reply(second, 202, 'Accepted', [party.contact]);
        assert.equal((await transfer(client, callId, 'ACCEPTED')).target, caller);
    });

    test('SIP-60 the telephone takes the place of the client, whose calls both end', async () => {
        const { party, client } = await line.atParty();
        const third = await line.registrar();
        const { callId, invite } = await line.established(client, party);
        // The party is the proxy, too: what it has answered for the third is the third's.
        const consulted = await line.dial(client, party);
        third.received.push(consulted.invite);
        await party.reply(consulted.invite, 200, 'OK', [third.contact], sdpOf(third));
        await third.next('ACK');
        await event(client, 'talk', consulted.callId, 'ESTABLISHED');
        for (const [id, to] of [[callId, party], [consulted.callId, third]]) { // as it is usually done
            client.send('hold', { callId: id });
            await to.reply(await to.next('INVITE'), 200, 'OK', [to.contact],
                sdpOf(to, { direction: 'recvonly' }));
            await event(client, 'hold', id, 'HOLD');
        }
        client.send('transfer', { callId, target: consulted.callId });
        const refer = await party.next('REFER');
        await party.reply(refer, 202, 'Accepted', [party.contact]);
        await notify(party, invite, '100 Trying');
        await transfer(client, callId, 'TRYING');

        const { uri, headers } = referTo(refer);
        assert.deepEqual(Object.keys(headers), ['Replaces']);
        await party.request('INVITE', uri, { address: third.address, port: third.port },
            [`Replaces: ${headers.Replaces}`, party.contact], sdpOf(party));
        const taking = await another(third, consulted.invite);
        assert.equal(taking.uri, /<([^>]+)>/.exec(third.contact)[1]);
        const dialog = replaced(third, taking.get('replaces'));
        assert.equal(dialog, consulted.invite);
        await third.reply(taking, 200, 'OK', [third.contact], sdpOf(third));
        const bye = await third.back(dialog, 'BYE', cseq++);
        await third.next(200);
        assert.equal((await event(client, 'finish', consulted.callId, 'FINISH')).sipMessageRaw, bye.raw);

        await notify(party, invite, '200 OK', 'terminated;reason=noresource');
        const gone = await party.next('BYE');
        assert.equal(gone.get('call-id'), invite.get('call-id'));
        await party.reply(gone, 200, 'OK');
        await event(client, 'finish', callId, 'FINISH');
        const told = client.received.filter(({ message }) => message === 'notifyTransferEvent');
        assert.deepEqual(told.map(({ data: [{ target, status }] }) => [target, status]),
            ['ACCEPTED', 'TRYING', 'COMPLETED'].map((status) => [consulted.callId, status]));
        assert.equal(client.received.at(-1).message, 'finish');
        assert.equal(third.count('BYE'), 0);
    });

    test('SIP-62 a call whose place nobody can take is no target', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await line.established(client, party);
        const { callId: rings, invite: ringing } = await line.dial(client, party);
        await party.reply(ringing, 180, 'Ringing', [party.contact]);
        await event(client, 'ring', rings, 'RING');
        const texts = newId(), other = await MsrpParty.open();
        client.send('call', { callId: texts, callee: '1001', isMsrp: true, visibleName: '' });
        const session = await another(party, invite, ringing);
        other.take(session.body);
        await party.reply(session, 200, 'OK', [party.contact], other.describe('active'));
        await other.connect();
        other.greet();
        await event(client, 'talk', texts, 'ESTABLISHED');
        for (const target of [callId, rings, texts]) {
            client.send('transfer', { callId, target });
            assert.equal((await transfer(client, callId, 'FAILED')).target, target);
        }
        assert.equal(party.count('REFER'), 0);
        await other.close();

        await party.reply(ringing, 200, 'OK', [party.contact], sdpOf(party)); // and now it is one
        await event(client, 'talk', rings, 'ESTABLISHED');
        client.send('transfer', { callId, target: rings });
        const refer = await party.next('REFER');
        assert.ok(refer.get('refer-to').includes(ringing.get('call-id')));
        client.send('transfer', { callId: rings, target: callId }); // while it is being transferred
        assert.equal((await transfer(client, rings, 'FAILED')).target, callId);
        await party.reply(refer, 202, 'Accepted', [party.contact]);
        await transfer(client, callId, 'ACCEPTED');
        assert.equal(party.count('REFER'), 1);
    });

    test('SIP-59 the call of another client is a name like any other', async () => {
        const [one, two] = await Promise.all([line.atParty(), line.atParty()]);
        const { callId } = await line.established(one.client, one.party);
        const { callId: target } = await line.established(two.client, two.party);
        one.client.send('transfer', { callId, target });
        const refer = await one.party.next('REFER');
        assert.equal(refer.get('refer-to'), `<sip:${target}@${DOMAIN}>`);
        await one.party.reply(refer, 404, 'Not Found');
        assert.equal((await transfer(one.client, callId, 'FAILED')).sipStatus, 404);
    });
});

// A call that the party wants moved: its INVITE, and the new call as the client has it.
async function referred(client, party, target = `sip:1002@${DOMAIN}`, more = []) {
    const { callId, invite } = await line.established(client, party);
    await party.back(invite, 'REFER', cseq++, { lines: [`Refer-To: <${target}>`, party.contact, ...more] });
    return { callId, invite };
}

// What the party is told of it: each is acknowledged, those that come again, too.
async function told(party, body) {
    for (;;) {
        const notice = await party.next('NOTIFY');
        await party.reply(notice, 200, 'OK');
        if (notice.body === `SIP/2.0 ${body}\r\n`)
            return notice;
    }
}

// The next INVITE that is not one of these, which may come again.
async function another(party, ...known) {
    for (;;) {
        const invite = await party.next('INVITE');
        if (!known.some((one) => one.get('call-id') === invite.get('call-id') &&
            one.get('cseq') === invite.get('cseq')))
            return invite;
    }
}

const calls = (party) => new Set(party.received.filter(({ method }) => method === 'INVITE')
    .map((invite) => invite.get('call-id'))).size;

describe('a telephone transfers', { concurrency: 8 }, () => {
    test('SIP-64 the browser goes on with the target, without another description', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await referred(client, party,
            `sip:1002@${DOMAIN}?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2`);
        await party.next(202);
        const pending = await transfer(client, callId, 'PENDING');
        assert.deepEqual([pending.incoming, pending.target, pending.hasVideo],
            [true, `sip:1002@${DOMAIN}`, false]);
        const trying = await told(party, '100 Trying');
        assert.deepEqual([trying.get('event'), trying.get('content-type')],
            ['refer', 'message/sipfrag;version=2.0']);
        assert.match(trying.get('subscription-state'), /^active/);
        const second = await another(party, invite);
        assert.equal(second.uri, `sip:1002@${DOMAIN}`);
        assert.equal(second.get('referred-by'), `<sip:1001@${DOMAIN}>`);
        assert.equal(second.get('replaces'), 'abc;to-tag=1;from-tag=2');
        assert.notEqual(second.get('call-id'), invite.get('call-id'));
        const { data: [next] } = await client.next('notifyIncomingCall');
        assert.deepEqual([next.parentCallId, next.incoming, next.status, next.caller, next.callee],
            [callId, false, 'TRYING', 'u1', '1002']);
        await party.reply(second, 180, 'Ringing', [party.contact]);
        await event(client, 'ring', next.callId, 'RING');
        await told(party, '180 Ringing');
        await party.reply(second, 200, 'OK', [party.contact], sdpOf(party));
        await party.next('ACK');
        await event(client, 'talk', next.callId, 'ESTABLISHED');
        await transfer(client, callId, 'COMPLETED');
        const over = await told(party, '200 OK');
        assert.match(over.get('subscription-state'), /^terminated/);
        await party.back(invite, 'BYE', cseq++);
        await event(client, 'finish', callId, 'FINISH');
        assert.equal(client.received.filter(({ message }) => message === 'setRemoteSDP').length, 1);
        client.send('hangup', { callId: next.callId });
        assert.equal((await party.next('BYE')).get('call-id'), second.get('call-id'));
        await event(client, 'finish', next.callId, 'FINISH');
    });

    test('SIP-65 a target that is busy leaves the call as it is', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await referred(client, party);
        await told(party, '100 Trying');
        const { data: [next] } = await client.next('notifyIncomingCall');
        const second = await another(party, invite);
        await party.reply(second, 486, 'Busy Here');
        await event(client, 'finish', next.callId, 'BUSY');
        await transfer(client, callId, 'FAILED');
        await told(party, '486 Busy Here');
        client.send('hold', { callId });
        await party.reply(await another(party, invite, second), 200, 'OK', [party.contact],
            sdpOf(party, { direction: 'recvonly' }));
        await event(client, 'hold', callId, 'HOLD');
        await party.back(invite, 'BYE', cseq++);
        await event(client, 'finish', callId);
    });

    test('a transferor who does not wait, and one whom nobody thanks', async () => {
        const { party, client } = await line.atParty();
        const { callId, invite } = await referred(client, party);
        const second = await another(party, invite);
        const { data: [next] } = await client.next('notifyIncomingCall');
        await party.back(invite, 'BYE', cseq++);
        await event(client, 'finish', callId, 'FINISH');
        await party.reply(second, 200, 'OK', [party.contact], sdpOf(party));
        await event(client, 'talk', next.callId, 'ESTABLISHED');
        client.send('hangup', { callId: next.callId });
        assert.equal((await party.next('BYE')).get('call-id'), second.get('call-id'));
        // The other one hears BYE from here, after five seconds.
        const other = await line.atParty();
        const moved = await referred(other.client, other.party);
        await other.party.reply(await another(other.party, moved.invite), 200, 'OK', [other.party.contact],
            sdpOf(other.party));
        const bye = await other.party.next('BYE', 9_000);
        assert.equal(bye.get('call-id'), moved.invite.get('call-id'));
        await event(other.client, 'finish', moved.callId, 'FINISH');
    });

    test('SIP-66 what cannot be is answered with its status', async () => {
        const { party, client } = await line.atParty({ registers: true });
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        await party.request('REFER', contact, line.at, ['Refer-To: <sip:1002@x>', party.contact]);
        await party.next(403);
        const { invite } = await line.established(client, party);
        const refer = (...lines) => party.back(invite, 'REFER', cseq++, { lines: [...lines, party.contact] });
        await refer();
        await party.next(400);
        await refer('Refer-To: <sip:1002@x>', 'Refer-To: <sip:1003@x>');
        await party.next(400);
        await refer('Refer-To: <http://x/>');
        await party.next(416);
        await party.back(invite, 'NOTIFY', cseq++, { lines: ['Event: presence'] });
        await party.next(489);
        assert.equal(calls(party), 1);
        assert.ok(!client.received.some(({ message }) => message === 'notifyTransferEvent'));
    });

    test('OnTransferEvent is asked, and may be refused', async () => {
        const { party, client } = await line.atParty({ more: { appKey: 'moved' } });
        app.on('OnTransferEvent', 'refuse');
        const { callId } = await referred(client, party);
        const asked = await app.next('OnTransferEvent', (body) => body.callId === callId);
        assert.deepEqual([asked.body.incoming, asked.body.target], [true, `sip:1002@${DOMAIN}`]);
        await party.next(603);
        await client.settle();
        assert.equal(calls(party), 1);
        app.on('OnTransferEvent', 'echo');
    });
});

describe('with telephones and a browser', () => {
    let browser, pages;

    before(async () => {
        [browser, pages] = await Promise.all([Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
    });

    const status = (page, label, wanted) => until(`the call is ${wanted}`, async () => {
        const events = await inPage(page, 'callEvents', label);
        assert.ok(events.some((one) => one.status === wanted), JSON.stringify(events));
        return true;
    });

    const hears = (telephone) => until('the telephone hears 1000 Hz', () => {
        const { hz, share } = telephone.heard();
        assert.ok(hz === 1000 && share > 0.8, `${hz} Hz, ${share}`);
        return true;
    }, { timeout: 8000 });

    test('SIP-59 SIP-60 SIP-64 the SDK transfers, and is transferred', async () => {
        let [second, third] = await Promise.all([Baresip.start('u2', 'p2', kamailio.port),
            Baresip.start('u3', 'p3', kamailio.port, { codecs: 'opus/48000/2' })]);
        const page = await browser.page(pages.url + BARE, server);
        try {
            await inPage(page, 'setTone', 1000);
            assert.equal(await inPage(page, 'openPhone', server.ws, { login: 'u1', password: 'p1',
                authenticationName: 'u1', domain: DOMAIN, outboundProxy: '127.0.0.1',
                port: kamailio.port, registerRequired: true }), 'REGISTERED');
            await inPage(page, 'dial', 'moved', 'u2');
            await status(page, 'moved', 'ESTABLISHED');
            await hears(second);
            second.tell('transfer', `sip:u3@${DOMAIN}`);
            await hears(third); // PCMA before, opus now: the browser has not been asked
            await until('the page hears the third', async () => {
                const hz = await inPage(page, 'heard');
                assert.ok(Math.abs(hz - 440) < 15, `${hz} Hz`);
                return true;
            });
            await second.event('CALL_CLOSED');
            await status(page, 'incoming', 'ESTABLISHED');
            await inPage(page, 'onCall', 'incoming', 'hangup');
            await third.event('CALL_CLOSED');
            await third.stop();
            third = await Baresip.start('u3', 'p3', kamailio.port); // one that the second can call
            await inPage(page, 'dial', 'given', 'u2');
            await status(page, 'given', 'ESTABLISHED');
            await inPage(page, 'onCall', 'given', 'transfer', 'u3');
            await status(page, 'given', 'FINISH');
            await third.event('CALL_ESTABLISHED');
            assert.deepEqual(page.faults, []);
        } finally {
            await page.context().close();
            await Promise.all([second.stop(), third.stop()]);
        }
    });
});

describe('by way of Kamailio', () => {
    // Both telephones are the server's, too: the one that is transferred calls with Replaces.
    test('SIP-59 SIP-64 one client transfers another to whom it talks to', async () => {
        const [first, second] = await Promise.all(['u1', 'u2'].map(async (user) => {
            const client = await line.client(account(user, kamailio.port));
            await client.next('registered');
            return client;
        }));
        const dial = (callee) => {
            const callId = newId();
            first.send('call', { callId, incoming: false, hasVideo: false, hasAudio: true, status: 'PENDING',
                mediaProvider: 'WebRTC', sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }),
                caller: 'u1', callee, visibleName: '' });
            return callId;
        };
        const toSecond = dial('u2');
        const { data: [{ callId: ofSecond }] } = await second.next('notifyIncomingCall');
        second.send('answer', { callId: ofSecond, sdp: answerOf(lastOffer(second, ofSecond)) });
        await event(first, 'talk', toSecond, 'ESTABLISHED');
        await event(second, 'talk', ofSecond, 'ESTABLISHED');
        const toThird = dial('uas');
        const invite = await uas.next('INVITE');
        await uas.reply(invite, 200, 'OK', [uas.contact], sdpOf(uas));
        await uas.next('ACK');
        await event(first, 'talk', toThird, 'ESTABLISHED');

        first.send('transfer', { callId: toSecond, target: toThird });
        const pending = await transfer(second, ofSecond, 'PENDING');
        assert.equal(pending.target, /<([^>]+)>/.exec(uas.contact)[1]);
        const taking = await another(uas, invite);
        assert.equal(taking.get('referred-by'), `<sip:u1@${DOMAIN}>`);
        assert.equal(replaced(uas, taking.get('replaces')), invite);
        await uas.reply(taking, 200, 'OK', [uas.contact], sdpOf(uas));
        await uas.next('ACK');
        await uas.back(invite, 'BYE', cseq++);
        await event(first, 'finish', toThird, 'FINISH');
        await transfer(first, toSecond, 'COMPLETED');
        await event(first, 'finish', toSecond, 'FINISH');
        const { data: [next] } = await second.next('notifyIncomingCall');
        assert.equal(next.parentCallId, ofSecond);
        await event(second, 'talk', next.callId, 'ESTABLISHED');
        await event(second, 'finish', ofSecond, 'FINISH');
    });
});
