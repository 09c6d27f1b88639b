// SPDX-License-Identifier: GPL-3.0-or-later
// How telephones are reached: statements SIP-n of sip.md about TCP and TLS, with Kamailio, and with a
// party of our own whose certificates are right or wrong.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NameServer } from './lib/names.mjs';
import { Phones, browserAnswer, closeAll, contactOf, event, sdpOf } from './lib/phones.mjs';
import { offer } from './lib/sdp.mjs';
import { Authority, Kamailio } from './lib/sip.mjs';
import { until } from './lib/wait.mjs';

const exchange = new Phones();
const { phone, openStream, registrar, established, talking } = exchange;

let authority, other, kamailio, server, uas;

before(async () => {
    [authority, other] = [new Authority(), new Authority()];
    uas = await exchange.openParty();
    kamailio = await Kamailio.start({ certificate: authority.issue('IP:127.0.0.1'), uas: uas.port });
    server = await exchange.start({ client_sip_allow: '127.0.0.0/8,localhost,::1' },
        { env: { SSL_CERT_FILE: authority.file } });
});
after(async () => {
    await exchange.stop();
    await kamailio?.stop();
    authority?.close();
    other?.close();
});

// An account at a party that is reached by a connection.
async function atStream(certificate, { registers = true, host = '127.0.0.1', user = 'u1' } = {}) {
    const party = await registrar(undefined, await openStream(certificate));
    const client = await phone(user, 0, { sipRegisterRequired: registers,
        sipOutboundProxy: `${host}:${party.port};transport=${certificate ? 'tls' : 'tcp'}` });
    return { party, client };
}

