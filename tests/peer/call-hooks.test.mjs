// SPDX-License-Identifier: GPL-3.0-or-later
// What back ends and clients change of a call: restPolicy=OVERWRITE of `call` (rest-hooks.md 3),
// sipSDP and sipHeaders (sip.md 4.1).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { Line, answerOf, event, lastOffer, newId, sdpOf } from './lib/calls.mjs';
import { freePorts } from './lib/ports.mjs';
import { offer } from './lib/sdp.mjs';
import { DOMAIN } from './lib/sip.mjs';

let server, backend, app, line;

before(async () => {
    const media = await freePorts(40);
    backend = await Backend.start();
    app = backend.endpoint('changed');
    app.config({ call: { restPolicy: 'OVERWRITE', restOnError: 'FAIL',
        restOverwrite: 'callee, visibleName, inviteParameters' } });
    server = await startWithApps({ changed: { url: app.url, methods: ['connect', 'call', 'answer',
        'hangup', 'hold', 'unhold', 'CallStatusEvent'] } },
    { port_from: await freePorts(1), client_sip_allow: '127.0.0.0/8', media_port_from: media,
        media_port_to: media + 39 });
    line = new Line(server);
});
after(async () => {
    await line?.close();
    await server?.stop();
    await backend?.stop();
});

const atParty = (registers = false) => line.atParty({ registers, more: { appKey: 'changed' } });
const answering = (fields) => app.on('call', ({ body }) => ({ body: { ...body, ...fields } }));

describe('what is changed of a call', { concurrency: 1 }, () => {
    test('the back end says who is called, under which name, with which parameters', async () => {
        const { party, client } = await atParty();
        answering({ callee: '2002', visibleName: 'Front "desk"', caller: 'somebody',
            inviteParameters: { x: '1' } });
        const { callId, invite } = await line.dial(client, party);
        assert.equal(invite.uri, `sip:2002@${DOMAIN};x=1`);
        assert.equal(invite.get('to'), `<sip:2002@${DOMAIN}>`);
        assert.match(invite.get('from'), new RegExp(`^"Front \\\\"desk\\\\"" <sip:u1@${DOMAIN}>`)); // not named
        await party.reply(invite, 486, 'Busy Here');
        assert.equal((await event(client, 'finish', callId, 'BUSY')).callee, '2002');
        const [asked] = app.of('call');
        assert.equal(asked.body.callee, '1001');
    });

    test('what it cannot mean ends the call', async () => {
        const { party, client } = await atParty();
        for (const [fields, info] of [[{ callee: '' }, 'CALLEE_NAME_IS_NULL'],
            [{ callee: 'sips:a@b' }, 'Bad callee: sips needs TLS']]) {
            answering(fields);
            const callId = newId();
            client.send('call', { callId, sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }),
                callee: '1001', caller: 'u1' });
            assert.equal((await event(client, 'finish', callId, 'FAILED')).info, info);
        }
        assert.equal(party.count('INVITE'), 0);
    });

    test('SIP-20 sipSDP and sipHeaders go where they may', async () => {
        const { party, client } = await atParty(true);
        answering({});
        const sipSDP = ['a=x-ours:1', 'b=AS:64', 'm=video 9 RTP/AVP 99', 'a=x\r\nm=video 9 RTP/AVP 99'];
        const { callId, invite } = await line.dial(client, party, { sipSDP, sipHeaders: { 'X-Ticket': '7',
            'User-to-User': '00', Via: 'SIP/2.0/UDP x', 'X-Bad': '1\r\nVia: x' } });
        assert.match(invite.body, /\r\nb=AS:64\r\n[^]*\r\na=x-ours:1\r\n[^]*m=audio/);
        assert.ok(!invite.body.includes('RTP/AVP 99'));
        assert.deepEqual([invite.get('x-ticket'), invite.get('user-to-user'), invite.all('via').length,
            invite.get('x-bad')], ['7', '00', 1, undefined]);
        client.send('hangup', { callId });
        const { invite: second, call } = await line.callIn(client, party);
        client.send('answer', { callId: call.callId, sdp: answerOf(lastOffer(client, call.callId)), sipSDP });
        const ok = await party.next(200);
        assert.match(ok.body, /\r\na=x-ours:1\r\n[^]*m=audio/);
        await party.within(second, ok, 'ACK', line.at);
    });

    test('hooks come in the order of what happens', async () => {
        const { party, client } = await atParty();
        answering({});
        const { callId } = await line.established(client, party);
        for (const [order, body] of [['hold', /sendonly/], ['unhold', /sendrecv/]]) {
            client.send(order, { callId });
            const again = await party.next('INVITE');
            assert.match(again.body, body);
            await party.reply(again, 200, 'OK', [party.contact],
                sdpOf(party, { direction: order === 'hold' ? 'recvonly' : 'sendrecv' }));
            await party.next('ACK');
            await event(client, order === 'hold' ? 'hold' : 'talk', callId);
        }
        client.send('hangup', { callId });
        await party.next('BYE');
        await app.next('CallStatusEvent', (body) => body.callId === callId && body.status === 'FINISH');
        assert.deepEqual(app.requests.filter(({ body }) => body?.callId === callId)
            .map(({ method, body }) => method === 'CallStatusEvent' ? body.status : method),
        ['call', 'ESTABLISHED', 'hold', 'HOLD', 'unhold', 'ESTABLISHED', 'hangup', 'FINISH']);
    });
});
