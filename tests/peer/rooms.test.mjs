// SPDX-License-Identifier: GPL-3.0-or-later
// Rooms (rooms-mixers-diagnostics.md 1): raw clients for every word of the protocol, Chromium with
// the official SDK for streams, and the official example pages as they are.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Backend, startWithApps } from './lib/backend.mjs';
import { call, open as openBare, SMALL } from './lib/bare.mjs';
import { Browser, peers, text } from './lib/browser.mjs';
import { EXAMPLES, paintScreen, startPages } from './lib/pages.mjs';
import { freePorts } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';
import { offer } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { SshUser } from './lib/ssh.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';

const NAMELESS = Symbol('no login');
let server, backend, endpoint, browser, pages, number = 0;

const unique = (what) => `${what}-${++number}`;

// A member as the SDK's RoomApi is one, without its pictures.
class Member {
    static async connect(login, { custom = {}, ...options } = {}) {
        const member = new Member();
        member.login = login;
        member.client = await WcsClient.session((options.server ?? server).ws, { appKey: 'roomApp',
            custom: { ...(login !== NAMELESS && { login }), ...custom }, ...options.fields },
        options);
        return member;
    }

    // The DataStatusEvent of a payload.
    async send(payload) {
        const operationId = randomUUID();
        this.client.send('sendData', { operationId, payload });
        const { data } = await this.client.next('DataStatusEvent',
            (event) => event.operationId === operationId);
        return data[0];
    }
    async ok(payload) {
        const answer = await this.send(payload);
        assert.equal(answer.status, 'ACCEPTED', JSON.stringify([payload, answer]));
        assert.equal(answer.info, undefined);
    }
    async fails(payload, info) {
        const answer = await this.send(payload);
        assert.deepEqual([answer.status, answer.info], ['FAILED', info], JSON.stringify(payload));
    }

    static command(command, name, options) {
        return { command, options: { name, ...options } };
    }
    // The STATE that it brings.
    async join(room, options) {
        await this.ok(Member.command('join', room, options));
        return (await this.event(room, 'STATE')).info;
    }
    leave(room) {
        return this.ok(Member.command('leave', room));
    }
    static message(room, to, words) {
        return { command: 'sendMessage', options: { roomConfig: { name: room }, to, text: words } };
    }

    async event(room, name, accept = () => true) {
        const { data } = await this.client.next('OnDataEvent', ({ payload }) =>
            payload.roomName === room && payload.name === name && accept(payload.info));
        assert.deepEqual(Object.keys(data[0]).sort(), ['operationId', 'payload']);
        return data[0].payload;
    }
    // All it has heard of a room, as [name, info].
    heard(room) {
        return this.client.received.filter(({ message, data }) =>
            message === 'OnDataEvent' && data[0].payload.roomName === room)
            .map(({ data }) => [data[0].payload.name, data[0].payload.info]);
    }
    close() {
        return this.client.close();
    }
}

async function members(room, ...logins) {
    const list = [];
    for (const login of logins) {
        list.push(await Member.connect(login));
        await list.at(-1).join(room);
    }
    return list;
}

async function rest(path, body, { http } = server) {
    const response = await fetch(http + path, body && {
        method: 'POST', body: JSON.stringify(body) });
    const answer = await response.text();
    return { status: response.status, body: answer && JSON.parse(answer) };
}

const rooms = async () => (await rest('/api/v1/rooms')).body;

const noRooms = () => until('no rooms', async () => {
    const list = await rooms();
    if (list.length === 0)
        return true;
    throw new Error(JSON.stringify(list));
});

// A page with the official SDK whose login is this.
const publisher = (login) => openBare(browser, pages, server,
    { session: { appKey: 'roomApp', custom: { login } } });
function sendFrom(page, payload) {
    return call(page, 'sendSessionData', payload);
}

