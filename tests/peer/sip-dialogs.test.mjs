// SPDX-License-Identifier: GPL-3.0-or-later
// Calls whose messages cross, are lost, come twice or make no sense: statements SIP-n of sip.md that
// a party of our own has to play, as no telephone would.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Phones, account, browserAnswer, closeAll, contactOf, event, newId, sdpOf } from './lib/phones.mjs';
import { Backend, startWithApps } from './lib/backend.mjs';
import { freePorts } from './lib/ports.mjs';
import { offer } from './lib/sdp.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const exchange = new Phones();
const { phone, openParty, at, registrar, atParty, dial, established, callIn, talking } = exchange;

// Nobody is at the browsers' ends: the calls that last wait for no media.
before(() => exchange.start({ ice_timeout_ms: 600_000 }));
after(() => exchange.stop());

const challenge = (nonce = 'n') => `Digest realm="sip.test", nonce="${nonce}", qop="auth"`;

describe('calls that clients make', { concurrency: 16 }, () => {
    for (const [code, name] of [[401, 'WWW-Authenticate'], [407, 'Proxy-Authenticate']]) {
        test(`SIP-33 a call that was given up is not made again for ${code}`, async () => {
            const { party, client } = await atParty();
            const { callId, invite } = await dial(client, party);
            client.send('hangup', { callId });
            await event(client, 'finish', callId, 'FINISH');
            await party.reply(invite, code, 'Unauthorized', [`${name}: ${challenge()}`]);
            await party.next('ACK');
            await client.settle();
            assert.equal(party.count('INVITE'), 1);
            await closeAll(client, party);
        });
    }

    test('SIP-27 the next INVITE has credentials, the same call and another number', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        await party.reply(invite, 407, 'Proxy Authentication Required',
            [`Proxy-Authenticate: ${challenge()}`]);
        await party.next('ACK');
        const second = await party.next('INVITE');
        assert.ok(second.get('proxy-authorization'));
        assert.equal(second.get('call-id'), invite.get('call-id'));
        assert.equal(second.get('from'), invite.get('from'));
        assert.equal(parseInt(second.get('cseq'), 10), parseInt(invite.get('cseq'), 10) + 1);
        await party.reply(second, 200, 'OK', [party.contact], sdpOf(party));
        await event(client, 'talk', callId, 'ESTABLISHED');
        assert.ok(!client.received.some(({ message }) => message === 'finish'));
        await closeAll(client, party);
    });

    test('SIP-55 UPDATE that offers nothing is answered with nothing', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        await party.back(invite, 'UPDATE', 1, { lines: [party.contact] });
        const ok = await party.next(200);
        assert.equal(ok.get('cseq'), '1 UPDATE');
        assert.equal(ok.body, '');
        assert.ok(ok.get('contact'));
        client.send('hold', { callId }); // nothing is under way
        assert.match((await party.next('INVITE')).body, /^a=sendonly\r$/m);
        await closeAll(client, party);
    });

    test('SIP-50 SIP-57 what was refused to them changes nothing of our next offer', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        const video = 'm=video 40100 RTP/AVP 34\r\n';
        for (const [cseq, body] of [[1, sdpOf(party, { codecs: '3 4', version: 2 }) + video],
            [2, video]]) {
            await party.back(invite, 'INVITE', cseq, { lines: [party.contact], body });
            assert.equal((await party.next(488)).get('cseq'), `${cseq} INVITE`);
        }
        client.send('hold', { callId });
        const hold = await party.next('INVITE');
        assert.deepEqual(hold.body.match(/^m=.*$/gm).map((line) => line.replace(/ \d+/, ' N').trim()),
            ['m=audio N RTP/AVP 8 0']);
        await party.reply(hold, 200, 'OK', [party.contact],
            sdpOf(party, { codecs: '8', direction: 'recvonly', version: 3 }));
        await event(client, 'hold', callId, 'HOLD');
        await closeAll(client, party);
    });

    test('SIP-52 after a refused hold the next one is offered anew', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        client.send('hold', { callId });
        await party.reply(await party.next('INVITE'), 488, 'Not Acceptable Here');
        await event(client, 'talk', callId, 'ESTABLISHED');
        await party.back(invite, 'INVITE', 1, { lines: [party.contact],
            body: sdpOf(party, { codecs: '8', version: 2 }) });
        assert.match((await party.next(200)).body, /^a=sendrecv\r$/m);
        await party.back(invite, 'ACK', 1);
        client.send('hold', { callId });
        assert.match((await party.next('INVITE')).body, /^a=sendonly\r$/m);
        await closeAll(client, party);
    });

    test('SIP-53 a hold waits while our answer to them is not acknowledged', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        await party.back(invite, 'INVITE', 1, { lines: [party.contact],
            body: sdpOf(party, { codecs: '8', version: 2 }) });
        await party.next(200);
        client.send('hold', { callId });
        await client.settle();
        assert.equal(party.count('INVITE'), 1, 'not now');
        await party.back(invite, 'ACK', 1);
        const hold = await party.next('INVITE');
        assert.match(hold.body, /^a=sendonly\r$/m);
        await party.reply(hold, 200, 'OK', [party.contact],
            sdpOf(party, { codecs: '8', direction: 'recvonly', version: 3 }));
        await event(client, 'hold', callId, 'HOLD');
        assert.ok(!client.received.some(({ message, data }) => message === 'talk' && data[0].info));
        await closeAll(client, party);
    });

    test('SIP-70 digits that come in a pause wait for its end', async () => {
        const { party, client } = await atParty();
        const { callId } = await established(client, party);
        client.send('sendDtmf', { callId, type: 'INFO', dtmf: '1,2' });
        const first = await party.next('INFO');
        await party.reply(first, 200, 'OK');
        client.send('sendDtmf', { callId, type: 'INFO', dtmf: '3' });
        const digits = [];
        for (let i = 0; i < 2; i++) {
            const info = await party.next('INFO');
            digits.push(info.body, info.at - first.at > 450);
            await party.reply(info, 200, 'OK');
        }
        assert.deepEqual(digits, ['2', true, '3', true]);
        await closeAll(client, party);
    });

    test('calls that are given up at once are not made without end', async () => {
        const { party, client } = await atParty();
        const begun = [];
        for (let i = 0; i < 60; i++) {
            const callId = newId();
            begun.push(callId);
            client.send('call', { callId, callee: '1001', hasAudio: true, hasVideo: false,
                sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
            client.send('hangup', { callId });
        }
        for (const callId of begun)
            await event(client, 'finish', callId);
        await client.settle();
        const calls = new Set(party.received.filter(({ method }) => method === 'INVITE')
            .map((message) => message.get('call-id')));
        // those that were given up before they were sent are none of these
        assert.ok(calls.size <= 20, `${calls.size} calls`);
        assert.ok(client.received.some(({ message, data }) => message === 'finish' &&
            data[0].info === 'Too many calls'));
        await closeAll(client, party);
    });
});

