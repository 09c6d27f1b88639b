// SPDX-License-Identifier: GPL-3.0-or-later
// Several servers that pull from one another: REST calls about it, and a page that plays from any.
import assert from 'node:assert/strict';
import { assertPlays } from './browser.mjs';
import { BARE } from './pages.mjs';
import { PATIENCE_MS, until } from './wait.mjs';

export const SMALL = { constraints: { audio: true, video: { width: 320, height: 240 } } };

// {status, body}: body is '' or what the JSON says.
export async function rest(server, where, body = {}) {
    const response = await fetch(`${server.http}/rest-api${where}`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
}

export const pullBody = (from, remoteStreamName, localStreamName = remoteStreamName) =>
    ({ uri: from.uri ?? from.ws, remoteStreamName, localStreamName });

export async function pulls(server) {
    const { status, body } = await rest(server, '/pull/find_all');
    assert.equal(status, 200);
    return body;
}

// The stream objects of this name; [] if there are none.
export async function streams(server, filter) {
    const { status, body } = await rest(server, '/stream/find', filter);
    assert.ok(status === 200 || status === 404, `/stream/find: ${status}`);
    return status === 200 ? body : [];
}

export async function startPull(server, from, remote, local = remote) {
    assert.deepEqual(await rest(server, '/pull/pull', pullBody(from, remote, local)),
        { status: 200, body: '' });
}

// Resolves with its entry once media flows.
export function pulled(server, local, timeout = PATIENCE_MS) {
    return until(`${local} is pulled`, async () => {
        const entry = (await pulls(server)).find(({ localStreamName }) => localStreamName === local);
        if (entry?.status === 'PROCESSED_REMOTE')
            return entry;
        throw new Error(entry ? entry.status : 'not in the list');
    }, { timeout, interval: 20 });
}

// Neither in the list nor published.
export function gone(server, local, timeout = PATIENCE_MS) {
    return until(`${local} is pulled no more`, async () => {
        const entry = (await pulls(server)).find(({ localStreamName }) => localStreamName === local);
        const published = await streams(server, { name: local, published: true });
        if (!entry && published.length === 0)
            return true;
        throw new Error(JSON.stringify(entry ?? published));
    }, { timeout, interval: 20 });
}

// A browser's page with the official SDK, connected to one server.
export class Viewer {
    static async open(browser, pages, server, options) {
        const viewer = new Viewer();
        viewer.page = await browser.page(pages.url + BARE, server, options);
        assert.equal(await viewer.call('connect', server.ws), 'ESTABLISHED');
        return viewer;
    }
    call(method, ...args) {
        return this.page.evaluate(([name, list]) => window.sluice[name](...list), [method, args]);
    }
    async publish(label, name, options = SMALL) {
        const event = await this.call('publish', label, name, options);
        assert.equal(event.status, 'PUBLISHING', event.info);
        return event.id;
    }
    async play(label, name) {
        const event = await this.call('play', label, name);
        assert.equal(event.status, 'PLAYING', event.info);
        return event.id;
    }
    // Pictures go on being decoded.
    async goesOn(label, frames = 10) {
        const count = async () => (await this.call('stats', label))?.in.video?.framesDecoded ?? 0;
        const first = await count();
        await until(`${frames} more pictures of ${label}`, async () => {
            const now = await count();
            if (now >= first + frames)
                return true;
            throw new Error(`${now - first}`);
        });
    }
    // Of the page's only playback.
    plays(options) {
        return assertPlays(this.page, options);
    }
    close() {
        return this.page.context().close();
    }
}