before(async () => {
    backend = await Backend.start();
    endpoint = backend.endpoint('roomApp');
    [server, browser, pages] = await Promise.all([
        startWithApps({ roomApp: { url: endpoint.url, methods: ['connect', 'OnDataEvent'] },
            otherRooms: { url: backend.url, methods: [] },
            defaultApp: { url: backend.url, methods: [] } },
        { room_app_keys: 'roomApp,otherRooms', 'keep_alive.server_interval': 1000 }),
        Browser.open(), startPages()]);
});
after(async () => {
    await browser?.close();
    await pages?.close();
    await server?.stop();
    await backend?.stop();
});

describe('members', () => {
    test('ROOM-1 ROOM-2 ROOM-3: STATE to who joins, JOINED to the others', async () => {
        const room = unique('room');
        const [anna, bert] = await members(room, 'anna', 'bert');
        const carl = await Member.connect('carl');
        assert.deepEqual(await carl.join(room), ['anna', 'bert']);
        await bert.event(room, 'JOINED', (login) => login === 'carl');
        assert.deepEqual(anna.heard(room), [['STATE', []], ['JOINED', 'bert'], ['JOINED', 'carl']]);
        assert.deepEqual(bert.heard(room), [['STATE', ['anna']], ['JOINED', 'carl']]);
        assert.deepEqual(carl.heard(room), [['STATE', ['anna', 'bert']]]);
        const order = carl.client.received.map(({ message }) => message)
            .filter((message) => /Data/.test(message) && message !== 'getUserData');
        assert.deepEqual(order, ['DataStatusEvent', 'OnDataEvent'], 'ACCEPTED comes first');
        await Promise.all([anna, bert, carl].map((member) => member.close()));
    });

    test('joining again brings a new STATE, and nothing to the others', async () => {
        const room = unique('room');
        const [anna, bert] = await members(room, 'anna', 'bert');
        assert.deepEqual(await bert.join(room), ['anna']);
        await anna.client.settle();
        assert.deepEqual(anna.heard(room), [['STATE', []], ['JOINED', 'bert']]);
        await Promise.all([anna.close(), bert.close()]);
    });

    test('ROOM-7: who leaves is told so, and hears nothing more', async () => {
        const room = unique('room');
        const [anna, bert, carl] = await members(room, 'anna', 'bert', 'carl');
        await bert.leave(room);
        await anna.event(room, 'LEFT', (login) => login === 'bert');
        await carl.leave(room);
        await anna.event(room, 'LEFT', (login) => login === 'carl');
        await bert.client.settle();
        assert.deepEqual(bert.heard(room), [['STATE', ['anna']], ['JOINED', 'carl']]);
        await bert.fails(Member.command('leave', room), 'Not in the room');
        await Promise.all([anna, bert, carl].map((member) => member.close()));
    });

    test('ROOM-8 ROOM-9: a message reaches whom it is for, as it was', async () => {
        const room = unique('room');
        const [anna, bert, carl] = await members(room, 'anna', 'bert', 'carl');
        const words = 'one\ntwo "three" \\ \u{1f600} <b>';
        await anna.ok(Member.message(room, 'bert', words));
        assert.deepEqual((await bert.event(room, 'MESSAGE')).info,
            { from: 'anna', to: 'bert', text: words, roomConfig: { name: room } });
        await anna.fails(Member.message(room, 'dora', words), 'Participant not found');
        await anna.fails(Member.message(room, 'anna', words), 'Participant not found');
        await anna.fails(Member.message(room, 'bert', 5), 'Message is not valid');
        await anna.ok(Member.message(room, 'bert', 'x'.repeat(8192)));
        await anna.fails(Member.message(room, 'bert', 'x'.repeat(8193)), 'Message is not valid');
        const stranger = await Member.connect('stranger');
        await stranger.fails(Member.message(room, 'bert', words), 'Not in the room');
        assert.equal(carl.heard(room).filter(([name]) => name === 'MESSAGE').length, 0);
        await Promise.all([anna, bert, carl, stranger].map((member) => member.close()));
    });

    test('ROOM-10 ROOM-12: a login is in a room once, and free when its session goes', async () => {
        const room = unique('room');
        const [anna, bert] = await members(room, 'anna', 'bert');
        const twin = await Member.connect('anna');
        await twin.fails(Member.command('join', room), 'Login is already in the room');
        await bert.client.settle();
        assert.deepEqual(bert.heard(room), [['STATE', ['anna']]]);
        const before = performance.now();
        anna.client.abort();
        await bert.event(room, 'LEFT', (login) => login === 'anna');
        assert.ok(performance.now() - before < 1000);
        assert.deepEqual(await twin.join(room), ['bert']);
        await Promise.all([bert, twin].map((member) => member.close()));
    });

    test('ROOM-11: who does not answer pings gives way to the same login', async () => {
        const room = unique('room');
        const bert = await Member.connect('bert');
        await bert.join(room);
        const frozen = await Member.connect('anna', { autoPong: false });
        await frozen.join(room);
        const anna = await Member.connect('anna');
        await anna.fails(Member.command('join', room), 'Login is already in the room');
        await until('two pings are missed', async () =>
            (await anna.send(Member.command('join', room))).status === 'ACCEPTED',
        { interval: 200 });
        await frozen.client.closed;
        await bert.event(room, 'LEFT');
        assert.deepEqual(bert.heard(room), [['STATE', []], ['JOINED', 'anna'], ['LEFT', 'anna'],
            ['JOINED', 'anna']]);
        await Promise.all([anna, bert].map((member) => member.close()));
    });

    test('ROOM-13: a session in two rooms hears each by its name', async () => {
        const [one, two] = [unique('room'), unique('room')];
        const [anna, bert] = await members(one, 'anna', 'bert');
        await anna.join(two);
        const [carl] = await members(two, 'carl');
        await anna.event(two, 'JOINED');
        await bert.leave(one);
        await anna.event(one, 'LEFT');
        assert.deepEqual(anna.heard(one), [['STATE', []], ['JOINED', 'bert'], ['LEFT', 'bert']]);
        assert.deepEqual(anna.heard(two), [['STATE', []], ['JOINED', 'carl']]);
        await Promise.all([anna, bert, carl].map((member) => member.close()));
    });

    test('ROOM-14: the same name in two applications is two rooms', async () => {
        const room = unique('room');
        const [anna] = await members(room, 'anna');
        const other = await Member.connect('anna', { fields: { appKey: 'otherRooms' } });
        assert.deepEqual(await other.join(room), []);
        assert.deepEqual((await rooms()).filter(({ name }) => name === room)
            .map(({ appKey }) => appKey).sort(), ['otherRooms', 'roomApp']);
        await Promise.all([anna.close(), other.close()]);
    });

    test('ROOM-17 ROOM-21: names and payloads that cannot be are refused, and harm nobody',
        async () => {
            const member = await Member.connect('anna');
            for (const name of ['a#b', '#', 'a/b', 'a\\b', 'a\u0007', 'a\u0085', '', ' a', 'a ',
                'x'.repeat(129), undefined, 5, null, ['a'], {}])
                await member.fails(Member.command('join', name), 'Room name is not valid');
            for (const login of [NAMELESS, '', 'a#b', 'x'.repeat(65), ' a', 'a\u001b']) {
                const other = await Member.connect(login);
                await other.fails(Member.command('join', 'room'), 'Login is not valid');
                await other.close();
            }
            for (const payload of [{ command: 'join', options: 5 }, { command: 'join' },
                { command: 'jump', options: {} }, { command: 7, options: {} },
                { command: 'join', options: [] }, { command: null }])
                await member.fails(payload, 'Unknown command');
            await member.fails(Member.command('leave', ['a']), 'Not in the room');
            await member.fails({ command: 'sendMessage', options: { roomConfig: 'x', to: 1 } },
                'Not in the room');
            await member.fails(Member.message('room', 'x', 'y'.repeat(200_000)),
                'Data is too large');
            const [room] = ['x'.repeat(128)];
            await member.join(room);
            await member.leave(room);
            // what a tree cannot hold: a lone surrogate, a NUL
            for (const escape of ['\\ud800', '\\u0000']) {
                member.client.sendRaw(`{"message":"sendData","data":[{"operationId":"odd","payload":` +
                    `{"command":"join","options":{"name":"a${escape}"}}}]}`);
                const { data: [answer] } = await member.client.next('DataStatusEvent');
                assert.deepEqual([answer.operationId, answer.status], ['odd', 'FAILED']);
            }
            await member.ok({ anything: 'else is data for the back end' });
            await member.ok('text');
            await member.close();
        });

    test('ROOM-18: who exceeds a limit is refused, and nobody else', async () => {
        const member = await Member.connect('anna');
        const list = Array.from({ length: 8 }, () => unique('room'));
        for (const room of list)
            await member.join(room);
        await member.fails(Member.command('join', unique('room')), 'Too many rooms in this session');
        const bert = await Member.connect('bert');
        assert.deepEqual(await bert.join(list[0]), ['anna']);
        const answers = await Promise.all(Array.from({ length: 200 }, () =>
            bert.send(Member.message(list[0], 'anna', 'flood'))));
        const refused = answers.filter(({ status }) => status === 'FAILED');
        assert.ok(refused.length > 20 && refused.length < 150, String(refused.length));
        assert.deepEqual([...new Set(refused.map(({ info }) => info))], ['Too many requests']);
        await member.leave(list[1]);
        await Promise.all([member.close(), bert.close()]);
    });

    test('ROOM-19: the back end sees commands, and its 403 refuses where it counts', async () => {
        const member = await Member.connect('anna');
        const room = unique('room');
        endpoint.on('OnDataEvent', 'refuse');
        await member.join(room); // restOnError is not FAIL
        const { body } = await endpoint.next('OnDataEvent',
            ({ payload }) => payload?.options?.name === room);
        assert.deepEqual(body.payload, { command: 'join', options: { name: room } });
        assert.ok(body.operationId && body.sessionId && body.appKey === 'roomApp');
        await member.close();
        endpoint.config({ OnDataEvent: { restOnError: 'FAIL' } });
        const strict = await Member.connect('bert');
        const answer = await strict.send(Member.command('join', room));
        assert.equal(answer.status, 'FAILED');
        assert.match(answer.info, /403/);
        endpoint.on('OnDataEvent', 'echo');
        assert.deepEqual(await strict.join(room), []);
        await strict.close();
        endpoint.on('connect', 'echo');
    });

    test('ROOM-20: custom.token is for the back end, and in no log line and no answer', async () => {
        const token = 'canary-token-of-a-room';
        const member = await Member.connect('anna', { custom: { token } });
        const { body } = await endpoint.next('connect', ({ custom }) => custom?.token === token);
        assert.equal(body.custom.login, 'anna');
        const all = await rest('/rest-api/connection/find_all');
        assert.equal(all.status, 200);
        assert.ok(!JSON.stringify(all.body).includes(token));
        assert.ok(!JSON.stringify(member.client.userData).includes(token));
        await member.join(unique('room'));
        await member.close();
        assert.ok(!server.log.includes(token));
    });

    test('ROOM-22: with its last member a room is gone, and its wish to be recorded', async () => {
        const room = unique('room');
        const member = await Member.connect('anna');
        await member.join(room, { record: true });
        const [found] = (await rooms()).filter(({ name }) => name === room);
        assert.equal(found.record, true);
        assert.ok(Date.now() - found.createDate < 60_000);
        assert.deepEqual(found.participants, [{ login: 'anna',
            sessionId: member.client.userData.authToken, streams: [] }]);
        await member.leave(room);
        assert.deepEqual((await rooms()).filter(({ name }) => name === room), []);
        await member.join(room);
        assert.equal((await rooms()).find(({ name }) => name === room).record, false);
        await member.close();
        await noRooms();
    });

    test('CLI-21: the operator lists rooms, has one leave, and ends them', async () => {
        const room = unique('room'), port = await freePorts(1);
        const other = await Server.start({ 'cli.port': port, 'cli.address': '127.0.0.1' });
        try {
            const admin = new SshUser({ port, password:
                fs.readFileSync(`${other.stateDir}/admin-password`, 'utf8').trim() });
            const people = await Promise.all(['anna', 'bert', 'carl'].map((login) =>
                Member.connect(login, { server: other })));
            for (const member of people)
                await member.join(room);
            const [anna, bert, carl] = people;
            const { out } = await admin.run(`show rooms | grep ${room}`);
            assert.match(out, new RegExp(`^${room} +roomApp +3 +0 +false `));
            assert.match((await admin.run('show rooms -d')).out, /bert/);
            const terminate = async (body) =>
                (await rest('/api/v1/rooms/terminate', body, other)).status;
            assert.equal(await terminate({ name: room, login: 'x' }), 404);
            assert.equal(await terminate({ name: 'x' }), 404);
            assert.equal(await terminate({}), 400);
            assert.equal(await terminate({ name: room, login: 'bert' }), 200);
            await carl.event(room, 'LEFT', (login) => login === 'bert');
            await bert.client.settle();
            assert.deepEqual(bert.heard(room).slice(-2), [['LEFT', 'anna'], ['LEFT', 'carl']]);
            assert.deepEqual(await bert.join(room), ['anna', 'carl']); // its session has stayed
            assert.equal((await admin.run(`kill room ${room}`)).code, 0);
            await anna.event(room, 'LEFT', (login) => login === 'carl');
            assert.match((await admin.run(`kill room ${room}`)).err, /^Error: No such room/);
            assert.deepEqual((await rest('/api/v1/rooms', undefined, other)).body, []);
            await Promise.all(people.map((member) => member.close()));
        } finally {
            await other.stop();
        }
    });

    test('1 000 rooms come and go, and nothing is left', async () => {
        await noRooms();
        let first;
        for (let batch = 0; batch < 3; batch++) { // the first one fills caches
            const list = await Promise.all(Array.from({ length: 20 }, (_, i) =>
                Member.connect(`many-${i}`)));
            first ??= server.usage();
            for (let round = 0; round < 20; round++) {
                await Promise.all(list.map(async (member, i) => {
                    const room = `many-${round}-${i >> 1}`;
                    await member.ok(Member.command('join', room));
                    await member.ok(Member.command('join', `${room}-${i}`));
                    await member.ok(Member.command('leave', room));
                    await member.ok(Member.command('leave', `${room}-${i}`));
                }));
            }
            assert.deepEqual(await rooms(), []);
            await Promise.all(list.map((member) => member.close()));
        }
        const { fds, rssKb } = server.usage();
        assert.ok(fds <= first.fds, `${first.fds} -> ${fds} descriptors`);
        assert.ok(rssKb - first.rssKb < 10_000, `${first.rssKb} -> ${rssKb} kB`);
    });
});