describe('what crosses and is lost', { concurrency: 16 }, () => {
    test('SIP-30 of those who answer a forked call the first has it, others hear ACK and BYE', async () => {
        const { party, client } = await atParty();
        const other = await openParty();
        const { callId, invite, ack } = await established(client, party);
        const ok = (await party.reply(invite, 200, 'OK', [other.contact], sdpOf(party)))
            .replace(/;tag=party/, ';tag=other');
        for (const text of [ok, ok]) { // again: ACK was lost
            await party.send(text, invite.from);
            const forked = await other.next('ACK');
            assert.match(forked.get('to'), /;tag=other$/);
            assert.equal(forked.get('cseq'), ack.get('cseq'));
            const bye = await other.next('BYE');
            assert.match(bye.get('to'), /;tag=other$/);
            await other.reply(bye, 200, 'OK');
        }
        await client.settle();
        assert.equal(client.received.filter(({ message }) => message === 'talk').length, 1);
        assert.ok(!client.received.some(({ message }) => message === 'finish'));
        client.send('hangup', { callId });
        assert.match((await party.next('BYE')).get('to'), /;tag=party$/);
        await closeAll(client, party, other);
    });

    test('SIP-35 a BYE that is lost comes again', async () => {
        const { party, client } = await atParty();
        const { callId } = await established(client, party);
        client.send('hangup', { callId });
        const [first, second] = [await party.next('BYE'), await party.next('BYE')];
        assert.equal(second.raw, first.raw);
        await party.reply(second, 200, 'OK');
        await closeAll(client, party);
    });

    test('SIP-36 both say BYE', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        client.send('hangup', { callId });
        const bye = await party.next('BYE');
        await party.back(invite, 'BYE', 1);
        assert.equal((await party.next(200)).get('cseq'), '1 BYE');
        await party.reply(bye, 481, 'Call/Transaction Does Not Exist');
        await client.settle();
        assert.equal(client.received.filter(({ message }) => message === 'finish').length, 1);
        await closeAll(client, party);
    });

    test('SIP-46 a 200 that is never acknowledged is said again, and ends with BYE', async () => {
        const { party, client } = await atParty({ registers: true });
        const { call } = await callIn(client, party);
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        const finish = await client.next('finish', (data) => data.callId === call.callId, 40_000);
        assert.equal(finish.data[0].status, 'FAILED');
        const oks = party.received.filter(({ code, get }) => code === 200 && / INVITE/.test(get('cseq')));
        const waits = oks.slice(1, 6).map((ok, i) => (ok.at - oks[i].at) / 1000);
        [0.5, 1, 2, 4, 4].forEach((wanted, i) => // on a busy machine too
            assert.ok(Math.abs(waits[i] - wanted) < 0.45, `${waits}`));
        assert.ok(oks.length >= 9 && oks.length <= 12, `${oks.length}`);
        await party.reply(await party.next('BYE'), 200, 'OK');
        await closeAll(client, party);
    });
});