describe('TLS', { concurrency: 8 }, () => {
    test('SIP-113 an account at Kamailio registers by TLS, calls and is called', async () => {
        const at = (user) => phone(user, 0,
            { sipOutboundProxy: `127.0.0.1:${kamailio.tlsPort};transport=tls` });
        const [caller, callee] = [await at('u1'), await at('u2')];
        for (const client of [caller, callee])
            assert.match((await client.next('registered')).data[0].sipMessageRaw,
                /^Contact: .*;transport=tls/m);
        caller.send('call', { callId: 'by-tls', callee: 'u2', hasAudio: true, hasVideo: false,
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        const call = (await callee.next('notifyIncomingCall')).data[0];
        assert.match(call.sipMessageRaw, /^Via: SIP\/2\.0\/TLS/m);
        callee.send('hangup', { callId: call.callId });
        assert.equal((await event(caller, 'finish', 'by-tls')).status, 'BUSY');
        await closeAll(caller, callee);
    });

    test('SIP-113 calls go both ways by the connection that there is', async () => {
        const { party, client } = await atStream(authority.issue('IP:127.0.0.1'));
        await client.next('registered');
        const out = await established(client, party);
        assert.match(out.invite.get('via'), /^SIP\/2\.0\/TLS /);
        client.send('hangup', { callId: out.callId });
        await party.reply(await party.next('BYE'), 200, 'OK');
        const { invite, ok } = await talking(client, party);
        assert.match(ok.get('contact'), /;transport=tls/);
        await party.within(invite, ok, 'BYE', undefined, { cseq: 1000 });
        await party.next(200);
        assert.equal(party.connections.length, 1);
        await closeAll(client, party);
    });

    test('4.1 a SIPS URI is called by TLS, as it is, and our Contact is one; without TLS the call fails',
        async () => {
            const { party, client } = await atStream(authority.issue('IP:127.0.0.1'));
            await client.next('registered');
            const callee = 'sips:boss@example.com;p=1';
            const { invite, callId } = await established(client, party, { callee });
            assert.match(invite.raw, /^INVITE sips:boss@example\.com;p=1 SIP/);
            assert.match(invite.get('to'), /<sips:boss@example\.com;p=1>/);
            assert.match(invite.get('contact'), /^<sips:u1@/);
            client.send('hangup', { callId });
            await party.reply(await party.next('BYE'), 200, 'OK');
            await closeAll(client, party);
            const clear = await atStream();
            await clear.client.next('registered');
            clear.client.send('call', { callId: 'clear', callee, hasAudio: true, hasVideo: false,
                sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
            const { status, info } = await event(clear.client, 'finish', 'clear');
            assert.deepEqual([status, info], ['FAILED', 'Bad callee: sips needs TLS']);
            await closeAll(clear.client, clear.party);
        });

    test('4.1 a call that comes to a SIPS URI is answered with one in our Contact, and asked by it', async () => {
        const { party, client } = await atStream(authority.issue('IP:127.0.0.1'));
        await client.next('registered');
        const { invite, ok, call } = await talking(client, party,
            { uri: (contact) => contact.replace(/^sip:/, 'sips:') });
        const ours = contactOf(ok);
        assert.match(ours, /^sips:u1@/);
        await party.within(invite, ok, 'BYE', undefined, { cseq: 1000, uri: ours });
        await party.next(200);
        assert.equal((await event(client, 'finish', call.callId)).status, 'FINISH');
        await closeAll(client, party);
    });

    test('TLS names the server that it is to', async () => {
        const { party, client } = await atStream(authority.issue('DNS:localhost'), { host: 'localhost' });
        await client.next('registered');
        assert.equal(party.connections[0].servername, 'localhost');
        await closeAll(client, party);
    });

    for (const [why, certificate] of [
        ['another name', () => authority.issue('DNS:pbx.example', 'IP:127.0.0.2')],
        ['an authority that nobody trusts', () => other.issue('IP:127.0.0.1')],
    ]) {
        test(`a certificate of ${why} ends it before anything is said`, async () => {
            const { party, client } = await atStream(certificate());
            const [fail] = (await client.next('fail', undefined, 15_000)).data;
            assert.deepEqual([fail.apiMethod, fail.status, fail.info],
                ['RegistrationStatusEvent', 'FAILED', '503 Service Unavailable']);
            assert.equal(party.received.length, 0);
            assert.match(server.log, /TLS: the certificate of .* is refused/);
            await closeAll(client, party);
        });
    }

    test('an address that has proved one name is no other', async () => {
        const { party, client } = await atStream(authority.issue('IP:127.0.0.1', 'DNS:localhost'));
        await client.next('registered');
        const second = await phone('u2', 0, { sipOutboundProxy: `localhost:${party.port};transport=tls` });
        assert.equal((await second.next('fail')).data[0].info, '503 Service Unavailable');
        assert.equal(party.count('REGISTER'), 1);
        await closeAll(client, second, party);
    });

    test('what comes without TLS is not from a proxy that is reached by it', async () => {
        const { party, client } = await atStream(authority.issue('IP:127.0.0.1'));
        await client.next('registered');
        const plain = await exchange.openParty();
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        await plain.request('INVITE', contact, exchange.at(), [plain.contact], sdpOf(plain));
        const answer = await Promise.any([plain.next(403), plain.next(404)]);
        assert.ok(answer);
        await client.settle();
        assert.ok(!client.received.some(({ message }) => message === 'notifyIncomingCall'));
        await closeAll(client, party, plain);
    });
});

describe('Kamailio', { concurrency: 8 }, () => {
    test('SIP-27 SIP-37 requests in a dialog go by way of the proxy to the other side', async () => {
        const client = await phone('u1', kamailio.port, { sipRegisterRequired: false });
        client.send('call', { callId: 'routed', callee: 'uas', hasAudio: true, hasVideo: false,
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        const invite = await uas.next('INVITE');
        assert.match(invite.get('record-route'), new RegExp(`<sip:127\\.0\\.0\\.1:${kamailio.port};`));
        await uas.reply(invite, 200, 'OK', [uas.contact], sdpOf(uas));
        const came = async (method) => {
            const message = await uas.next(method);
            assert.equal(message.from.port, kamailio.port, method);
            assert.equal(message.uri, `sip:party@${uas.address}:${uas.port}`, method);
            assert.equal(message.get('route'), undefined, method);
            return message;
        };
        await came('ACK');
        await event(client, 'talk', 'routed', 'ESTABLISHED');
        client.send('hold', { callId: 'routed' });
        await uas.reply(await came('INVITE'), 200, 'OK', [uas.contact],
            sdpOf(uas, { codecs: '8', direction: 'recvonly', version: 2 }));
        await came('ACK');
        await event(client, 'hold', 'routed', 'HOLD');
        client.send('sendDtmf', { callId: 'routed', dtmf: '1', type: 'INFO' });
        await uas.reply(await came('INFO'), 200, 'OK');
        client.send('hangup', { callId: 'routed' });
        await uas.reply(await came('BYE'), 200, 'OK');
        client.abort();
    });

    test('SIP-19 two sessions of one account are called both, and one of them answers', async () => {
        const open = async (user) => {
            const client = await phone(user, kamailio.port);
            await client.next('registered');
            return client;
        };
        const [one, two, caller] = [await open('u2'), await open('u2'), await open('u3')];
        caller.send('call', { callId: 'forked', callee: 'u2', hasAudio: true, hasVideo: false,
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        const [first, second] = await Promise.all([one, two].map(async (client) =>
            (await client.next('notifyIncomingCall')).data[0]));
        assert.notEqual(/;id=(\w+)/.exec(first.sipMessageRaw)[1], /;id=(\w+)/.exec(second.sipMessageRaw)[1]);
        one.send('answer', { callId: first.callId, sdp: browserAnswer(one, first.callId) });
        await event(one, 'talk', first.callId, 'ESTABLISHED');
        await event(caller, 'talk', 'forked', 'ESTABLISHED');
        const finish = await event(two, 'finish', second.callId, 'FINISH');
        assert.match(finish.sipMessageRaw, /^CANCEL /);
        await closeAll(one, two, caller);
    });
});

describe('registrars', { concurrency: 8 }, () => {
    test('a registrar that moves is followed once, and not to where a client may not go', async () => {
        const to = await registrar();
        const from = await registrar((message) => from.reply(message, 302, 'Moved',
            [`Contact: <sip:127.0.0.1:${to.port}>`]));
        const client = await phone('u1', from.port);
        await client.next('registered');
        assert.equal(to.count('REGISTER'), 1);
        const away = await registrar((message) => away.reply(message, 302, 'Moved',
            [`Contact: <sip:127.0.0.2:${to.port}>`]));
        const second = await phone('u1', away.port);
        assert.equal((await second.next('fail')).data[0].info, '302 Moved');
        await closeAll(client, second, to, from, away);
    });

    test('SIP-9 503 with Retry-After is heeded, and the client hears when its time is over', async () => {
        const times = [];
        const party = await registrar((message, count) => {
            times.push(message.at);
            return count === 2
                ? party.reply(message, 503, 'Service Unavailable', ['Retry-After: 3 (busy)'])
                : party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=2`]);
        });
        const client = await phone('u1', party.port);
        await client.next('registered');
        await until('it tries again', () => times.length >= 3, { timeout: 10_000 });
        assert.ok(times[2] - times[1] > 2900 && times[2] - times[1] < 6500, `${times[2] - times[1]}`);
        await closeAll(client, party);
    });
});

describe('connections', { concurrency: 8 }, () => {
    test('SIP-113 by TCP all goes by one connection, in both directions', async () => {
        const { party, client } = await atStream();
        await client.next('registered');
        const out = await established(client, party);
        client.send('hangup', { callId: out.callId });
        await party.reply(await party.next('BYE'), 200, 'OK');
        await talking(client, party);
        assert.equal(party.connections.length, 1);
        await closeAll(client, party);
    });

    test('SIP-9 a connection that was lost is made anew, and the account registered by it', async () => {
        const { party, client } = await atStream();
        await client.next('registered');
        const begun = performance.now();
        party.connections[0].destroy();
        await until('it registers again', () => party.count('REGISTER') === 2);
        assert.ok(performance.now() - begun > 400, 'not at once');
        assert.equal(party.connections.length, 2);
        assert.equal(client.received.filter(({ message }) => message === 'registered').length, 1);
        await talking(client, party);
        await closeAll(client, party);
    });

    test('a connection is kept alive as RFC 5626 has it, from both sides', async () => {
        const party = await registrar((message) => party.reply(message, 200, 'OK',
            [`Contact: ${message.get('contact')};expires=3600`, 'Flow-Timer: 20']), await openStream());
        const client = await phone('u1', 0, { sipOutboundProxy: `127.0.0.1:${party.port};transport=tcp` });
        await client.next('registered');
        party.connections[0].write('\r\n\r\n');
        await until('a pong', () => party.pongs === 1);
        await until('a ping', () => party.pings > 0, { timeout: 25_000 });
        assert.equal(party.count('REGISTER'), 1);
        await closeAll(client, party);
    });

    test('messages that come in pieces and together are taken apart', async () => {
        const { party, client } = await atStream();
        await client.next('registered');
        const contact = /<([^>]+)>/.exec(party.received[0].get('contact'))[1];
        const text = (n) => [`OPTIONS ${contact} SIP/2.0`,
            `Via: SIP/2.0/TCP ${party.address}:${party.port};branch=z9hG4bKpieces${n}`,
            'From: <sip:ext@sip.test>;tag=a', `To: <${contact}>`, `Call-ID: pieces-${n}`,
            `CSeq: ${n} OPTIONS`, 'Content-Length: 3', '', 'abc'].join('\r\n');
        const all = `\r\n${text(1)}${text(2)}\r\n\r\n${text(3)}`;
        for (let i = 0; i < all.length; i += 100)
            await party.send(all.slice(i, i + 100));
        for (let n = 1; n <= 3; n++)
            await party.next(200);
        await closeAll(client, party);
    });
});

describe('names', { concurrency: 8 }, () => {
    const named = new Phones();
    const parties = {};
    let names;

    before(async () => {
        const open = async (name, where = [0], answer = undefined) =>
            (parties[name] = await named.registrar(answer, await named.openParty(...where)));
        await open('silent', [0], () => true);
        await open('second');
        await open('busy', [0], (message) => parties.busy.reply(message, 503, 'Service Unavailable',
            ['Retry-After: 600']));
        await open('third');
        await open('default', [5060, '127.0.53.60']);
        parties.tcp = await named.registrar(undefined, await named.openStream());
        const srv = (name, priority, party, target) =>
            ({ name, type: 'SRV', value: [priority, 1, party.port, target] });
        names = await NameServer.start([
            ...['a.srv.test', 'b.srv.test', 'tcp.test', 'silent-srv.test'].map((name) =>
                ({ name, type: 'A', value: '127.0.0.1' })),
            { name: 'plain.test', type: 'A', value: '127.0.53.60' },
            srv('_sip._udp.srv.test', 20, parties.second, 'b.srv.test'),
            srv('_sip._udp.srv.test', 10, parties.silent, 'a.srv.test'),
            srv('_sip._udp.busy.test', 10, parties.busy, 'a.srv.test'),
            srv('_sip._udp.busy.test', 20, parties.third, 'a.srv.test'),
            srv('_sip._tcp.tcp.test', 10, parties.tcp, 'tcp.test'),
            srv('_sip._udp.nowhere.test', 10, parties.third, ''),
        ], { silent: ['never.test'] });
        await named.start({}, { resolv: names.file });
    });
    after(async () => {
        await named.stop();
        await names?.close();
    });

    const at = (proxy, more = {}) => named.phone('u1', 0, { sipOutboundProxy: proxy, ...more });

    test('SIP-17 without a port SRV says where, and who is silent is passed over', async () => {
        const client = await at('srv.test');
        await client.next('registered', undefined, 15_000);
        assert.ok(parties.silent.count('REGISTER') >= 1, 'by priority');
        assert.equal(parties.second.count('REGISTER'), 1);
        const { invite } = await named.dial(client, parties.second);
        assert.ok(invite);
        await named.callIn(client, parties.second);
        client.abort();
        await until('it leaves', () => parties.second.received.at(-1)?.get('expires') === '0');
    });

    test('503 sends it to the next one at once', async () => {
        const begun = performance.now();
        const client = await at('busy.test');
        await client.next('registered');
        assert.ok(performance.now() - begun < 5000);
        assert.equal(parties.busy.count('REGISTER'), 1);
        client.abort();
    });

    test('503 sends a call to the next one, where nobody registers', async () => {
        const client = await at('busy.test', { sipRegisterRequired: false });
        client.send('call', { callId: 'elsewhere', callee: '1001', hasAudio: true, hasVideo: false,
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }) });
        await parties.busy.reply(await parties.busy.next('INVITE'), 503, 'Service Unavailable');
        const invite = await parties.third.next('INVITE');
        await parties.third.reply(invite, 200, 'OK', [parties.third.contact], sdpOf(parties.third));
        await event(client, 'talk', 'elsewhere', 'ESTABLISHED');
        client.abort();
    });

    test('SRV of TCP is another', async () => {
        const client = await at('tcp.test;transport=tcp');
        await client.next('registered');
        assert.equal(parties.tcp.count('REGISTER'), 1);
        client.abort();
    });

    test('SIP-17 without SRV it is the host, at 5060', async () => {
        const client = await at('plain.test');
        await client.next('registered');
        assert.equal(parties.default.count('REGISTER'), 1);
        assert.ok(names.asked.some(([name, type]) => name === '_sip._udp.plain.test' && type === 33));
        client.abort();
    });

    test('SIP-12 a name that nobody answers for is told within ten seconds', async () => {
        const begun = performance.now();
        const client = await at('never.test');
        const [fail] = (await client.next('fail', undefined, 12_000)).data;
        assert.equal(fail.info, 'WRONG_SIPPROVIDER_ADDRESS');
        assert.ok(performance.now() - begun < 10_500);
        client.abort();
    });
});

describe('where a call leads', () => {
    const narrow = new Phones();

    before(() => narrow.start({ client_sip_allow: '127.0.0.1/32' }));
    after(() => narrow.stop());

    test('the word of who answers leads to no address that a client may not name', async () => {
        const { party, client } = await narrow.atParty();
        const inner = await narrow.openParty(0, '127.0.0.2');
        const { callId, invite } = await narrow.dial(client, party);
        await party.reply(invite, 200, 'OK', [inner.contact], sdpOf(party));
        assert.equal((await event(client, 'finish', callId)).status, 'FAILED');
        await client.settle();
        assert.equal(inner.received.length, 0);
        await closeAll(client, party, inner);
    });
});
