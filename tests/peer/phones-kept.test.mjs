// SPDX-License-Identifier: GPL-3.0-or-later
// Clients that leave their telephone behind and come back for it: statements RESUME-n of
// rooms-mixers-diagnostics.md, as far as accounts and calls are concerned.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Line, answerOf, account, event, lastOffer } from './lib/calls.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/wait.mjs';

const METHODS = ['connect', 'ConnectionStatusEvent', 'RegistrationStatusEvent', 'OnCallEvent',
    'CallStatusEvent'];

let server, backend, line, app;

before(async () => {
    const media = await freePorts(40);
    backend = await Backend.start();
    app = backend.endpoint('kept');
    app.config({});
    server = await startWithApps({ kept: { url: app.url, methods: METHODS } },
        { port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8', media_port_from: media,
            media_port_to: media + 39, keep_alive_ring_timeout_s: 2 });
    line = new Line(server);
});
after(async () => {
    await line?.close();
    await server?.stop();
    await backend?.stop();
});

const kept = (party, more = {}) => ({ appKey: 'kept', keepAlive: true,
    ...account('u1', party.port, more) });

// A registered client that has gone; what it left.
async function left(party) {
    const client = await line.client(kept(party));
    await client.next('registered');
    client.abort();
    await until('it is kept', async () => (await connections()).some((one) =>
        one.sessionId === client.userData.authToken && one.status === 'DISCONNECTED'));
    return client.userData.authToken;
}

async function connections() {
    const response = await fetch(`${server.http}/rest-api/connection/find_all`);
    return response.status === 200 ? response.json() : [];
}

const back = (authToken, more = {}) => line.client({ appKey: 'kept', keepAlive: true, authToken, ...more });
const about = (token) => (body) => body.sessionId === token;

describe('a telephone that was left', { concurrency: 8 }, () => {
    test('RESUME-3 is registered still, and its client hears so behind getUserData', async () => {
        const party = await line.registrar();
        const token = await left(party);
        const client = await back(token);
        assert.equal(client.userData.sipLogin, 'u1');
        assert.equal(client.userData.sipPassword, undefined);
        assert.notEqual(client.userData.authToken, token);
        const [registered] = (await client.next('registered')).data;
        assert.match(registered.sipMessageRaw, /^SIP\/2\.0 200 OK\r\n/);
        const names = client.received.map(({ message }) => message);
        assert.ok(names.indexOf('getUserData') < names.indexOf('registered'));
        assert.equal(party.count('REGISTER'), 1);
        for (const wanted of ['DISCONNECTED', 'ESTABLISHED'])
            await app.next('ConnectionStatusEvent', (body) => body.status === wanted &&
                body.sessionId === (wanted === 'DISCONNECTED' ? token : client.userData.authToken));
        const told = await app.next('RegistrationStatusEvent', about(client.userData.authToken));
        assert.equal(told.body.status, 'REGISTERED');
        assert.ok(!(await connections()).some(({ sessionId }) => sessionId === token));
        // The account is this client's now: it is called, and leaves with it.
        const { call } = await line.callIn(client, party);
        assert.equal(call.caller, 'ext');
        client.send('hangup', { callId: call.callId });
        await party.next(486);
    });

    test('RESUME-7 rings for a while, and the call is given to who comes back', async () => {
        const party = await line.registrar();
        const token = await left(party);
        let answering;
        const invite = await line.invite(party, async () => { answering = await party.next(180); });
        assert.ok(answering);
        const told = await app.next('OnCallEvent', about(token));
        assert.equal(told.body.sipMessageRaw, invite.raw);
        const client = await back(token);
        const incoming = (await client.next('notifyIncomingCall')).data[0];
        assert.equal(incoming.sipMessageRaw, invite.raw);
        const names = client.received.map(({ message }) => message)
            .filter((name) => /registered|SDP|Incoming|ring/.test(name));
        assert.deepEqual(names.slice(0, 3), ['registered', 'setRemoteSDP', 'notifyIncomingCall']);
        await event(client, 'ring', incoming.callId, 'RING');
        client.send('answer', { callId: incoming.callId,
            sdp: answerOf(lastOffer(client, incoming.callId)) });
        const ok = await party.next(200);
        await party.within(invite, ok, 'ACK', line.at);
        await event(client, 'talk', incoming.callId, 'ESTABLISHED');
    });

    test('RESUME-7 RESUME-9 rings in vain, and is given up when an operator says so', async () => {
        const party = await line.registrar();
        const token = await left(party);
        await line.invite(party, () => party.next(180));
        await party.next(480, 6_000);
        const ended = await fetch(`${server.http}/rest-api/connection/terminate`, { method: 'POST',
            headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ sessionId: token }) });
        assert.equal(ended.status, 200);
        await until('it leaves the registrar', () => party.received.some((one) =>
            one.method === 'REGISTER' && one.get('expires') === '0'));
        await app.next('RegistrationStatusEvent', (body) => body.sessionId === token &&
            body.status === 'UNREGISTERED');
    });

    test('RESUME-12 a call goes on while its client is away, and ends with its media', async () => {
        const party = await line.registrar();
        const client = await line.client(kept(party));
        await client.next('registered');
        const talking = await line.established(client, party);
        client.abort();
        await until('it is kept', async () => (await connections()).some((one) =>
            one.sessionId === client.userData.authToken && one.status === 'DISCONNECTED'));
        const again = await back(client.userData.authToken);
        await again.next('registered');
        const talk = await event(again, 'talk', talking.callId, 'ESTABLISHED');
        assert.equal(talk.callee, '1001');
        assert.equal(party.count('BYE'), 0);
        again.send('hold', { callId: talking.callId });
        const hold = await party.next('INVITE');
        assert.match(hold.body, /a=sendonly/);
        await party.reply(hold, 200, 'OK', [party.contact], hold.body.replace('sendonly', 'recvonly'));
        await event(again, 'hold', talking.callId, 'HOLD');
        again.send('hangup', { callId: talking.callId });
        await party.next('BYE');
    });
});