describe('session timers', { concurrency: 16 }, () => {
    const refreshedBy = async (party, method, begun) => {
        const refresh = await party.next(method, 50_000);
        const passed = refresh.at - begun;
        assert.ok(passed > 43_000 && passed < 48_000, `${passed} ms`);
        return refresh;
    };

    test('SIP-58 a call that they want refreshed by us is, by UPDATE', async () => {
        const { party, client } = await atParty();
        const begun = performance.now();
        await established(client, party, {}, ['Session-Expires: 90;refresher=uac', 'Supported: timer',
            'Allow: INVITE, UPDATE']);
        const update = await refreshedBy(party, 'UPDATE', begun);
        assert.equal(update.get('session-expires'), '90;refresher=uac');
        assert.equal(update.body, '');
        await party.reply(update, 481, 'Call/Transaction Does Not Exist');
        await party.reply(await party.next('BYE'), 200, 'OK');
        assert.equal((await client.next('finish')).data[0].status, 'FAILED');
        await closeAll(client, party);
    });

    test('SIP-58 by INVITE with what was said before, where there is no UPDATE', async () => {
        const { party, client } = await atParty({ registers: true });
        const begun = performance.now();
        const { call, ok } = await talking(client, party, { lines: ['Supported: timer',
            'Session-Expires: 90;refresher=uas', 'Allow: INVITE, ACK, BYE'] });
        assert.equal(ok.get('session-expires'), '90;refresher=uas');
        assert.equal(ok.get('require'), undefined);
        const invite = await refreshedBy(party, 'INVITE', begun);
        assert.equal(invite.body, ok.body);
        await party.reply(invite, 200, 'OK', [party.contact, 'Session-Expires: 90;refresher=uac'],
            sdpOf(party, { codecs: '8', version: 2 }));
        await party.next('ACK');
        await client.settle();
        assert.equal(client.received.filter(({ message, data }) => message === 'talk' &&
            data[0].callId === call.callId).length, 1);
        client.send('hangup', { callId: call.callId });
        await party.next('BYE');
        await closeAll(client, party);
    });

    test('SIP-58 a call that they do not refresh ends', async () => {
        const { party, client } = await atParty({ registers: true });
        const begun = performance.now();
        const { ok } = await talking(client, party, { lines: ['Supported: timer',
            'Session-Expires: 90;refresher=uac', 'Require: timer'] });
        assert.equal(ok.get('session-expires'), '90;refresher=uac');
        assert.equal(ok.get('require'), 'timer');
        await party.reply(await party.next('BYE', 70_000), 200, 'OK');
        assert.ok(performance.now() - begun > 58_000);
        assert.equal((await client.next('finish')).data[0].status, 'FAILED');
        await closeAll(client, party);
    });

    test('SIP-58 an interval that is too small is refused, by both', async () => {
        const { party, client } = await atParty({ registers: true });
        await party.request('INVITE', contactOf(party.received[0]), at(), [party.contact,
            'Supported: timer', 'Session-Expires: 30'], sdpOf(party));
        assert.equal((await party.next(422)).get('min-se'), '90');
        const { callId, invite } = await dial(client, party);
        assert.equal(invite.get('session-expires'), undefined);
        await party.reply(invite, 422, 'Session Interval Too Small', ['Min-SE: 1800']);
        const second = await party.next('INVITE');
        assert.equal(second.get('min-se'), '1800');
        assert.equal(second.get('session-expires'), '1800');
        await party.reply(second, 422, 'Session Interval Too Small', ['Min-SE: 3600']);
        assert.equal((await event(client, 'finish', callId)).status, 'FAILED');
        await closeAll(client, party);
    });

    test('SIP-48 of what is required only what we have not is named', async () => {
        const { party, client } = await atParty({ registers: true });
        await party.request('INVITE', contactOf(party.received[0]), at(), [party.contact,
            'Require: timer, 100rel', 'Require: foo'], sdpOf(party));
        assert.equal((await party.next(420)).get('unsupported'), '100rel, foo');
        await closeAll(client, party);
    });
});

