// SPDX-License-Identifier: GPL-3.0-or-later
// Clients with telephones, and whom they talk to: what the tests of telephones begin with.
import assert from 'node:assert/strict';
import { freePorts } from './ports.mjs';
import { DOMAIN, Party, StreamParty } from './sip.mjs';
import { offer } from './sdp.mjs';
import { Server } from './server.mjs';
import { WcsClient } from './wcs.mjs';

export const account = (user, port, more = {}) => ({
    sipRegisterRequired: true, sipLogin: user, sipAuthenticationName: user,
    sipPassword: `p${user.slice(1)}`, sipDomain: DOMAIN, sipOutboundProxy: '127.0.0.1',
    sipPort: port, ...more,
});

const ids = new Set();
export const newId = () => {
    const id = `call-${ids.size}-${Math.random().toString(36).slice(2)}`;
    ids.add(id);
    return id;
};

// What a telephone says: G.711 at a port where nobody listens.
export const sdpOf = (party, { codecs = '8 0', direction = 'sendrecv', version = 1, port = 40000 } = {}) =>
    ['v=0', `o=party 1 ${version} IN IP4 ${party.address}`, 's=-', `c=IN IP4 ${party.address}`, 't=0 0',
        `m=audio ${port} RTP/AVP ${codecs}`, `a=${direction}`, ''].join('\r\n');

export const event = (client, name, callId, status) => client.next(name, (data) =>
    data.callId === callId && (!status || data.status === status)).then(({ data }) => data[0]);

// What a browser would answer to an offer of ours: its first codec and the next.
export function answerOf(sdp) {
    return sdp.split('\r\n').filter((line) => !/^a=(candidate|end-of|ice-lite|ssrc|msid)/.test(line))
        .map((line) => line.replace('a=setup:actpass', 'a=setup:active')
            .replace(/^a=ice-(ufrag|pwd):.*/, (_, which) => `a=ice-${which}:${'b'.repeat(24)}`))
        .join('\r\n');
}

export function browserAnswer(client, callId) {
    const { data: [, sdp] } = client.received.findLast(({ message, data }) =>
        message === 'setRemoteSDP' && data[0] === callId);
    assert.match(sdp, /a=ice-lite/);
    assert.match(sdp, /a=setup:actpass/);
    return answerOf(sdp);
}

export async function closeAll(...closables) {
    for (const closable of closables)
        await (closable.abort ? closable.abort() : closable.close());
}

export const contactOf = (message) => /<([^>]+)>/.exec(message.get('contact'))[1];

// A server, and all who were opened for its tests. The functions may be taken out of it before it
// has started.
export class Phones {
    #clients = [];
    #parties = [];

    async start(options = {}, more = {}) {
        const media = await freePorts(40);
        this.server = await Server.start({ port_from: await freePorts(2),
            client_sip_allow: '127.0.0.0/8', media_port_from: media, media_port_to: media + 39,
            log_level: 'DEBUG', ...options }, more);
        return this.server;
    }

    async stop() {
        this.#clients.forEach((client) => client.abort());
        await Promise.all(this.#parties.map((party) => party.close()));
        await this.server?.stop();
    }

    phone = async (user, port, more) => {
        const client = await WcsClient.session(this.server.ws, account(user, port, more));
        this.#clients.push(client);
        return client;
    };

    openParty = async (...where) => {
        const party = await Party.open(...where);
        this.#parties.push(party);
        return party;
    };

    // Over TCP, or TLS with a certificate.
    openStream = async (certificate) => {
        const party = await StreamParty.open(0, '127.0.0.1', certificate);
        this.#parties.push(party);
        return party;
    };

    // What the server has at the SIP port, for a party that sends first.
    at = () => ({ address: '127.0.0.1', port: this.server.options.port_from });

    // A registrar that answers everything with 200, or with what answer() says.
    registrar = async (answer = () => undefined, party = undefined) => {
        party ??= await this.openParty();
        party.on = (message) => {
            if (message.method !== 'REGISTER')
                return false;
            if (!answer(message, party.count('REGISTER')))
                party.reply(message, 200, 'OK', [`Contact: ${message.get('contact')};expires=3600`]);
            return true;
        };
        return party;
    };

    // A client whose account is at a party's, not registered unless it is to be called.
    atParty = async ({ registers = false, more = {} } = {}) => {
        const party = await this.registrar();
        const client = await this.phone('u1', party.port, { sipRegisterRequired: registers, ...more });
        if (registers)
            await client.next('registered');
        return { party, client };
    };

    // A call to the party, up to its INVITE.
    dial = async (client, party, fields = {}) => {
        const callId = newId();
        client.send('call', { callId, incoming: false, hasVideo: false, hasAudio: true,
            status: 'PENDING', mediaProvider: 'WebRTC',
            sdp: offer({ kinds: ['audio'], direction: 'sendrecv' }),
            caller: 'u1', callee: '1001', visibleName: '', ...fields });
        return { callId, invite: await party.next('INVITE') };
    };

    // The same, answered. lines: of the answer.
    established = async (client, party, fields, lines = []) => {
        const { callId, invite } = await this.dial(client, party, fields);
        const raw = await party.reply(invite, 200, 'OK', [party.contact, ...lines], sdpOf(party));
        const ack = await party.next('ACK');
        const talk = await event(client, 'talk', callId, 'ESTABLISHED');
        return { callId, invite, raw, ack, talk };
    };

    // A call from the party, up to the client's ring. lines, body: of the INVITE; uri: what it asks
    // for, of the account's contact. As any UDP client it says so again until it is heard.
    callIn = async (client, party,
        { body = sdpOf(party), lines = [], to = this.at(), uri = (contact) => contact } = {}) => {
        const contact = contactOf(party.received.find(({ method }) => method === 'REGISTER'));
        const invite = await party.request('INVITE', uri(contact), to, [party.contact, ...lines], body);
        const again = setInterval(() => party.send(invite.raw, to).catch(() => {}), 500);
        const incoming = await client.next('notifyIncomingCall').finally(() => clearInterval(again));
        return { invite, call: incoming.data[0] };
    };

    // A call from the party that talks.
    talking = async (client, party, more) => {
        const { invite, call } = await this.callIn(client, party, more);
        client.send('answer', { callId: call.callId, sdp: browserAnswer(client, call.callId) });
        const ok = await party.next(200);
        await party.within(invite, ok, 'ACK', this.at());
        await event(client, 'talk', call.callId, 'ESTABLISHED');
        return { invite, call, ok };
    };
}