describe('streams of a room', () => {
    test('ROOM-15 ROOM-16: a room is for its members, and names in it for their owners', async () => {
        const room = unique('room');
        const [anna, bert] = await members(room, 'anna', 'bert');
        const refused = async (member, id, why = 'Restricted access') => {
            const { status, info } = await member.client.status(id);
            assert.deepEqual([status, info], ['FAILED', why]);
        };
        const inRoom = { custom: { name: room } };
        const stranger = await Member.connect('stranger');
        await refused(stranger, stranger.client.publish(`${room}-stranger-1`, offer(), inRoom));
        await refused(stranger, stranger.client.play(`${room}-anna-1`, offer(), inRoom));
        await refused(anna, anna.client.publish(`${room}-bert-1`, offer(), inRoom));
        await refused(anna, anna.client.publish(`${room}-annabel`, offer(), inRoom));
        await refused(anna, anna.client.publish('something', offer(), inRoom));
        const id = anna.client.publish(`${room}-anna`, offer(), inRoom);
        await anna.client.next('setRemoteSDP', (sdpId) => sdpId === id);
        anna.client.unpublish(id, `${room}-anna`);
        await anna.client.status(id, 'UNPUBLISHED');
        await bert.client.settle();
        assert.deepEqual(bert.heard(room), [['STATE', ['anna']]], 'it was never live');

        const page = await publisher('dora');
        assert.equal(await sendFrom(page, Member.command('join', room)), 'ACCEPTED');
        const name = `${room}-dora-1a2b`;
        const event = await call(page, 'publish', 'in-room', name, { constraints: SMALL,
            custom: { name: room } });
        assert.equal(event.status, 'PUBLISHING', event.info);
        assert.deepEqual((await bert.event(room, 'PUBLISHED')).info, { login: 'dora', name });
        const play = (member) => member.client.play(name, offer({ direction: 'recvonly' }));
        await refused(stranger, play(stranger));
        stranger.client.send('availableStream', { mediaSessionId: 'a', name });
        const { data: [available] } = await stranger.client.next('availableStream');
        assert.deepEqual([available.status, available.info], ['false', 'Restricted access']);
        stranger.client.send('snapshot', { mediaSessionId: 'a', name });
        const { data: [picture] } = await stranger.client.next('notifyStreamEvent');
        assert.deepEqual([picture.type, picture.payload.info],
            ['snapshotFailed', 'Restricted access']);
        assert.equal((await fetch(`${server.hls}/${name}/${name}.m3u8`)).ok, false);
        const outsider = await WcsClient.session(server.ws); // of another application
        const outside = outsider.play(name, offer({ direction: 'recvonly' }));
        assert.equal((await outsider.status(outside)).info, 'Restricted access');
        bert.client.send('availableStream', { mediaSessionId: 'a', name });
        assert.equal((await bert.client.next('availableStream')).data[0].status, 'true');
        const played = play(bert);
        await bert.client.next('setRemoteSDP', (sdpId) => sdpId === played);
        const found = await rest('/rest-api/stream/find', { name, published: true });
        assert.equal(found.status, 200); // REST is not bound
        assert.equal((await rest('/rest-api/push/startup', { streamName: name,
            rtmpUrl: 'rtmp://127.0.0.1:1/live' })).status, 200);

        // ROOM-2: one entry for each stream; ROOM-5: its end; ROOM-7: what a leaver leaves behind
        const erna = await Member.connect('erna');
        assert.deepEqual(await erna.join(room), ['anna', 'bert', { login: 'dora', name }]);
        await bert.leave(room);
        await bert.client.status(played, 'STOPPED', 8_000);
        await call(page, 'stop', 'in-room');
        assert.deepEqual((await anna.event(room, 'UNPUBLISHED')).info, { login: 'dora', name });
        await page.context().close();
        await anna.event(room, 'LEFT', (login) => login === 'dora');
        await outsider.close();
        await Promise.all([anna, bert, erna, stranger].map((member) => member.close()));
    });

    test('ROOM-5 ROOM-7 ROOM-12: streams end before who has gone, and after who has left',
        async () => {
            const room = unique('room');
            const [anna] = await members(room, 'anna');
            const publish = async (page, login) => {
                assert.equal(await sendFrom(page, Member.command('join', room)), 'ACCEPTED');
                const event = await call(page, 'publish', 'mine', `${room}-${login}`,
                    { constraints: SMALL, custom: { name: room } });
                assert.equal(event.status, 'PUBLISHING', event.info);
            };
            const [leaver, closer] = [await publisher('leaver'), await publisher('closer')];
            await publish(leaver, 'leaver');
            await publish(closer, 'closer');
            await anna.event(room, 'PUBLISHED', ({ login }) => login === 'closer');
            assert.equal(await sendFrom(leaver, Member.command('leave', room)), 'ACCEPTED');
            await until('its stream is ended', async () =>
                (await call(leaver, 'events', 'mine')).some(({ status }) => status === 'UNPUBLISHED'),
            { timeout: 8_000 });
            await closer.context().close();
            await anna.event(room, 'LEFT', (login) => login === 'closer');
            const stream = (login) => ({ login, name: `${room}-${login}` });
            assert.deepEqual(anna.heard(room), [['STATE', []],
                ['JOINED', 'leaver'], ['PUBLISHED', stream('leaver')],
                ['JOINED', 'closer'], ['PUBLISHED', stream('closer')],
                ['LEFT', 'leaver'],
                ['UNPUBLISHED', stream('closer')], ['LEFT', 'closer']]);
            await leaver.context().close();
            await anna.close();
        });
});

