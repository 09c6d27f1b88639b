// SPDX-License-Identifier: GPL-3.0-or-later
// Telephones: statements SIP-n of sip.md, with Kamailio, SIPp, baresip, the SDK in Chromium, and a
// party of our own that says what no telephone would.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { call as inPage } from './lib/bare.mjs';
import { Browser, text } from './lib/browser.mjs';
import { BARE, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Phones, account, browserAnswer, closeAll, event, sdpOf } from './lib/phones.mjs';
import { Baresip, DOMAIN, Kamailio, digestOf, digestResponse } from './lib/sip.mjs';
import { offer } from './lib/sdp.mjs';
import { SshUser } from './lib/ssh.mjs';
import { sanitizer, until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

let server, kamailio, sha256;

const exchange = new Phones();
const { phone, openParty, at, registrar, atParty, dial, established, callIn } = exchange;

before(async () => {
    [kamailio, sha256] = await Promise.all([Kamailio.start(), Kamailio.start({ algorithm: 'SHA-256' })]);
    server = await exchange.start({ 'cli.port': await freePorts(1), 'cli.address': '127.0.0.1' });
});
after(async () => {
    await exchange.stop();
    await Promise.all([kamailio?.stop(), sha256?.stop()]);
});

describe('registration', { concurrency: 12 }, () => {
    test('SIP-1 SIP-2 SIP-3 REGISTER says who, where and what else', async () => {
        const party = await registrar();
        const client = await phone('u1', party.port, { sipVisibleName: 'An "odd" \\ name',
            sipContactParams: '+g.oma.sip-im;x="y"' });
        const [registered] = (await client.next('registered')).data;
        const [message] = party.received;
        assert.equal(message.start, `REGISTER sip:${DOMAIN} SIP/2.0`);
        assert.equal(message.get('to'), `<sip:u1@${DOMAIN}>`);
        assert.match(message.get('from'), new RegExp(`^"An \\\\"odd\\\\" \\\\\\\\ name" <sip:u1@${DOMAIN}>;tag=`));
        assert.match(message.get('contact'), /^<sip:u1@127\.0\.0\.1:\d+;id=\w{16}>;\+g\.oma\.sip-im;x="y"$/);
        assert.equal(registered.status, 'REGISTERED');
        assert.equal(registered.sipLogin, 'u1');
        assert.match(registered.sipMessageRaw, /^SIP\/2\.0 200 OK\r\n/);
        await closeAll(client, party);
    });

    test('SIP-3 contact parameters of old clients ("0") add nothing', async () => {
        const party = await registrar();
        const client = await phone('u1', party.port, { sipContactParams: '0' });
        await client.next('registered');
        assert.match(party.received[0].get('contact'), />$/);
        await closeAll(client, party);
    });

    for (const [name, which] of [['SIP-4 MD5', () => kamailio], ['SIP-5 SHA-256', () => sha256]]) {
        test(`${name} is good enough for Kamailio, under sipAuthenticationName`, async () => {
            const client = await phone('login', which().port, { sipAuthenticationName: 'u2',
                sipPassword: 'p2' });
            const [registered] = (await client.next('registered')).data;
            assert.match(registered.sipMessageRaw, /200 OK/);
            client.abort();
        });
    }

    for (const [offered, chosen, hash] of [
        [['SHA-256', 'MD5'], 'SHA-256', 'sha256'],
        [['MD5', 'SHA-256'], 'MD5', 'md5'],
        [['SHA-3', 'MD5'], 'MD5', 'md5'],
        [['SHA-512-256'], 'SHA-512-256', 'sha512-256'],
    ]) {
        test(`SIP-6 of ${offered.join(' and ')} it answers ${chosen}`, async () => {
            const party = await registrar((message) => {
                const authorization = message.get('authorization');
                if (authorization)
                    return false;
                party.reply(message, 401, 'Unauthorized', offered.map((algorithm) =>
                    `WWW-Authenticate: Digest realm="${DOMAIN}", nonce="n-${algorithm}", ` +
                    `algorithm=${algorithm}, qop="auth"`));
                return true;
            });
            const client = await phone('u1', party.port);
            await client.next('registered');
            const answers = party.received.at(-1).all('authorization');
            assert.equal(answers.length, 1);
            const answer = digestOf(answers[0]);
            assert.equal(answer.algorithm, chosen);
            assert.equal(answer.nonce, `n-${chosen}`);
            assert.equal(answer.response, digestResponse(answer,
                { method: 'REGISTER', password: 'p1', hash }));
            await closeAll(client, party);
        });
    }

    test('SIP-7 a wrong password is tried once, and told', async () => {
        let raw;
        const party = await registrar((message) => {
            party.reply(message, 401, 'Unauthorized', ['WWW-Authenticate: Digest realm="r", ' +
                `nonce="${party.count('REGISTER')}", qop="auth"`]).then((text) => (raw = text));
            return true;
        });
        const client = await phone('u1', party.port, { sipPassword: 'secret-word' });
        const [fail] = (await client.next('fail')).data;
        assert.equal(fail.apiMethod, 'RegistrationStatusEvent');
        assert.equal(fail.status, 'FAILED');
        assert.equal(fail.info, 'AUTHENTICATION_FAIL');
        assert.equal(fail.sipStatus, 401);
        assert.equal(fail.sipMessageRaw, raw);
        assert.equal(party.count('REGISTER'), 2);
        await client.settle(); // the socket stays open
        assert.ok(!JSON.stringify(client.received).includes('secret-word'), 'SIP-18');
        assert.ok(!server.log.includes('secret-word'), 'SIP-18');
        await closeAll(client, party);
    });

    test('SIP-8 SIP-15 registered comes after getUserData, and once', async () => {
        const client = await phone('u1', kamailio.port);
        await client.next('registered');
        const names = client.received.map(({ message }) => message);
        assert.ok(names.indexOf('getUserData') < names.indexOf('registered'));
        assert.equal(client.userData.sipLogin, 'u1');
        assert.equal(client.userData.sipPassword, undefined);
        client.abort();
    });

    test('SIP-9 SIP-13 it is refreshed in time, told once, and leaves with the socket', async () => {
        const contacts = [];
        const party = await registrar((message) => {
            contacts.push([message.get('contact'), message.get('expires'), message.at]);
            party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=2`]);
            return true;
        });
        const client = await phone('u1', party.port);
        await client.next('registered');
        await until('three refreshes', () => contacts.length >= 4);
        assert.ok(contacts[3][2] - contacts[0][2] < 6000);
        assert.equal(client.received.filter(({ message }) => message === 'registered').length, 1);
        client.abort();
        await until('it leaves', () => contacts.at(-1)[1] === '0');
        assert.equal(contacts.at(-1)[0], contacts[0][0]);
        await party.close();
    });

    test('SIP-10 423 is heeded', async () => {
        const party = await registrar((message, count) => count === 1 &&
            party.reply(message, 423, 'Interval Too Brief', ['Min-Expires: 7200']));
        const client = await phone('u1', party.port);
        await client.next('registered');
        assert.equal(party.received[0].get('expires'), '3600');
        assert.equal(party.received[1].get('expires'), '7200');
        await closeAll(client, party);
    });

    test('SIP-11 without an answer it fails after 15 seconds', async () => {
        const party = await registrar(() => true);
        const begun = performance.now();
        const client = await phone('u1', party.port);
        const [fail] = (await client.next('fail', undefined, 20_000)).data;
        assert.equal(fail.info, 'REGISTER_EXPIRE');
        assert.equal(fail.sipMessageRaw, undefined);
        const passed = performance.now() - begun;
        assert.ok(passed > 13_000 && passed < 17_000, `${passed}`);
        await closeAll(client, party);
    });

    test('SIP-12 a name that leads nowhere is told', async () => {
        const client = await phone('u1', 5060, { sipOutboundProxy: 'nowhere.invalid' });
        const [fail] = (await client.next('fail', undefined, 10_000)).data;
        assert.equal(fail.info, 'WRONG_SIPPROVIDER_ADDRESS');
        client.abort();
    });

    test('a proxy that the configuration does not name is not asked', async () => {
        const client = await phone('u1', 5060, { sipOutboundProxy: '10.1.2.3' });
        assert.equal((await client.next('fail')).data[0].info, 'WRONG_SIPPROVIDER_ADDRESS');
        client.abort();
    });

    test('SIP-14 without sipRegisterRequired, a string even, it does not register', async () => {
        const party = await registrar();
        const client = await phone('u1', party.port, { sipRegisterRequired: 'false' });
        await client.settle();
        assert.equal(party.received.length, 0);
        assert.equal(client.userData.sipRegisterRequired, false);
        await closeAll(client, party);
    });

    test('SIP-17 the port may be a string, a number or stand with the proxy', async () => {
        for (const more of [{ sipPort: `${kamailio.port}` }, { sipPort: kamailio.port },
            { sipPort: 0, sipOutboundProxy: `127.0.0.1:${kamailio.port}` }]) {
            const client = await phone('u3', 1, more);
            await client.next('registered');
            client.abort();
        }
    });

    test('SIP-20 what would end a line is refused', async () => {
        for (const name of ['sipLogin', 'sipVisibleName', 'sipAuthenticationName', 'sipDomain',
            'sipOutboundProxy', 'sipContactParams']) {
            const client = await WcsClient.open(server.ws);
            client.send('connection', { appKey: 'defaultApp', ...account('u1', 5060),
                [name]: 'x\r\nInjected: yes' });
            const [fail] = (await client.next('fail')).data;
            assert.equal(fail.apiMethod, 'ConnectionStatusEvent');
            assert.equal(fail.info, `Bad sip parameter: ${name}`);
            await client.closed;
        }
    });

    test('SIP-113 over TCP it registers as well', async () => {
        const client = await phone('u1', 0, { sipOutboundProxy:
            `127.0.0.1:${kamailio.port};transport=tcp` });
        assert.match((await client.next('registered')).data[0].sipMessageRaw, /transport=tcp/);
        client.abort();
    });
});

// ---- Calls ----

describe('calls that clients make', { concurrency: 12 }, () => {
    test('SIP-21 SIP-22 SIP-23 SIP-16 the INVITE says who is called, how, and by whom', async () => {
        const party = await registrar((message) => {
            setTimeout(() => party.reply(message, 200, 'OK').catch(() => {}), 200); // perhaps gone
            return true;
        });
        const client = await phone('u1', party.port);
        const { invite } = await dial(client, party, { visibleName: 'Me "myself"',
            inviteParameters: { param1: 'value1', param2: 'value2' } });
        assert.equal(invite.uri, `sip:1001@${DOMAIN};param1=value1;param2=value2`);
        assert.equal(invite.get('to'), `<sip:1001@${DOMAIN}>`);
        assert.match(invite.get('from'), new RegExp(`^"Me \\\\"myself\\\\"" *<sip:u1@${DOMAIN}>;tag=`));
        await closeAll(client, party);
    });

    test('SIP-91 SIP-92 the offer has nothing of the browser but its taste', async () => {
        const { party, client } = await atParty();
        const { invite } = await dial(client, party);
        assert.doesNotMatch(invite.body, /a=(ice|fingerprint|ssrc|extmap|msid|mid|candidate|setup)|SAVPF/);
        assert.match(invite.body, /^m=audio \d+ RTP\/AVP 111 9 0 8 101 110\r$/m);
        assert.match(invite.body, /^a=ptime:20\r$/m);
        assert.equal(/^c=IN IP4 (.*)\r$/m.exec(invite.body)[1], '127.0.0.1');
        assert.equal(Number(/^m=audio (\d+)/m.exec(invite.body)[1]) % 2, 0);
        await closeAll(client, party);
    });

    test('SIP-24 SIP-26 SIP-30 TRYING, RING, ESTABLISHED come with the wire\'s own words', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        for (const [code, reason, name, status] of [[100, 'Trying', 'notifyTryingResponse', 'TRYING'],
            [180, 'Ringing', 'ring', 'RING']]) {
            const raw = await party.reply(invite, code, reason, [party.contact]);
            const data = await event(client, name, callId, status);
            assert.equal(data.sipMessageRaw, raw);
            assert.equal(data.sipStatus, code);
            await party.reply(invite, code, reason, [party.contact]); // again: no news
        }
        const raw = await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        const talk = await event(client, 'talk', callId, 'ESTABLISHED');
        assert.equal(talk.sipMessageRaw, raw);
        assert.equal(talk.sipStatus, 200);
        await party.next('ACK');
        await party.send(raw, invite.from);
        await party.next('ACK');
        await client.settle();
        const names = client.received.map(({ message }) => message);
        assert.deepEqual(names.filter((name) => ['notifyTryingResponse', 'ring', 'setRemoteSDP',
            'talk'].includes(name)), ['notifyTryingResponse', 'ring', 'setRemoteSDP', 'talk']);
        const { data: [id, sdp, isAnswer] } = client.received.find(({ message }) =>
            message === 'setRemoteSDP');
        assert.deepEqual([id, isAnswer], [callId, true]);
        assert.match(sdp, /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 8 /m, 'the telephone\'s codec is first');
        await closeAll(client, party);
    });

    test('SIP-25 SIP-26 early media is told once, whatever 200 says', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        await party.reply(invite, 183, 'Session Progress', [party.contact], sdpOf(party));
        const ring = await event(client, 'ring', callId);
        assert.equal(ring.status, 'SESSION_PROGRESS');
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party, { version: 2, port: 40002 }));
        await event(client, 'talk', callId, 'ESTABLISHED');
        assert.equal(client.received.filter(({ message }) => message === 'setRemoteSDP').length, 1);
        await closeAll(client, party);
    });

    for (const [code, reason, status, info] of [[486, 'Busy Here', 'BUSY'],
        [404, 'Not Found', 'FAILED', 'USER_NOT_AVAILABLE'], [603, 'Decline', 'FAILED', '603 Decline'],
        [403, 'Forbidden', 'FAILED', 'AUTHENTICATION_FAIL']]) {
        test(`SIP-28 ${code} is ${status}`, async () => {
            const { party, client } = await atParty();
            const { callId, invite } = await dial(client, party);
            const raw = await party.reply(invite, code, reason);
            const finish = await event(client, 'finish', callId);
            assert.equal(finish.status, status);
            assert.equal(finish.info, info);
            assert.equal(finish.sipStatus, code);
            assert.equal(finish.sipMessageRaw, raw);
            await party.next('ACK');
            await closeAll(client, party);
        });
    }

    test('SIP-74 a text without an answer fails after 32 seconds, too', async () => {
        const { party, client } = await atParty();
        client.send('sendMessage', { id: 'm1', to: '1001', body: 'hello', contentType: 'text/plain' });
        await party.next('MESSAGE');
        const { data: [silent] } = await client.next('notifyMessage', () => true, 40_000);
        assert.equal(silent.status, 'FAILED');
        assert.match(silent.info, /^408/);
        assert.equal(silent.sipMessageRaw, undefined);
        await closeAll(client, party);
    });

    test('SIP-29 without an answer it fails after 32 seconds', async () => {
        const { party, client } = await atParty();
        const { callId } = await dial(client, party);
        const begun = performance.now();
        const [finish] = (await client.next('finish', (data) => data.callId === callId, 40_000)).data;
        assert.equal(finish.status, 'FAILED');
        assert.equal(finish.sipStatus, 408);
        assert.equal(finish.sipMessageRaw, undefined);
        const passed = performance.now() - begun;
        assert.ok(passed > 30_000 && passed < 34_000, `${passed}`);
        await closeAll(client, party);
    });

    test('SIP-31 a redirection is followed, five times at most', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        let last = invite;
        for (let i = 0; i < 5; i++) {
            await party.reply(last, 302, 'Moved', [`Contact: <sip:next${i}@${party.address}:${party.port}>`]);
            last = await party.next('INVITE');
            assert.equal(last.uri, `sip:next${i}@${party.address}:${party.port}`);
        }
        await party.reply(last, 302, 'Moved', [`Contact: <sip:once-more@${party.address}>`]);
        assert.equal((await event(client, 'finish', callId)).status, 'FAILED');
        await closeAll(client, party);
    });

    test('SIP-32 SIP-33 hanging up cancels, once there is something to cancel', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        client.send('hangup', { callId });
        assert.equal((await event(client, 'finish', callId)).status, 'FINISH');
        await client.settle();
        assert.equal(party.count('CANCEL'), 0);
        await party.reply(invite, 180, 'Ringing', [party.contact]);
        const cancel = await party.next('CANCEL');
        await party.reply(cancel, 200, 'OK');
        await party.reply(invite, 487, 'Request Terminated');
        await party.next('ACK');
        await closeAll(client, party);
    });

    test('SIP-34 a 200 that crosses is acknowledged and ended', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        await party.reply(invite, 180, 'Ringing', [party.contact]);
        await event(client, 'ring', callId);
        client.send('hangup', { callId });
        await party.next('CANCEL');
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        await party.next('ACK');
        await party.reply(await party.next('BYE'), 200, 'OK');
        await client.settle();
        assert.equal(client.received.filter(({ message }) => message === 'finish').length, 1);
        await closeAll(client, party);
    });

    test('SIP-35 hanging up says BYE in the dialog', async () => {
        const { party, client } = await atParty();
        const { callId, invite, ack } = await established(client, party);
        assert.equal(ack.get('cseq').split(' ')[0], invite.get('cseq').split(' ')[0]);
        client.send('hangup', { callId });
        const bye = await party.next('BYE');
        assert.equal(bye.get('call-id'), invite.get('call-id'));
        assert.match(bye.get('to'), /;tag=party$/);
        assert.equal(bye.uri, `sip:party@${party.address}:${party.port}`);
        assert.ok(Number(bye.get('cseq').split(' ')[0]) > Number(invite.get('cseq').split(' ')[0]));
        await party.reply(bye, 200, 'OK');
        assert.equal((await event(client, 'finish', callId)).info, 'Normal call clearing');
        client.send('hangup', { callId }); // every hangup is answered
        await event(client, 'finish', callId, 'FINISH');
        await closeAll(client, party);
    });

    test('SIP-36 their BYE ends it', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        const bye = await party.back(invite, 'BYE', 1);
        await party.next(200);
        const finish = await event(client, 'finish', callId, 'FINISH');
        assert.equal(finish.sipMessageRaw, bye.raw);
        await party.back(invite, 'BYE', 2);
        await party.next(481);
        await closeAll(client, party);
    });

    test('SIP-44 a client that goes says BYE', async () => {
        const { party, client } = await atParty();
        await established(client, party);
        client.abort();
        await party.next('BYE');
        await party.close();
    });

    test('SIP-50 SIP-51 SIP-54 hold and unhold', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        const version = (message) => Number(/^o=\S+ \d+ (\d+)/m.exec(message.body)[1]);
        client.send('hold', { callId, holdForTransfer: true });
        const first = await party.next('INVITE');
        assert.match(first.body, /^a=sendonly\r$/m);
        assert.match(first.get('to'), /;tag=party$/);
        assert.equal(version(first), version(invite) + 1);
        const raw = await party.reply(first, 200, 'OK', [party.contact],
            sdpOf(party, { codecs: '8', direction: 'recvonly', version: 2 }));
        const held = await event(client, 'hold', callId, 'HOLD');
        assert.equal(held.sipMessageRaw, raw);
        assert.equal(held.holdForTransfer, true);
        await party.next('ACK');
        client.send('hold', { callId }); // again: the status once more, and no SIP
        await event(client, 'hold', callId, 'HOLD');
        client.send('unhold', { callId });
        const second = await party.next('INVITE');
        assert.match(second.body, /^a=sendrecv\r$/m);
        assert.equal(version(second), version(first) + 1);
        await party.reply(second, 200, 'OK', [party.contact], sdpOf(party, { codecs: '8', version: 3 }));
        await event(client, 'talk', callId, 'ESTABLISHED');
        assert.equal(client.received.filter(({ message }) => message === 'setRemoteSDP').length, 1);
        await closeAll(client, party);
    });

    test('SIP-52 a hold that is refused leaves the call as it was', async () => {
        const { party, client } = await atParty();
        const { callId } = await established(client, party);
        client.send('hold', { callId });
        await party.reply(await party.next('INVITE'), 488, 'Not Acceptable Here');
        assert.equal((await event(client, 'talk', callId, 'ESTABLISHED')).info, '488 Not Acceptable Here');
        await closeAll(client, party);
    });

    test('SIP-53 491 is tried again later', async () => {
        const { party, client } = await atParty();
        const { callId } = await established(client, party);
        client.send('hold', { callId });
        const first = await party.next('INVITE');
        await party.reply(first, 491, 'Request Pending');
        const second = await party.next('INVITE');
        assert.ok(second.at - first.at > 2000 && second.at - first.at < 4500, `${second.at - first.at}`);
        await closeAll(client, party);
    });

    test('SIP-55 SIP-57 what they change is answered from here, and the browser not asked', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        await party.back(invite, 'INVITE', 1, { lines: [party.contact],
            body: sdpOf(party, { codecs: '8', direction: 'sendonly', version: 2 }) });
        const held = await party.next(200);
        assert.match(held.body, /^a=recvonly\r$/m);
        await party.back(invite, 'ACK', 1);
        await party.back(invite, 'INVITE', 2, { lines: [party.contact],
            body: sdpOf(party, { codecs: '3 4', version: 3 }) });
        assert.equal((await party.next(488)).get('cseq'), '2 INVITE');
        await party.back(invite, 'INVITE', 3, { lines: [party.contact],
            body: sdpOf(party, { codecs: '8', version: 4, port: 40010 }) });
        assert.match((await party.next(200)).body, /^a=sendrecv\r$/m);
        await party.back(invite, 'ACK', 3);
        await party.back(invite, 'INVITE', 4, { lines: [party.contact],
            body: sdpOf(party, { codecs: '9', version: 5 }) });
        assert.match((await party.next(200)).body, /^m=audio \d+ RTP\/AVP 9\r$/m);
        await party.back(invite, 'ACK', 4);
        await client.settle();
        assert.equal(client.received.filter(({ message }) => message === 'setRemoteSDP').length, 1);
        client.send('hangup', { callId });
        await party.next('BYE');
        await closeAll(client, party);
    });

    test('SIP-69 SIP-70 SIP-71 SIP-72 digits go by INFO, one after the other', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await established(client, party);
        client.send('sendDtmf', { callId, type: 'INFO', dtmf: 5 });
        const first = await party.next('INFO');
        assert.equal(first.get('content-type'), 'application/dtmf');
        assert.equal(first.body, '5');
        await party.reply(first, 200, 'OK');
        client.send('sendDtmf', { callId, type: 'RFC2833', dtmf: '1#' });
        for (const digit of ['1', '#']) {
            const info = await party.next('INFO');
            assert.equal(info.get('content-type'), 'application/dtmf-relay');
            assert.equal(info.body, `Signal=${digit}\r\nDuration=160\r\n`);
            assert.equal(party.received.filter(({ method, body }) => method === 'INFO' &&
                body.startsWith('Signal=#')).length, digit === '#' ? 1 : 0);
            await party.reply(info, 200, 'OK');
        }
        await party.back(invite, 'INFO', 1, { lines: ['Content-Type: application/dtmf-relay'],
            body: '' });
        await party.next(200);
        await closeAll(client, party);
    });
});

describe('calls that come', { concurrency: 12 }, () => {
    test('SIP-38 SIP-39 SIP-40 SIP-46 it is offered, rings, and is answered', async () => {
        const { party, client } = await atParty({ registers: true });
        const { invite, call } = await callIn(client, party);
        await party.next(100);
        await party.next(180);
        assert.deepEqual([call.incoming, call.status, call.caller, call.callee, call.visibleName,
            call.mediaProvider, call.sipStatus], [true, 'RING', 'ext', 'u1', 'Ext Caller', 'WebRTC', 0]);
        assert.equal(call.sipMessageRaw, invite.raw);
        const names = client.received.map(({ message }) => message);
        assert.ok(names.indexOf('setRemoteSDP') < names.indexOf('notifyIncomingCall'));
        await event(client, 'ring', call.callId, 'RING');
        assert.ok(!names.includes('ring') ||
            names.indexOf('notifyIncomingCall') < names.indexOf('ring'));
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        const ok = await party.next(200);
        assert.match(ok.body, /^m=audio \d+ RTP\/AVP 8\r$/m);
        await party.next(200); // it comes again until it is acknowledged
        await party.within(invite, ok, 'ACK', at());
        const talk = await event(client, 'talk', call.callId, 'ESTABLISHED');
        assert.match(talk.sipMessageRaw, /^ACK /);
        await party.within(invite, ok, 'BYE', at(), { cseq: 1000 });
        await event(client, 'finish', call.callId, 'FINISH');
        await closeAll(client, party);
    });

    test('SIP-41 without a description of theirs, ours is the offer', async () => {
        const { party, client } = await atParty({ registers: true });
        const { invite, call } = await callIn(client, party, { body: '' });
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        const ok = await party.next(200);
        assert.match(ok.body, /^m=audio \d+ RTP\/AVP 111/m);
        await party.within(invite, ok, 'ACK', at(), { body: sdpOf(party) });
        await event(client, 'talk', call.callId, 'ESTABLISHED');
        await closeAll(client, party);
    });

    test('SIP-42 SIP-43 SIP-44 it is refused, cancelled, or its client goes', async () => {
        const { party, client } = await atParty({ registers: true });
        const first = await callIn(client, party);
        client.send('hangup', { callId: first.call.callId });
        await party.next(486);
        await event(client, 'finish', first.call.callId, 'FINISH');
        const second = await callIn(client, party);
        const cancel = await party.within(second.invite, null, 'CANCEL', at(), { branch: false });
        await party.next(200);
        await party.next(487);
        const finish = await event(client, 'finish', second.call.callId, 'FINISH');
        assert.equal(finish.sipMessageRaw, cancel.raw);
        client.send('answer', { callId: second.call.callId, sdp: '' });
        await event(client, 'finish', second.call.callId, 'FINISH');
        await callIn(client, party);
        client.abort();
        await party.next(480);
        await party.close();
    });

    test('SIP-47 SIP-48 SIP-57 SIP-66 what cannot be is answered with its status', async () => {
        const { party, client } = await atParty({ registers: true });
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        await party.request('INVITE', `sip:nobody@127.0.0.1:${at().port}`, at(), [party.contact],
            sdpOf(party));
        await party.next(404);
        await party.request('INVITE', contact, at(), [party.contact, 'Require: 100rel'], sdpOf(party));
        assert.equal((await party.next(420)).get('unsupported'), '100rel');
        await party.request('INVITE', contact, at(), [party.contact], sdpOf(party, { codecs: '3 4' }));
        await party.next(488);
        await party.request('BYE', contact, at(), [], '', { headers: { To: '<sip:u1@x>;tag=gone' } });
        await party.next(481);
        await party.request('REFER', contact, at());
        await party.next(403);
        await party.request('FROB', contact, at());
        await party.next(501);
        await party.request('OPTIONS', contact, at());
        assert.match((await party.next(200)).get('allow'), /INVITE/);
        const stranger = await openParty(0, '127.0.0.2');
        await stranger.request('INVITE', contact, at(), [stranger.contact], sdpOf(stranger));
        await stranger.next(403);
        await closeAll(client, party, stranger);
    });

    test('SIP-49 a second call is offered beside the first', async () => {
        const { party, client } = await atParty({ registers: true });
        const first = await callIn(client, party);
        client.send('answer', { callId: first.call.callId,
            sdp: browserAnswer(client, first.call.callId) });
        await party.within(first.invite, await party.next(200), 'ACK', at());
        await event(client, 'talk', first.call.callId, 'ESTABLISHED');
        const second = await callIn(client, party);
        assert.notEqual(second.call.callId, first.call.callId);
        await closeAll(client, party);
    });
});

// ---- Operators ----

// Of this machine's: no password is asked. {status, json}
async function rest(what, body = {}) {
    const answer = await fetch(`${server.http}/rest-api/call/${what}`, { method: 'POST',
        headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, json: text ? JSON.parse(text) : undefined };
}

const found = async (callId) => {
    const { status, json } = await rest('find', { callId });
    return status === 200 ? json.map((one) => [one.status, one.sipStatus]) : status;
};

describe('operators', { concurrency: 12 }, () => {
    test('SIP-110 /call/find follows a call to its end', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party, { custom: { ticket: 7 } });
        assert.deepEqual(await found(callId), [['PENDING', null]]);
        await party.reply(invite, 100, 'Trying');
        await event(client, 'notifyTryingResponse', callId);
        assert.deepEqual(await found(callId), [['TRYING', 100]]);
        await party.reply(invite, 180, 'Ringing', [party.contact]);
        await event(client, 'ring', callId);
        assert.deepEqual(await found(callId), [['RING', 180]]);
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        await event(client, 'talk', callId);
        const { json: [one] } = await rest('find', { callId, status: 'ESTABLISHED', callee: '1001' });
        const { nodeId, sessionId, ...more } = one;
        assert.ok(nodeId && sessionId);
        assert.deepEqual(more, { callId, incoming: false, status: 'ESTABLISHED', sipStatus: 200,
            caller: 'u1', callee: '1001', hasAudio: true, hasVideo: false, visibleName: '',
            mediaProvider: 'WebRTC', custom: { ticket: 7 }, appKey: 'defaultApp', parentCallId: null,
            rtmpUrl: null, rtmpStream: null, rtmpStreamStatus: null, sdp: null, inviteParameters: null,
            sipMessageRaw: null, target: null, toStream: null, isMsrp: false,
            holdForTransfer: false });
        assert.equal((await rest('find', { callId, status: 'RING' })).status, 404);
        const all = await fetch(`${server.http}/rest-api/call/find_all`);
        assert.ok((await all.json()).some((call) => call.callId === callId));
        await party.back(invite, 'BYE', 1);
        await event(client, 'finish', callId);
        assert.equal(await found(callId), 404);
        await closeAll(client, party);
    });

    test('/call/terminate hangs up, whatever the call has come to', async () => {
        const { party, client } = await atParty({ registers: true });
        const ringing = await dial(client, party);
        await party.reply(ringing.invite, 180, 'Ringing', [party.contact]);
        await event(client, 'ring', ringing.callId);
        assert.equal((await rest('terminate', { callId: ringing.callId })).status, 200);
        await party.reply(await party.next('CANCEL'), 200, 'OK');
        await party.reply(ringing.invite, 487, 'Request Terminated');
        await party.next('ACK');
        const talking = await established(client, party);
        assert.deepEqual(await rest('terminate', { callId: talking.callId }),
            { status: 200, json: undefined });
        await party.reply(await party.next('BYE'), 200, 'OK');
        const incoming = await callIn(client, party);
        await rest('terminate', { callId: incoming.call.callId });
        await party.next(486);
        for (const callId of [ringing.callId, talking.callId, incoming.call.callId]) {
            const finish = await event(client, 'finish', callId, 'FINISH');
            assert.equal(finish.info, 'Normal call clearing');
            assert.equal((await rest('terminate', { callId })).status, 404);
        }
        await closeAll(client, party);
    });

    test('SIP-70 /call/send_dtmf sends digits', async () => {
        const { party, client } = await atParty();
        const { callId, invite } = await dial(client, party);
        assert.equal((await rest('send_dtmf', { callId, dtmf: '5' })).status, 409);
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        await event(client, 'talk', callId);
        assert.equal((await rest('send_dtmf', { callId, dtmf: 'five' })).status, 400);
        assert.equal((await rest('send_dtmf', { callId: 'none', dtmf: '5' })).status, 404);
        assert.equal((await rest('send_dtmf', { callId, dtmf: '5', type: 'INFO' })).status, 200);
        const info = await party.next('INFO');
        assert.equal(info.body, '5');
        await party.reply(info, 200, 'OK');
        await closeAll(client, party);
    });

    test('the console shows calls and ends them', async () => {
        const admin = new SshUser({ port: server.options['cli.port'],
            password: fs.readFileSync(path.join(server.stateDir, 'admin-password'), 'utf8').trim() });
        const { party, client } = await atParty();
        const { callId } = await established(client, party);
        assert.match((await admin.run('show calls')).out,
            new RegExp(`^${callId} +out +ESTABLISHED +u1 +1001$`, 'm'));
        assert.deepEqual(await admin.run(`kill call ${callId}`), { code: 0, out: '', err: '' });
        await party.next('BYE');
        await event(client, 'finish', callId, 'FINISH');
        assert.equal((await admin.run(`kill call ${callId}`)).err, `Error: No such call: ${callId}\n`);
        await closeAll(client, party);
    });
});

// ---- The back end ----

const CALL_HOOKS = ['connect', 'RegistrationStatusEvent', 'call', 'OnCallEvent', 'CallStatusEvent',
    'answer', 'hangup', 'hold', 'unhold', 'sendDtmf'];

describe('hooks', { concurrency: 12 }, () => {
    let backend, hooked;
    let taken = 0;
    const strays = [];

    before(async () => {
        const media = await freePorts(40);
        backend = await Backend.start();
        const apps = Array.from({ length: 8 }, (_, i) => `phones${i}`);
        hooked = await startWithApps(Object.fromEntries(apps.map((key) =>
            [key, { url: backend.endpoint(key).url, methods: CALL_HOOKS }])),
        { port_from: await freePorts(2), client_sip_allow: '127.0.0.0/8', media_port_from: media,
            media_port_to: media + 39 });
    });
    after(async () => {
        strays.forEach((client) => client.abort());
        await hooked?.stop();
        await backend?.stop();
    });

    // Somebody at a party, and the application's share of the back end. refusing: methods whose no
    // counts.
    async function withApp({ registers = false, refusing = [], app: prepare } = {}) {
        const app = backend.endpoint(`phones${taken++}`);
        app.config(Object.fromEntries(refusing.map((method) => [method, { restOnError: 'FAIL' }])));
        prepare?.(app);
        const party = await registrar();
        const client = await WcsClient.session(hooked.ws, { appKey: app.key,
            ...account('u1', party.port, { sipRegisterRequired: registers }) });
        strays.push(client);
        if (registers)
            await client.next('registered');
        return { app, party, client };
    }

    const from = () => ({ address: '127.0.0.1', port: hooked.options.port_from });
    // Every hook tells where it is from; the rest of its body.
    const told = ({ body: { nodeId, sessionId, appKey, ...more } }, app) => {
        assert.ok(nodeId && sessionId);
        assert.equal(appKey, app.key);
        return more;
    };

    test('SIP-8 SIP-13 SIP-18 RegistrationStatusEvent tells of coming and going', async () => {
        const { app, party, client } = await withApp({ registers: true });
        const registered = told(await app.next('RegistrationStatusEvent'), app);
        assert.equal(registered.status, 'REGISTERED');
        assert.equal(registered.sipLogin, 'u1');
        assert.match(registered.sipMessageRaw, /^SIP\/2\.0 200 OK\r\n/);
        assert.equal(registered.sipPassword, undefined);
        client.abort();
        assert.equal(told(await app.next('RegistrationStatusEvent'), app).status, 'UNREGISTERED');
        await party.close();
    });

    test('call is asked, CallStatusEvent tells the rest', async () => {
        const { app, party, client } = await withApp({ refusing: ['call'] });
        const { callId, invite } = await dial(client, party, { custom: { a: 1 },
            inviteParameters: { p: 'v' } });
        const asked = told(await app.next('call'), app);
        assert.match(asked.sdp, /^v=0/);
        delete asked.sdp;
        assert.deepEqual(asked, { callId, incoming: false, status: 'PENDING', sipStatus: 0,
            caller: 'u1', callee: '1001', hasAudio: true, hasVideo: false, visibleName: '',
            mediaProvider: 'WebRTC', custom: { a: 1 }, inviteParameters: { p: 'v' } });
        const raws = [await party.reply(invite, 180, 'Ringing', [party.contact]),
            await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party))];
        await event(client, 'talk', callId, 'ESTABLISHED');
        client.send('hangup', { callId });
        assert.equal(told(await app.next('hangup'), app).callId, callId);
        await event(client, 'finish', callId, 'FINISH');
        const events = await Promise.all([0, 1, 2].map(() => app.next('CallStatusEvent')));
        assert.deepEqual(events.map((one) => [told(one, app).status, one.body.sipStatus,
            one.body.sipMessageRaw]),
        [['RING', 180, raws[0]], ['ESTABLISHED', 200, raws[1]], ['FINISH', 200, undefined]]);
        await party.reply(await party.next('BYE'), 200, 'OK');
        await closeAll(client, party);
    });

    test('a call that is refused never leaves', async () => {
        const { app, party, client } = await withApp({ refusing: ['call'],
            app: (one) => one.on('call', 'refuse') });
        client.send('call', { callId: 'refused', callee: '1001', hasAudio: true, hasVideo: false,
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        await event(client, 'finish', 'refused', 'FAILED');
        assert.equal((await app.next('CallStatusEvent')).body.status, 'FAILED');
        assert.equal(party.count('INVITE'), 0);
        await closeAll(client, party);
    });

    test('SIP-38 OnCallEvent has the INVITE, and answer the description', async () => {
        const { app, party, client } = await withApp({ registers: true });
        const { invite, call } = await callIn(client, party, { to: from() });
        const asked = told(await app.next('OnCallEvent'), app);
        assert.equal(asked.sipMessageRaw, invite.raw);
        assert.deepEqual([asked.callId, asked.incoming, asked.caller, asked.callee],
            [call.callId, true, 'ext', 'u1']);
        const sdp = browserAnswer(client, call.callId);
        client.send('answer', { callId: call.callId, sdp });
        const answered = told(await app.next('answer'), app);
        assert.deepEqual([answered.callId, answered.status, answered.sdp], [call.callId, 'RING', sdp]);
        await party.within(invite, await party.next(200), 'ACK', from());
        await event(client, 'talk', call.callId, 'ESTABLISHED');
        await closeAll(client, party);
    });

    test('SIP-45 a caller whom OnCallEvent refuses hears 403, and the client nothing', async () => {
        const { party, client } = await withApp({ registers: true, refusing: ['OnCallEvent'],
            app: (one) => one.on('OnCallEvent', 'refuse') });
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        await party.request('INVITE', contact, from(), [party.contact], sdpOf(party));
        await party.next(403);
        await client.settle();
        assert.ok(!client.received.some(({ message }) => message === 'notifyIncomingCall'));
        await closeAll(client, party);
    });

    test('an answer that is refused ends the call', async () => {
        const { party, client } = await withApp({ registers: true, refusing: ['answer'],
            app: (one) => one.on('answer', 'refuse') });
        const { call } = await callIn(client, party, { to: from() });
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        await event(client, 'finish', call.callId, 'FAILED');
        await party.next(480);
        await closeAll(client, party);
    });

    test('hold, unhold and sendDtmf are asked, in this order', async () => {
        const { app, party, client } = await withApp();
        const { callId } = await established(client, party);
        client.send('hold', { callId, holdForTransfer: true });
        const held = told(await app.next('hold'), app);
        assert.deepEqual([held.callId, held.status, held.holdForTransfer],
            [callId, 'ESTABLISHED', true]);
        const answerTo = async (direction, version) => party.reply(await party.next('INVITE'), 200,
            'OK', [party.contact], sdpOf(party, { codecs: '8', direction, version }));
        await answerTo('recvonly', 2);
        await event(client, 'hold', callId, 'HOLD');
        client.send('unhold', { callId });
        assert.equal(told(await app.next('unhold'), app).status, 'HOLD');
        await answerTo('sendrecv', 3);
        await event(client, 'talk', callId, 'ESTABLISHED');
        for (const dtmf of ['1', '2', '3'])
            client.send('sendDtmf', { callId, dtmf, type: 'INFO' });
        for (const dtmf of ['1', '2', '3']) {
            const info = await party.next('INFO');
            assert.equal(info.body, dtmf);
            await party.reply(info, 200, 'OK');
            assert.deepEqual(told(await app.next('sendDtmf'), app), { callId, dtmf, type: 'INFO' });
        }
        await closeAll(client, party);
    });

    test('what is refused of hold and sendDtmf leaves the call as it is', async () => {
        const { app, party, client } = await withApp({ refusing: ['hold', 'sendDtmf'],
            app: (one) => one.on('hold', 'refuse').on('sendDtmf', 'refuse') });
        const { callId } = await established(client, party);
        client.send('hold', { callId });
        client.send('sendDtmf', { callId, dtmf: '1', type: 'INFO' });
        await app.next('sendDtmf');
        assert.ok((await event(client, 'talk', callId, 'ESTABLISHED')).info);
        client.send('hangup', { callId });
        await party.next('BYE');
        assert.equal(party.count('INFO'), 0);
        assert.equal(party.count('INVITE'), 1);
        await closeAll(client, party);
    });
});

describe('figures', () => {
    // Alone: others' calls would be counted.
    test('calls and accounts are counted, on the statistics page and for Prometheus', async () => {
        await until('the calls of other tests are over', async () => {
            const now = await server.metrics();
            return now['sluice_calls{direction="in"}'] + now['sluice_calls{direction="out"}'] === 0;
        });
        const { party, client } = await atParty({ registers: true });
        const before = await server.metrics();
        const failing = await dial(client, party);
        await party.reply(failing.invite, 603, 'Decline');
        await event(client, 'finish', failing.callId);
        const { callId } = await established(client, party);
        const { call } = await callIn(client, party);
        const page = await (await fetch(`${server.http}/?action=stat`)).text();
        const stat = Object.fromEntries(page.split('\n').map((line) => line.split('=')));
        assert.equal(stat.calls_sip_in, '1');
        assert.equal(stat.calls_sip_out, '1');
        assert.equal(stat.calls_sip_established, '1');
        assert.ok(Number(stat.calls_sip_registered) >= 1);
        const after = await server.metrics();
        const grown = (name) => after[name] - before[name];
        assert.equal(after['sluice_calls{direction="in"}'], 1);
        assert.equal(after['sluice_calls{direction="out"}'], 1);
        assert.ok(after['sluice_sip_accounts{registered="true"}'] >= 1);
        assert.equal(grown('sluice_calls_total{direction="in"}'), 1);
        assert.equal(grown('sluice_calls_total{direction="out"}'), 2);
        assert.equal(grown('sluice_calls_established_total'), 1);
        assert.equal(grown('sluice_calls_failed_total'), 1);
        for (const id of [callId, call.callId])
            client.send('hangup', { callId: id });
        await closeAll(client, party);
    });
});

describe('sound', () => {
    let browser, pages;
    const sip = (user, more = {}) => ({ login: user, authenticationName: user,
        password: `p${user.slice(1)}`, domain: DOMAIN, outboundProxy: '127.0.0.1', port: kamailio.port,
        registerRequired: true, ...more });

    before(async () => {
        [browser, pages] = await Promise.all([Browser.open(), startPages()]);
    });
    after(async () => {
        await browser?.close();
        await pages?.close();
    });

    // The page sends 1000 Hz, the telephone 440.
    async function openPage(user) {
        const page = await browser.page(pages.url + BARE, server);
        await inPage(page, 'setTone', 1000);
        assert.equal(await inPage(page, 'openPhone', server.ws, sip(user)), 'REGISTERED');
        return page;
    }

    const status = (page, label, wanted) => until(`the call is ${wanted}`, async () => {
        const events = await inPage(page, 'callEvents', label);
        assert.ok(events.some((one) => one.status === wanted), JSON.stringify(events));
        return true;
    });

    async function bothHear(page, telephone) {
        await until(() => 'the page hears 440 Hz', async () => {
            const hz = await inPage(page, 'heard');
            assert.ok(Math.abs(hz - 440) < 15, `${hz} Hz`);
            return true;
        }, { timeout: 8000 });
        await until('the telephone hears 1000 Hz', () => {
            const { hz, share } = telephone.heard();
            assert.ok(hz === 1000 && share > 0.8, `${hz} Hz, ${share}`);
            return true;
        }, { timeout: 8000 });
    }

    for (const [codecs, how] of [['pcma/8000/1', 'PCMA as it is'], ['opus/48000/2', 'opus as it is']]) {
        test(`SIP-40 SIP-93 the SDK calls a telephone, ${how}, and is called by it`, async () => {
            const telephone = await Baresip.start('u2', 'p2', kamailio.port, { codecs });
            const page = await openPage('u1');
            try {
                await inPage(page, 'dial', 'out', 'u2');
                await status(page, 'out', 'ESTABLISHED');
                await bothHear(page, telephone);
                await inPage(page, 'onCall', 'out', 'hangup');
                await status(page, 'out', 'FINISH');
                await telephone.event('CALL_CLOSED');
            } finally {
                await page.context().close();
                await telephone.stop();
            }
        });
    }

    test('SIP-40 SIP-41 SIP-50 SIP-51 a telephone calls the SDK, is held and heard again', async () => {
        const telephone = await Baresip.start('u2', 'p2', kamailio.port);
        const page = await openPage('u1');
        try {
            telephone.tell('dial', `sip:u1@${DOMAIN}`);
            await until('the page is called', async () => await page.evaluate(() =>
                window.sluice.callEvents('incoming').length > 0));
            await inPage(page, 'answer', 'incoming');
            await status(page, 'incoming', 'ESTABLISHED');
            await bothHear(page, telephone);
            await inPage(page, 'onCall', 'incoming', 'hold');
            await status(page, 'incoming', 'HOLD');
            await until('nothing is heard', async () => await inPage(page, 'heard') === 0);
            await inPage(page, 'onCall', 'incoming', 'unhold');
            await bothHear(page, telephone);
            telephone.tell('hangup');
            await status(page, 'incoming', 'FINISH');
        } finally {
            await page.context().close();
            await telephone.stop();
        }
    });

    for (const codecs of ['pcma/8000/1', 'pcmu/8000/1', 'g722/16000/1'])
        test(`SIP-93 SIP-94 opus in the browser, ${codecs.split('/')[0]} in the telephone`, async () => {
            const telephone = await Baresip.start('u2', 'p2', kamailio.port, { codecs });
            const page = await openPage('u1');
            try {
                await inPage(page, 'dial', 'out', 'u2', { stripCodecs: 'PCMA,PCMU,G722' });
                await status(page, 'out', 'ESTABLISHED');
                await bothHear(page, telephone);
            } finally {
                await page.context().close();
                await telephone.stop();
            }
        });

    test('the telephone page registers, calls, holds, dials digits and is called', async () => {
        const telephone = await Baresip.start('u2', 'p2', kamailio.port);
        const page = await browser.page(`${server.http}/phone`);
        const account = async (password) => {
            for (const [id, value] of Object.entries({ proxy: '127.0.0.1', port: `${kamailio.port}`,
                login: 'u1', password, domain: DOMAIN }))
                await page.fill(`#${id}`, value);
            await page.click('#register');
        };
        try {
            await account('wrong');
            await text(page, '#account-notice',
                'The account could not be registered.Login or password is wrong.');
            await text(page, '#account-status', 'Not registered');
            assert.equal(await page.isDisabled('#dial'), true);
            await account('p1');
            await text(page, '#account-status', 'Registered');
            await page.fill('#callee', 'u2');
            await page.click('#dial');
            await text(page, '#call-status', 'Talking');
            await until('sound plays', () => page.evaluate(() => {
                const media = document.querySelector('#remote video, #remote audio');
                return media?.srcObject?.getAudioTracks().length > 0 && media.currentTime > 0.3;
            }));
            await page.click('#hold');
            await text(page, '#call-status', 'On hold');
            await page.click('#hold');
            await text(page, '#call-status', 'Talking');
            await page.click('[data-digit="5"]');
            await page.click('[data-digit="#"]');
            await text(page, '#digits', '5#');
            await page.click('#hangup');
            await text(page, '#call-status', 'Call ended');
            await telephone.event('CALL_CLOSED');
            telephone.tell('dial', `sip:u1@${DOMAIN}`);
            await page.click('#answer');
            await text(page, '#call-status', 'Talking');
            telephone.tell('hangup');
            await text(page, '#call-status', 'Call ended');
            await page.fill('#callee', 'busy');
            await page.click('#dial');
            await text(page, '#call-status', 'Busy');
            // Texts, to nobody and to itself: SIP-73, SIP-74, SIP-78.
            const write = async (to, words) => {
                await page.fill('#text-to', to);
                await page.fill('#text', words);
                await page.click('#text-send');
            };
            await write('nobody', 'Are you there?');
            await text(page, '#texts li:nth-child(1) .bad', 'Failed: nobody is there');
            await page.check('#text-notice');
            await write('u1', 'Привет <b>!');
            await text(page, '#texts li.theirs p', 'Привет <b>!');
            await text(page, '#texts li:nth-child(2) span:last-child', 'Delivered');
            if (process.env.SLUICE_SHOTS)
                await page.screenshot({ path: path.join(process.env.SLUICE_SHOTS, 'phone.png'), fullPage: true });
            await page.click('#register');
            await text(page, '#account-status', 'Not registered');
            assert.deepEqual(page.faults, []);
        } finally {
            await page.context().close();
            await telephone.stop();
        }
    });

    test('SIP-103 SRTP with keys of the description', async () => {
        const telephone = await Baresip.start('u2', 'p2', kamailio.port, { more: ';mediaenc=srtp-mand' });
        const page = await openPage('u1');
        try {
            telephone.tell('dial', `sip:u1@${DOMAIN}`);
            await until('the page is called', async () => await page.evaluate(() =>
                window.sluice.callEvents('incoming').length > 0));
            await inPage(page, 'answer', 'incoming');
            await status(page, 'incoming', 'ESTABLISHED');
            await bothHear(page, telephone);
        } finally {
            await page.context().close();
            await telephone.stop();
        }
    });
});
// ---- What strangers and broken peers send ----

const rtp = (sequence, type = 8) => {
    const packet = Buffer.alloc(172, 0xd5);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(type, 1);
    packet.writeUInt16BE(sequence, 2);
    packet.writeUInt32BE(sequence * 160, 4);
    packet.writeUInt32BE(7777, 8);
    return packet;
};

describe('what nobody should send', () => {
    test('SIP-98 SIP-99 sound follows the one who sends it, and then no stranger', async () => {
        const { party, client } = await atParty();
        const [far, other] = [await openParty(), await openParty()];
        const { callId, invite } = await dial(client, party);
        await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party, { port: far.port + 1 }));
        await event(client, 'talk', callId, 'ESTABLISHED');
        const to = { address: '127.0.0.1', port: Number(/^m=audio (\d+)/m.exec(invite.body)[1]) };
        const bytes = new Map([[far, 0], [other, 0]]);
        for (const one of [far, other]) {
            one.socket.removeAllListeners('message');
            one.socket.on('message', () => bytes.set(one, bytes.get(one) + 1));
        }
        for (let i = 0; i < 5; i++)
            await far.send(rtp(i), to);
        for (let i = 0; i < 50; i++)
            await other.send(rtp(1000 + i), to);
        // reports go where sound comes from: to the next port of the one who was first
        const reports = await openParty(far.port + 1).catch(() => undefined);
        if (reports) {
            let from;
            reports.socket.removeAllListeners('message');
            reports.socket.on('message', (packet) => (from ??= packet[1]));
            await until('a report comes', () => from !== undefined, { timeout: 12_000 });
            assert.ok(from >= 200 && from <= 207, `${from}`);
        }
        assert.equal(bytes.get(other), 0);
        client.send('hangup', { callId });
        await closeAll(client, party);
    });

    test('SIP-114 ten thousand packets that are none, and calls go on', async () => {
        const { party, client } = await atParty({ registers: true });
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const whole = Buffer.from((await party.request('OPTIONS', contact, at())).raw);
        await party.next(200);
        for (let i = 0; i < 10_000; i++) {
            const packet = Buffer.from(whole);
            for (let j = 0; j < 1 + i % 7; j++)
                packet[(i * 7919 + j * 104729) % packet.length] = (i * 31 + j * 17) & 0xff;
            await party.send(i % 3 ? packet : packet.subarray(0, i % packet.length), at());
            if (i % 500 === 0)
                await client.settle();
        }
        for (const lines of [['Via: none'], ['Content-Length: 99999999'], ['Contact: <'],
            Array(300).fill('X: y')])
            await party.request('INVITE', contact, at(), lines, sdpOf(party));
        party.received.length = 0;
        const second = await phone('u2', kamailio.port);
        await second.next('registered');
        await closeAll(client, party, second);
    });

    test('a stranger who floods with INVITEs is no harm to who has an account', async () => {
        const { party, client } = await atParty({ registers: true });
        const stranger = await openParty(0, '127.0.0.3');
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const status = async () => Number(/VmRSS:\s+(\d+)/.exec(await (await import('node:fs/promises'))
            .readFile(`/proc/${server.pid}/status`, 'utf8'))[1]);
        const before = await status();
        for (let i = 0; i < 10_000; i++)
            await stranger.request('INVITE', contact, at(), [stranger.contact], sdpOf(stranger));
        const { invite, call } = await callIn(client, party);
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        await party.within(invite, await party.next(200), 'ACK', at());
        await event(client, 'talk', call.callId, 'ESTABLISHED');
        assert.ok(stranger.received.filter(({ code }) => code === 403).length < 200);
        // a sanitizer keeps what was freed
        assert.ok(sanitizer || await status() - before < 20_000,
            `${before} kB before, ${await status()} after`);
        await closeAll(client, party, stranger);
    });
});
