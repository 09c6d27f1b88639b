// SPDX-License-Identifier: GPL-3.0-or-later
// A publisher of pictures in several sizes at once, which the SDK cannot be: a peer connection of
// the page's own, its description over the WebSocket API.
import assert from 'node:assert/strict';
import { until } from './wait.mjs';
import { WcsClient } from './wcs.mjs';

let number = 0;

// In the page: an offer of a camera of bare.js in the sizes of `encodings`.
async function offer([label, camera, mimeType, encodings]) {
    const connection = new RTCPeerConnection();
    window.simulcast = { ...window.simulcast, [label]: connection };
    const { stream } = window.cameras[camera];
    for (const track of stream.getAudioTracks())
        connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    const video = connection.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly',
        streams: [stream], sendEncodings: encodings });
    // A busy machine makes fewer pictures of them, not smaller ones.
    const parameters = video.sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await video.sender.setParameters(parameters);
    video.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs
        .filter((codec) => codec.mimeType === mimeType || codec.mimeType === 'video/rtx'));
    return connection.createOffer().then((made) => connection.setLocalDescription(made))
        .then(() => connection.localDescription.sdp);
}

// Each size by its name: what was sent of it so far.
function sizes([label]) {
    return window.simulcast[label].getStats().then((reports) => Object.fromEntries(
        [...reports.values()].filter((r) => r.type === 'outbound-rtp' && r.kind === 'video')
            .map((r) => [r.rid, { width: r.frameWidth, frames: r.framesSent, plis: r.pliCount,
                bytes: r.bytesSent, nacks: r.nackCount,
                keyframes: r.keyFramesEncoded }])));
}

export async function publishSizes(page, server, camera, encodings, mimeType = 'video/VP8') {
    const label = `sizes-${++number}`, name = `simulcast-${number}`;
    const client = await WcsClient.session(server.ws);
    const sdp = await page.evaluate(offer, [label, camera, mimeType, encodings]);
    const id = client.publish(name, sdp);
    const { data: [, answer] } = await client.next('setRemoteSDP', (first) => first === id);
    await page.evaluate(([key, text]) => window.simulcast[key]
        .setRemoteDescription({ type: 'answer', sdp: text }), [label, answer]);
    await client.status(id, 'PUBLISHING');
    return {
        id, name, answer,
        sizes: () => page.evaluate(sizes, [label]),
        // Those of these names only, from now on.
        only: (...rids) => page.evaluate(async ([key, on]) => {
            const sender = window.simulcast[key].getSenders().find((s) => s.track.kind === 'video');
            const parameters = sender.getParameters();
            for (const encoding of parameters.encodings)
                encoding.active = on.includes(encoding.rid);
            await sender.setParameters(parameters);
        }, [label, rids]),
        async flows(...rids) {
            const first = await this.sizes();
            return until(`pictures of the sizes ${rids}`, async () => {
                const now = await this.sizes();
                return rids.every((rid) => now[rid].frames > (first[rid].frames ?? 0) + 10) ||
                    assert.fail(JSON.stringify(now));
            }, { timeout: 30_000 });
        },
        async stop() {
            client.unpublish(id, name);
            await client.status(id, 'UNPUBLISHED');
            await page.evaluate(([key]) => window.simulcast[key].close(), [label]);
            await client.close();
        },
    };
}