describe('rooms in a cluster', () => {
    let redis, first, second;

    before(async () => {
        redis = await Redis.start({ port: await freePorts(1) });
        [first, second] = await Promise.all([1, 2].map(() =>
            Server.start({ cluster_registry: redis.url })));
    });
    after(async () => {
        await Promise.all([first?.stop(), second?.stop()]);
        await redis?.stop();
    });

    test('ROOM-4 ROOM-16: a room is on one node, its streams are there for its members, and for ' +
        'viewers elsewhere', async () => {
        const room = unique('room'), name = `${room}-dora-1a2b`;
        const page = await openBare(browser, pages, first, { session: { appKey: 'roomApp',
            custom: { login: 'dora' } } });
        assert.equal(await sendFrom(page, Member.command('join', room)), 'ACCEPTED');
        const anna = await Member.connect('anna', { server: first });
        assert.deepEqual(await anna.join(room), ['dora']);
        const elsewhere = await Member.connect('bert', { server: second });
        await elsewhere.fails(Member.command('join', room), 'Room is on another server');

        const event = await call(page, 'publish', 'in-room', name, { constraints: SMALL,
            custom: { name: room } });
        assert.equal(event.status, 'PUBLISHING', event.info);
        assert.deepEqual((await anna.event(room, 'PUBLISHED')).info, { login: 'dora', name });
        const member = await openBare(browser, pages, first, { session: { appKey: 'roomApp',
            custom: { login: 'carl' } } });
        assert.equal(await sendFrom(member, Member.command('join', room)), 'ACCEPTED');
        const viewer = await openBare(browser, pages, second);
        for (const [where, custom] of [[member, { name: room }], [viewer, undefined]]) {
            const playing = await call(where, 'play', 'other', name, { custom });
            assert.equal(playing.status, 'PLAYING', playing.info);
        }
        const outsider = await WcsClient.session(first.ws);
        const outside = outsider.play(name, offer({ direction: 'recvonly' }));
        assert.equal((await outsider.status(outside)).info, 'Restricted access');

        // The room goes with its last member, and then it may be on the other node.
        await Promise.all([page, member, viewer].map((one) => one.context().close()));
        await anna.event(room, 'LEFT', (login) => login === 'dora');
        await anna.close();
        await until('it may be there', async () =>
            (await elsewhere.send(Member.command('join', room))).status === 'ACCEPTED');
        await Promise.all([elsewhere.close(), outsider.close()]);
    });
});

