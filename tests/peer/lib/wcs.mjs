// SPDX-License-Identifier: GPL-3.0-or-later
// A client of the WebSocket API without a browser and without media: sends the envelope of
// websocket-api.md section 1.2 and checks that every answer has it too (WS-2).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { PATIENCE_MS, slowness, within } from './wait.mjs';

export class WcsClient {
    #socket;
    #waiters = [];
    #faults = [];
    received = []; // every message, in order
    #unread = []; // those that no next() has returned

    // The handshake only. autoPong answers the server's pings as the SDK does.
    static async open(url, { autoPong = true, headers = {}, protocols = [] } = {}) {
        const client = new WcsClient();
        client.#socket = new WebSocket(url, protocols, { headers, rejectUnauthorized: false,
            perMessageDeflate: false });
        client.closed = new Promise((resolve) => {
            client.#socket.on('close', (code, reason) =>
                resolve({ code, reason: reason.toString() }));
        });
        client.closed.then(() => (client.isClosed = true));
        client.#socket.on('message', (bytes, isBinary) => client.#take(bytes, isBinary, autoPong));
        await within(PATIENCE_MS * slowness, `the handshake with ${url}`, new Promise((resolve, reject) => {
            client.#socket.once('open', resolve);
            client.#socket.once('error', reject);
        }));
        client.#socket.on('error', () => {}); // 'close' follows
        return client;
    }

    // An established session; the answer to `connection` is in userData and version.
    static async session(url, fields = {}, options = {}) {
        const client = await WcsClient.open(url, options);
        client.send('connection', {
            appKey: 'defaultApp',
            mediaProviders: ['WebRTC'],
            clientVersion: '2.0',
            clientOSVersion: 'test',
            clientBrowserVersion: 'test',
            ...fields,
        });
        [client.userData] = (await client.next('getUserData')).data;
        [client.version] = (await client.next('getVersion')).data;
        return client;
    }

    #take(bytes, isBinary, autoPong) {
        const text = bytes.toString();
        let message;
        try {
            message = JSON.parse(text);
        } catch {
            message = null;
        }
        if (isBinary || typeof message?.message !== 'string' || !Array.isArray(message.data)) {
            this.#faults.push(text.slice(0, 200));
            return;
        }
        message.at = performance.now();
        this.received.push(message);
        if (message.message === 'ping' && autoPong)
            this.send('pong', null);
        this.#unread.push(message);
        for (const waiter of [...this.#waiters])
            waiter();
    }

    get protocol() {
        return this.#socket.protocol;
    }
    get localPort() {
        return this.#socket._socket.localPort;
    }

    send(message, ...data) {
        this.sendRaw(JSON.stringify({ message, data }));
    }
    sendRaw(text) {
        this.#socket.send(text);
    }
    // Fragmented and control frames, as RFC 6455 allows.
    sendFragments(parts) {
        parts.forEach((part, i) => this.#socket.send(part, { fin: i === parts.length - 1 }));
    }
    protocolPing() {
        const pong = new Promise((resolve) => this.#socket.once('pong', resolve));
        this.#socket.ping('hello');
        return within(PATIENCE_MS * slowness, 'a WebSocket pong', pong);
    }
    // Reads no more, so that nothing is answered, not even a close.
    stopReading() {
        this.#socket._socket.pause();
    }
    // Stops answering anything, without a goodbye.
    abort() {
        this.#socket.terminate();
    }

    // The next unread message of this name (and for which accept() is true), whatever else came in
    // between; messages that it passes over stay unread.
    next(name, accept = () => true, timeout = PATIENCE_MS) {
        const take = () => {
            const at = this.#unread.findIndex((m) => m.message === name && accept(m.data[0], m));
            return at < 0 ? undefined : this.#unread.splice(at, 1)[0];
        };
        let waiter, done;
        const found = new Promise((resolve, reject) => {
            waiter = () => {
                // One only: others may come before it is no waiter any more.
                const message = done ? undefined : take();
                done ||= message !== undefined;
                if (message)
                    resolve(message);
            };
            this.#waiters.push(waiter);
            waiter();
            this.closed.then(({ code }) => reject(new Error(`closed (${code}) before ${name}`)));
        });
        const what = () => `${name}; the last messages are ` +
            JSON.stringify(this.received.slice(-6)).slice(0, 1500);
        return within(timeout * slowness, what, found)
            .finally(() => this.#waiters.splice(this.#waiters.indexOf(waiter), 1));
    }

    // The status event of one media session.
    status(id, status, timeout) {
        return this.next('notifyStreamStatusEvent',
            (data) => data.mediaSessionId === id && (!status || data.status === status), timeout)
            .then((message) => message.data[0]);
    }

    // Everything the server had to say up to now has arrived: it answers in order.
    async settle() {
        this.send('ping', null);
        await this.next('pong');
    }

    // All messages about one media session, in order.
    about(id) {
        return this.received.filter(({ data }) => data[0] === id || data[0]?.mediaSessionId === id ||
            data[0]?.id === id);
    }

    // Sends a publishStream or playStream; returns its mediaSessionId.
    request(message, name, sdp, fields = {}) {
        const publish = message === 'publishStream';
        const mediaSessionId = fields.mediaSessionId ?? randomUUID();
        this.send(message, { mediaSessionId, name, published: publish, hasVideo: true,
            hasAudio: true, status: 'PENDING', record: false, mediaProvider: 'WebRTC', sdp,
            ...fields });
        return mediaSessionId;
    }
    publish(name, sdp, fields) {
        return this.request('publishStream', name, sdp, fields);
    }
    play(name, sdp, fields) {
        return this.request('playStream', name, sdp, fields);
    }
    // As the SDK's stream.stop() does.
    stop(message, mediaSessionId, name) {
        this.send(message, { mediaSessionId, name, published: message === 'unPublishStream',
            hasVideo: true, hasAudio: true, status: 'PENDING', record: false });
    }
    unpublish(mediaSessionId, name) {
        this.stop('unPublishStream', mediaSessionId, name);
    }

    // Closes and reports what broke WS-2.
    async close() {
        this.#socket.close(1000);
        await within(5_000 * slowness, 'the close handshake', this.closed)
            .catch(() => this.#socket.terminate());
        assert.deepEqual(this.#faults, [], 'WS-2: text messages with message and data');
    }
}
