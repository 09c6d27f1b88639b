// SPDX-License-Identifier: GPL-3.0-or-later
// A server's addresses, in network namespaces: several of them, of either family, some that come
// and go; and GStreamer, whose ICE uses no loopback address.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Network, enterHub } from './lib/netns.mjs';
import { parse } from './lib/sdp.mjs';
import { Server } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { WcsClient } from './lib/wcs.mjs';
import { WebRtcBin } from './lib/webrtcbin.mjs';

await enterHub();

let net, server;

const liveStreams = async () =>
    (await (await fetch(`${server.http}/api/v1/streams`)).json()).streams;

before(async () => {
    net = await Network.create(['server']);
    server = await Server.start({}, { netns: net.node('server') });
});
after(async () => {
    await server?.stop();
    await net?.remove();
});

// The server has no VP9. ports: whether the sections of the answer have one.
describe('GStreamer publishes its sound although the picture is refused', { concurrency: 3 }, () => {
    for (const [bundle, first, ports] of [['none', 'picture', [true, true]],
        ['max-bundle', 'picture', [true, true]], ['max-bundle', 'sound', [true, false]]]) {
        test(`bundle ${bundle}, ${first} first`, async () => {
            const name = `gst-${bundle}-${first}`;
            const peer = WebRtcBin.start({ bundle, video: 'vp9', first });
            const client = await WcsClient.session(server.ws);
            try {
                const id = client.publish(name, await peer.offer());
                const { data } = await client.next('setRemoteSDP');
                const { sections } = parse(data[1]);
                assert.deepEqual(sections.map(({ port }) => port > 0), ports);
                assert.ok(sections.find(({ kind }) => kind === 'video').lines
                    .includes('a=inactive'));
                await peer.answer(data[1]);
                await client.status(id, 'PUBLISHING', 10_000);
                await until('its sound arrives', async () => (await liveStreams())
                    .some((stream) => stream.name === name && stream.bitrate > 0));
            } finally {
                client.abort();
                await peer.stop();
            }
        });
    }
});