describe('our own conference page', () => {
    const join = async (login, room) => {
        const page = await browser.page(`${server.http}/conference?room=${room}`);
        await page.fill('#login', login);
        await page.click('#join');
        await text(page, '#join', 'Leave');
        return page;
    };
    const sees = (page, count) => until(`${count} others move`, async () => {
        const taken = (await peers(page)).filter((peer) => peer.in.video?.framesDecoded > 10);
        return taken.length === count && await page.locator('.person .stage.on').count() === count + 1;
    });

    test('three people see, hear and write to one another, and leave', async () => {
        const room = unique('own'), logins = ['anna', '<b>bert</b>', 'carl'], people = [];
        for (const login of logins) { // markup is a name like any other, but for the slash
            if (login.includes('/')) {
                const page = await browser.page(`${server.http}/conference?room=${room}`);
                await page.fill('#login', login);
                await page.click('#join');
                await until('it is refused with words', async () =>
                    /Login is not valid/.test(await page.textContent('#notice')));
                await page.fill('#login', '<b>bert');
                await page.click('#join');
                await text(page, '#join', 'Leave');
                people.push(page);
            } else {
                people.push(await join(login, room));
            }
        }
        for (const page of people)
            await sees(page, 2);
        await text(people[0], '#status', '3 people');
        await people[1].fill('#message', 'hello <i>all</i>');
        await people[1].press('#message', 'Enter');
        await until('the others read it', async () =>
            (await people[2].textContent('#messages')).includes('<b>bert hello <i>all</i>'));
        await people[0].click('#mute-audio');
        await text(people[0], '#mute-audio', 'Unmute microphone');
        await people[2].click('#join');
        await text(people[2], '#join', 'Join');
        await text(people[0], '#status', '2 people');
        await sees(people[0], 1);
        await people[1].setViewportSize({ width: 390, height: 844 });
        assert.ok(await people[1].evaluate(() => document.scrollingElement.scrollWidth) <= 390);
        if (process.env.SLUICE_SCREENSHOTS)
            for (const [i, page] of people.entries())
                await page.screenshot({ path: `${process.env.SLUICE_SCREENSHOTS}/conference-${i}.png`,
                    fullPage: true });
        for (const page of people) {
            assert.deepEqual(page.faults, []);
            await page.context().close();
        }
    });
});