describe('calls that come', { concurrency: 16 }, () => {
    test('late requests of strangers are answered within their bound', async () => {
        const stranger = await openParty(0, '127.0.0.7');
        const { party, client } = await atParty({ registers: true });
        for (let i = 0; i < 400; i++)
            await stranger.request(i % 2 ? 'BYE' : 'INFO', `sip:u1@127.0.0.1:${at().port}`, at(), [], '',
                { headers: { To: '<sip:u1@sip.test>;tag=gone' } });
        // The proxy has a bound of its own; what finds the socket's buffer full is sent again.
        await until('an answer to the proxy', async () => {
            await party.request('BYE', contactOf(party.received[0]), at(), [], '',
                { headers: { To: '<sip:u1@sip.test>;tag=gone' } });
            return party.next(481, 1000);
        });
        const answered = stranger.received.filter(({ code }) => code === 481).length;
        assert.ok(answered > 0 && answered < 100, `${answered}`);
        await closeAll(client, party, stranger);
    });

    test('one stranger\'s flood leaves another his answer', async () => {
        const [loud, quiet] = [await openParty(0, '127.0.0.8'), await openParty(0, '127.0.0.9')];
        const { party, client } = await atParty();
        for (let i = 0; i < 200; i++)
            await loud.request('OPTIONS', `sip:${at().address}:${at().port}`, at());
        await until('an answer to the quiet one', async () => {
            await quiet.request('OPTIONS', `sip:${at().address}:${at().port}`, at());
            return quiet.next(403, 1000);
        });
        await closeAll(client, party, loud, quiet);
    });
});

describe('hooks', () => {
    test('SIP-43 of a call that is cancelled while the back end thinks, its client hears nothing',
        async () => {
            const backend = await Backend.start();
            const hooked = await startWithApps({ slow: { url: backend.endpoint('slow').url,
                methods: ['OnCallEvent', 'CallStatusEvent'] } },
            { port_from: await freePorts(2), client_sip_allow: '127.0.0.0/8' });
            try {
                const app = backend.endpoint('slow').on('OnCallEvent', 'hang');
                const to = { address: '127.0.0.1', port: hooked.options.port_from };
                const party = await registrar();
                const client = await WcsClient.session(hooked.ws, { appKey: 'slow',
                    ...account('u1', party.port) });
                await client.next('registered');
                const invite = await party.request('INVITE', contactOf(party.received[0]), to,
                    [party.contact], sdpOf(party));
                await app.next('OnCallEvent');
                await party.within(invite, null, 'CANCEL', to, { branch: false });
                await party.next(200);
                await party.next(487);
                await client.settle();
                assert.ok(!client.received.some(({ message }) =>
                    ['finish', 'notifyIncomingCall', 'ring'].includes(message)));
                await closeAll(client, party);
            } finally {
                await hooked.stop();
                await backend.stop();
            }
        });
});
