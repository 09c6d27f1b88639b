// SPDX-License-Identifier: GPL-3.0-or-later
// SIP-114: what no telephone sends. Messages like those of RFC 4475, in our own words, by UDP and
// TCP; packets that are none, by the ten thousand; floods; and a thousand accounts (SIP-115).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Phones, closeAll, contactOf, sdpOf } from './lib/phones.mjs';
import { sanitizer, until } from './lib/wait.mjs';

const exchange = new Phones();
const { openParty, at, atParty, callIn, phone, registrar } = exchange;

before(() => exchange.start());
after(() => exchange.stop());

// A request by its headers; `own` replaces or adds some, undefined leaves one out.
let counter = 0;
function request(method, uri, own = {}, { body = '', start, transport = 'UDP' } = {}) {
    const n = ++counter;
    const headers = {
        Via: `SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bKtorture${n};rport`,
        From: '<sip:caller@sip.test>;tag=t', To: '<sip:u1@sip.test>', 'Call-ID': `torture-${n}`,
        CSeq: `${n} ${method}`, 'Max-Forwards': '70', 'Content-Length': `${Buffer.byteLength(body)}`,
        ...own,
    };
    return [start ?? `${method} ${uri} SIP/2.0`, ...Object.entries(headers)
        .filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`)), '', body].join('\r\n');
}

// [RFC 4475's name, what is sent, codes of what may be answered; 0: nothing]. More than one where
// the RFC leaves it open.
const cases = (uri, transport) => {
    const make = (method, own, more) => request(method, more?.uri ?? uri, own, { transport, ...more });
    const contact = 'Contact';
    const sdp = sdpOf({ address: '127.0.0.1' });
    return [
        ['wsinv', make('INVITE', { TO: `<sip:u1@sip.test> ;\r\n   x = "y"`,
            From: '"J Rosenberg \\\\\\"" <sip:j@sip.test>\r\n ;\r\n tag = 98asjd8',
            'MaX-fOrWaRdS': '0068', 'Max-Forwards': undefined, To: undefined,
            NewFangledHeader: 'newfangled value\r\n continued newfangled value',
            UnknownHeaderWithUnusualValue: ';;,,;;,;', 'Content-Type': 'application/sdp',
            m: '"Quoted string \\"\\"" <sip:j@127.0.0.1> ; newparam = newvalue ; secondparam ; q = 0.33' },
        { body: sdp }), [100, 180]],
        ['intmeth', make("!interesting-Method0123456789_*+`.%indeed'~"), [501]],
        ['esc01', make('OPTIONS', { To: '<sip:%75%31@sip.test>' }), [200]],
        ['escnull', make('REGISTER', { To: '<sip:null-%00-null@sip.test>',
            [contact]: '<sip:%00@127.0.0.1>' }), [405]],
        ['esc02', make('RE%47IST%45R'), [501]],
        ['lwsdisp', make('OPTIONS', { From: 'caller<sip:caller@sip.test>;tag=323' }), [200]],
        ['longreq', make('OPTIONS', { ['Unknown-Long-Name'.repeat(20)]: 'unknown-long-value'.repeat(90),
            From: `"${'I have a user name of extreme length '.repeat(5)}"<sip:${'long'.repeat(50)}@sip.test>;tag=${'1'.repeat(200)}` }), [200]],
        ['semiuri', make('OPTIONS', { To: '<sip:user;par=u%40example.net@sip.test>' }), [200]],
        ['transports', make('OPTIONS', { Via: [`SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bKtr${++counter};rport`,
            'SIP/2.0/SCTP t2.example;branch=z9hG4bKzzz', 'SIP/2.0/UNKNOWN t5.example;branch=z9hG4bK1'] }), [200]],
        ['mpart01', make('MESSAGE', { 'Content-Type': 'multipart/mixed;boundary=7a9cbec02ceef655' },
            { body: '--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nx\0y\r\n--7a9cbec02ceef655--' }), [200, 405, 415, 480]],
        ['clerr', make('INVITE', { [contact]: '<sip:c@127.0.0.1>', 'Content-Length': '9999',
            'Content-Type': 'application/sdp' }, { body: sdp }), transport === 'UDP' ? [400] : [0]],
        ['ncl', make('INVITE', { [contact]: '<sip:c@127.0.0.1>', 'Content-Length': '-999' }), [400, 0]],
        ['scalar02', make('REGISTER', { CSeq: '36893488147419103232 REGISTER',
            Expires: '1000000000000000000000000000' }), [400]],
        ['badinv01', make('INVITE', { [contact]: '"Joe" <sip:joe@127.0.0.1>;;;;',
            From: '"J" <sip:j@sip.test>;;tag=1;;,;;,' }), [400, 100, 180, 0]],
        ['quotbal', make('INVITE', { To: '"Mr. J. User <sip:u1@sip.test>' }), [400, 0]],
        ['ltgtruri', make('INVITE', {}, { start: `INVITE <${uri}> SIP/2.0` }), [400, 416, 0]],
        ['lwsruri', make('INVITE', {}, { start: `INVITE ${uri}; lr SIP/2.0` }), [400, 0]],
        ['lwsstart', make('OPTIONS', {}, { start: `OPTIONS  ${uri}  SIP/2.0` }), [400, 200, 0]],
        ['trws', make('OPTIONS', {}, { start: `OPTIONS ${uri} SIP/2.0  ` }), [400, 200, 0]],
        ['escruri', make('INVITE', {}, { start: `INVITE ${uri}?Route=%3Csip:example.com%3E SIP/2.0` }), [400, 404, 100, 180, 0]],
        ['baddate', make('OPTIONS', { Date: 'Fri, 01 Jan 2010 16:00:00 EST' }), [400, 200]],
        ['regbadct', make('REGISTER', { [contact]: 'sip:user@example.com?Route=%3Csip:x%3E' }), [400, 405]],
        ['badaspec', make('OPTIONS', { To: '"Watson" < sip:u1@sip.test >' }), [400, 200, 0]],
        ['baddn', make('OPTIONS', { From: "Bell, Alexander <sip:a.g.bell@example.com>;tag=43" }), [400, 200, 0]],
        ['badvers', make('OPTIONS', {}, { start: `OPTIONS ${uri} SIP/7.0` }), [505, 0]],
        ['mismatch01', make('OPTIONS', { CSeq: '8 INVITE' }), [400]],
        ['mismatch02', make('NEWMETHOD', { CSeq: '34 INVITE' }), [400, 501]],
        ['badbranch', make('OPTIONS', { Via: `SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bK;rport` }),
            transport === 'UDP' ? [200, 400] : [200, 400, 0]], // that may go to its own port
        ['insuf', make('INVITE', { 'Call-ID': undefined, From: undefined, To: undefined }), [400, 0]],
        ['unkscm', make('OPTIONS', {}, { uri: 'nobodyKnowsThisScheme:totallyopaquecontent' }), [416]],
        ['novelsc', make('OPTIONS', {}, { uri: 'soap.beep://192.0.2.103:3002' }), [416, 400, 0]],
        ['unksm2', make('REGISTER', { To: '<isbn:2983792873>', From: '<isbn:29>;tag=1' }), [400, 405]],
        ['bext01', make('OPTIONS', { Require: 'nothingSupportsThis, nothingSupportsThisEither' }), [420]],
        ['invut', make('INVITE', { [contact]: '<sip:c@127.0.0.1>', 'Content-Type': 'application/unknownformat' },
            { body: '<audio><pcmu port="443"/></audio>' }), [415]],
        ['multi01', make('INVITE', { [contact]: '<sip:c@127.0.0.1>', 'Call-ID': ['a', 'b'], To: ['<sip:a@b>', '<sip:c@d>'] }), [400]],
        ['mcl01', make('OPTIONS', { 'Content-Length': ['13', '5'] }, { body: 'There is no way' }), [400]],
        ['bcast', ['SIP/2.0 200 OK', 'Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1',
            'Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK2', 'Call-ID: b', 'CSeq: 8 INVITE',
            'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2', 'Content-Length: 0', '', ''].join('\r\n'), [0]],
        ['bigcode', ['SIP/2.0 4294967301 better not break', `Via: SIP/2.0/UDP 127.0.0.1:${at().port};branch=z9hG4bK1`,
            'Call-ID: b', 'CSeq: 8 INVITE', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2',
            'Content-Length: 0', '', ''].join('\r\n'), [0]],
        ['noreason', ['SIP/2.0 100 ', `Via: SIP/2.0/UDP 127.0.0.1:${at().port};branch=z9hG4bK1`, 'Call-ID: b',
            'CSeq: 8 INVITE', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2', 'Content-Length: 0', '', '']
            .join('\r\n'), [0]],
        ['zeromf', make('OPTIONS', { 'Max-Forwards': '0' }), [200, 483]],
        ['sdp01', make('INVITE', { [contact]: '<sip:c@127.0.0.1>', Accept: 'text/nobodyKnowsThis' }), [406, 100, 180]],
        ['inv2543', make('INVITE', { Via: `SIP/2.0/${transport} 127.0.0.1:9`, From: '<sip:a@b>' }), [400, 0]], // to its own port
        ['a dialog that is none', make('BYE', { To: '<sip:u1@sip.test>;tag=none' }), [481]],
    ];
};

describe('SIP-114 messages like those of RFC 4475', () => {
    test('SIP-114 by UDP each is answered as it should be, or not at all', async () => {
        const { party, client } = await atParty({ registers: true });
        const uri = contactOf(party.received[0]);
        const wrong = [];
        for (const [name, text, codes] of cases(uri, 'UDP')) {
            party.received.length = 0;
            await party.send(text, at());
            // what is asked after it is answered after it
            const ping = await party.request('OPTIONS', uri, at(), ['Call-ID-Is: last']);
            await until(`an answer after ${name}`, () => party.received.some((message) =>
                message.get('cseq') === ping.get('cseq') && message.get('call-id') === ping.get('call-id')));
            const id = /^call-id *: *(\S+)/im.exec(text)?.[1];
            const answer = party.received.find((message) => message.code && message.get('call-id') === id &&
                message !== ping);
            if (!codes.includes(answer?.code ?? 0))
                wrong.push(`${name}: ${answer?.start ?? 'nothing'}`);
        }
        assert.deepEqual(wrong, []);
        client.abort();
        await until('no call is left', async () =>
            (await exchange.server.metrics())['sluice_calls{direction="in"}'] === 0);
        await party.close();
    });

    test('SIP-114 by TCP as well, each on a connection of its own', async () => {
        const { party, client } = await atParty({ registers: true });
        const uri = contactOf(party.received[0]);
        const wrong = [];
        const one = async ([name, text, codes]) => {
            const socket = net.connect(at().port, '127.0.0.1');
            let bytes = '';
            const ended = new Promise((resolve) => socket.once('close', resolve));
            socket.on('error', () => {});
            socket.on('data', (more) => (bytes += more));
            // Behind what waits for more there is no answer; what the client is asked about comes later.
            socket.write(text + request('OPTIONS', uri, { 'Call-ID': 'last' }, { transport: 'TCP' }));
            const answers = () => [...bytes.matchAll(/^SIP\/2\.0 (\d+)[^]*?^call-id: (\S+)/gim)]
                .map(([, code, id]) => ({ code: Number(code), last: id === 'last' }));
            const last = until(`an answer after ${name}`, () => answers().some((answer) => answer.last) &&
                (codes.includes(0) || answers().length > 1), { timeout: 3000 }).catch(() => {});
            await Promise.race([ended, last]);
            socket.destroy();
            const code = answers().find((answer) => !answer.last)?.code ?? 0;
            if (!codes.includes(code))
                wrong.push(`${name}: ${code}, of ${JSON.stringify(answers())}`);
        };
        const left = cases(uri, 'TCP');
        while (left.length > 0) // libre's queue of new connections has five places
            await Promise.all(left.splice(0, 4).map(one));
        assert.deepEqual(wrong, []);
        const { call } = await callIn(client, party);
        assert.ok(call);
        await closeAll(client, party);
    });

    test('SIP-114 ten thousand packets that are none, and an account is reached', async () => {
        const { party, client } = await atParty({ registers: true });
        const uri = contactOf(party.received[0]);
        const whole = Buffer.from(cases(uri, 'UDP').find(([name]) => name === 'wsinv')[1]);
        for (let i = 0; i < 10_000; i++) {
            const packet = Buffer.from(whole);
            for (let j = 0; j < 1 + i % 9; j++)
                packet[(i * 7919 + j * 104729) % packet.length] = (i * 31 + j * 17) & 0xff;
            await party.send(i % 3 ? packet : packet.subarray(0, i % packet.length), at());
            if (i % 500 === 0)
                await client.settle();
        }
        const callee = await registrar();
        const second = await phone('u2', callee.port);
        await second.next('registered');
        assert.ok((await callIn(second, callee)).call);
        await closeAll(client, party, second, callee);
    });
});

const memory = () => Number(/VmRSS:\s+(\d+)/
    .exec(fs.readFileSync(`/proc/${exchange.server.pid}/status`, 'utf8'))[1]);

describe('floods and crowds', () => {
    test('ten thousand INVITEs of one address leave a registered account reachable', async () => {
        const { party, client } = await atParty({ registers: true });
        const stranger = await openParty(0, '127.0.0.3');
        const uri = contactOf(party.received[0]);
        const before = memory();
        let sent = 0, flooding = true;
        const flood = (async () => {
            for (; flooding && sent < 10_000; sent++)
                await stranger.request('INVITE', uri, at(), [stranger.contact], sdpOf(stranger));
        })();
        const { invite, call } = await callIn(client, party);
        client.send('hangup', { callId: call.callId });
        await party.next(486);
        assert.ok(invite);
        await flood;
        flooding = false;
        assert.equal(sent, 10_000);
        assert.ok(stranger.received.filter(({ code }) => code === 403).length < 300);
        assert.ok(sanitizer || memory() - before < 20_000, `${before} kB before, ${memory()} after`);
        await closeAll(client, party, stranger);
    });

    test('SIP-115 a thousand accounts are registered, refreshed in time, and small', async () => {
        const COUNT = 1000;
        const times = new Map();
        const party = await registrar((message) => {
            const key = message.get('call-id');
            times.set(key, [...(times.get(key) ?? []), message.at]);
            return party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=24`]);
        });
        const plain = [], before = memory();
        for (let i = 0; i < COUNT; i += 100)
            plain.push(...await Promise.all(Array.from({ length: 100 }, (_, j) =>
                phone(`u${i + j}`, party.port))));
        await until('all are registered', () => times.size === COUNT, { timeout: 20_000 });
        const grown = (memory() - before) / COUNT;
        await until('each has refreshed', () => [...times.values()].every((all) => all.length > 1),
            { timeout: 30_000 });
        for (const all of times.values())
            assert.ok(all[1] - all[0] < 24_000);
        console.log(`# ${grown.toFixed(1)} kB for an account and its session`);
        assert.ok(sanitizer || grown < 60, `${grown} kB, sessions included`);
        plain.forEach((client) => client.abort());
        await until('all have left', () => party.received.filter((message) =>
            message.get('expires') === '0').length >= COUNT, { timeout: 20_000 });
        await party.close();
    });
});