describe('ROOM-23: the official pages', () => {
    // Its plays are by the id of the video element; all of a page's are there.
    const assertTakes = (page, count) => until(`${count} streams are played`, async () => {
        const taken = (await peers(page)).filter((peer) => peer.in.video?.framesDecoded > 10);
        if (taken.length >= count)
            return true;
        throw new Error(`${taken.length}; ${page.log.slice(-5).join(' / ')}`);
    });

    async function join(app, login, room) {
        const page = await browser.page(
            `${pages.url}${EXAMPLES}/${app}/${app}.html?roomName=${room}`, server, {
                init: paintScreen,
            });
        await page.fill('#login', login);
        await page.click('#joinBtn');
        await text(page, '#status', 'ESTABLISHED');
        await text(page, '#localStatus', 'PUBLISHING');
        return page;
    }

    const says = (page, words) => until(`the chat says ${words}`, async () =>
        (await page.textContent('#chat')).includes(words));

    for (const { app, count } of [{ app: 'video-chat', count: 2 }, { app: 'conference', count: 3 }]) {
        test(`${app} with ${count} people, who talk, leave and come again`, async () => {
            const room = unique(app), logins = ['anna', 'bert', 'carl'].slice(0, count), people = [];
            for (const login of logins)
                people.push(await join(app, login, room));
            for (const page of people)
                await assertTakes(page, count - 1);
            await people[0].fill('#message', 'hello\nthere');
            await people[0].click('#sendMessageBtn');
            for (const page of people)
                await says(page, 'anna - hello');
            const late = await browser.page(
                `${pages.url}${EXAMPLES}/${app}/${app}.html?roomName=${room}`, server);
            await late.fill('#login', 'late');
            await late.click('#joinBtn');
            await text(late, '#failedInfo', 'Current room is full.');
            await late.context().close();
            await people[1].click('#joinBtn'); // its words are Leave now
            await text(people[1], '#joinBtn', 'Join');
            await says(people[0], 'bert - left');
            await people[1].click('#joinBtn');
            await text(people[1], '#joinBtn', 'Leave');
            await assertTakes(people[1], count - 1);
            await assertTakes(people[0], count - 1);
            const [listed] = (await rooms()).filter(({ name }) => name === room);
            assert.deepEqual(listed.participants.map(({ login }) => login).sort(), logins);
            assert.ok(listed.participants.every(({ streams }) => streams.length === 1));
            for (const page of people) {
                assert.deepEqual(page.faults, []);
                await page.context().close();
            }
        });
    }

    test('video-chat-and-screen-sharing shows faces and a screen', async () => {
        const app = 'video-chat-and-screen-sharing', room = unique('screen');
        const [anna, bert] = [await join(app, 'anna', room), await join(app, 'bert', room)];
        await assertTakes(anna, 1);
        await assertTakes(bert, 1);
        await anna.click('#shareBtn');
        await text(anna, '#shareBtn', 'Unshare');
        await assertTakes(bert, 2);
        const [listed] = (await rooms()).filter(({ name }) => name === room);
        assert.ok(listed.participants.find(({ login }) => login === 'anna').streams
            .some((name) => /^.*-anna-[0-9a-f]{4}-screenShare$/.test(name)));
        await anna.click('#shareBtn');
        await text(anna, '#shareBtn', 'Share');
        for (const page of [anna, bert]) {
            assert.deepEqual(page.faults, []);
            await page.context().close();
        }
        await noRooms();
    });
});
