// SPDX-License-Identifier: GPL-3.0-or-later
// Clients that call and are called by a scripted party, without media.
import assert from 'node:assert/strict';
import { account, event, newId, sdpOf } from './phones.mjs';
import { Party } from './sip.mjs';
import { offer } from './sdp.mjs';
import { WcsClient } from './wcs.mjs';

export { account, answerOf, event, newId, sdpOf } from './phones.mjs';

export function lastOffer(client, callId) {
    const { data: [, sdp] } = client.received.findLast(({ message, data }) =>
        message === 'setRemoteSDP' && data[0] === callId);
    assert.match(sdp, /a=ice-lite/);
    return sdp;
}

// Everybody whom one server has to do with; all are let go by close().
export class Line {
    #clients = [];
    #parties = [];

    constructor(server) {
        this.server = server;
    }

    // What the server has at the SIP port, for a party that sends first.
    get at() {
        return { address: '127.0.0.1', port: this.server.options.port_from };
    }

    // A registrar that answers everything with 200, or with what answer() says.
    async registrar(answer = () => undefined) {
        const party = await Party.open();
        this.#parties.push(party);
        party.on = (message) => {
            if (message.method !== 'REGISTER')
                return false;
            if (!answer(message, party.count('REGISTER')))
                party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=3600`]);
            return true;
        };
        return party;
    }

    async client(fields, options) {
        const client = await WcsClient.session(this.server.ws, fields, options);
        this.#clients.push(client);
        return client;
    }

    // A client whose account is at a party's, not registered unless it is to be called.
    async atParty({ registers = false, more = {} } = {}) {
        const party = await this.registrar();
        const client = await this.client(account('u1', party.port,
            { sipRegisterRequired: registers, ...more }));
        if (registers)
            await client.next('registered');
        return { party, client };
    }

    // A call to the party, up to its INVITE.
    async dial(client, party, fields = {}) {
        const callId = newId();
        client.send('call', { callId, incoming: false, hasVideo: false, hasAudio: true,
            status: 'PENDING', mediaProvider: 'WebRTC',
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }),
            caller: 'u1', callee: '1001', visibleName: '', ...fields });
        return { callId, invite: await party.next('INVITE') };
    }

    // The same, answered.
    async established(client, party, fields) {
        const { callId, invite } = await this.dial(client, party, fields);
        const raw = await party.reply(invite, 200, 'OK', [party.contact], sdpOf(party));
        const ack = await party.next('ACK');
        const talk = await event(client, 'talk', callId, 'ESTABLISHED');
        return { callId, invite, raw, ack, talk };
    }

    // An INVITE to the account of the party's last REGISTER; as any UDP client it says so again
    // until it is heard: heard() is a promise.
    async invite(party, heard, { body = sdpOf(party), lines = [] } = {}) {
        const contact = /<([^>]+)>/.exec(party.received.findLast(({ method }) => method === 'REGISTER')
            .get('contact'))[1];
        const invite = await party.request('INVITE', contact, this.at, [party.contact, ...lines], body);
        const again = setInterval(() => party.send(invite.raw, this.at).catch(() => {}), 500);
        await heard().finally(() => clearInterval(again));
        return invite;
    }

    // A call from the party, up to the client's ring.
    async callIn(client, party, options) {
        let incoming;
        const invite = await this.invite(party, async () => {
            incoming = await client.next('notifyIncomingCall');
        }, options);
        return { invite, call: incoming.data[0] };
    }

    async close() {
        this.#clients.forEach((client) => client.abort());
        await Promise.all(this.#parties.map((party) => party.close()));
    }
}
