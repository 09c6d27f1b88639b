// SPDX-License-Identifier: GPL-3.0-or-later
// Runs before every page's own scripts: remembers the peer connections and sums up their statistics,
// so that pages which know nothing of the tests can be measured.
(() => {
    const connections = [];
    const Native = window.RTCPeerConnection;

    window.RTCPeerConnection = class extends Native {
        constructor(...args) {
            super(...args);
            connections.push(this);
        }
    };

    const IN = ['framesDecoded', 'framesReceived', 'framesDropped', 'keyFramesDecoded', 'frameWidth',
        'frameHeight', 'framesPerSecond', 'freezeCount', 'totalFreezesDuration', 'packetsReceived',
        'packetsLost', 'packetsDiscarded', 'bytesReceived', 'nackCount', 'pliCount',
        'totalAudioEnergy', 'audioLevel', 'totalSamplesReceived', 'concealedSamples',
        'silentConcealedSamples', 'concealmentEvents', 'estimatedPlayoutTimestamp', 'jitter',
        'retransmittedPacketsReceived', 'totalInterFrameDelay', 'totalSquaredInterFrameDelay'];
    const OUT = ['framesEncoded', 'framesSent', 'keyFramesEncoded', 'frameWidth', 'frameHeight',
        'framesPerSecond', 'packetsSent', 'bytesSent', 'retransmittedPacketsSent', 'nackCount',
        'pliCount', 'firCount', 'targetBitrate', 'qualityLimitationReason'];

    function pick(report, fields, codecs) {
        const result = {};
        for (const field of fields) {
            if (report[field] !== undefined)
                result[field] = report[field];
        }
        result.codec = codecs.get(report.codecId);
        return result;
    }

    async function sum(connection) {
        const result = { state: connection.connectionState, in: {}, out: {} };
        const reports = [...(await connection.getStats()).values()];
        const codecs = new Map(reports.filter((r) => r.type === 'codec')
            .map((r) => [r.id, r.mimeType]));
        const byId = new Map(reports.map((r) => [r.id, r]));
        for (const report of reports) {
            if (report.type === 'inbound-rtp')
                result.in[report.kind] = pick(report, IN, codecs);
            else if (report.type === 'outbound-rtp')
                result.out[report.kind] = pick(report, OUT, codecs);
            else if (report.type === 'candidate-pair' && report.nominated)
                result.protocol = byId.get(report.localCandidateId)?.protocol;
            else if (report.type === 'transport')
                result.transports = [...(result.transports ?? []),
                    { srtpCipher: report.srtpCipher, dtlsState: report.dtlsState }];
        }
        return result;
    }

    // The page's WebSockets, so that a test can cut one.
    const NativeSocket = window.WebSocket;
    window.sockets = [];
    window.WebSocket = class extends NativeSocket {
        constructor(...args) {
            super(...args);
            window.sockets.push(this);
        }
    };

    // A camera of a canvas that its paint() paints each `ms`, and the microphone of `audio`'s destination where
    // there is one. It paints and sounds until it is stopped, until all of its tracks are, or while it
    // rests: what nobody sends would take the processor from the tests that follow.
    window.paintedCamera = ({ canvas, paint, ms, audio, out }) => {
        let timer, stopped = false;
        const camera = {
            canvas,
            paint,
            stream: canvas.captureStream(30),
            wake() {
                if (!timer && !stopped)
                    timer = setInterval(() => camera.paint(), ms);
                audio?.resume();
            },
            rest() {
                timer = clearInterval(timer);
                audio?.suspend();
            },
            stop() { // its pictures; the sound goes on
                stopped = true;
                timer = clearInterval(timer);
            },
        };
        if (out)
            camera.stream.addTrack(out.stream.getAudioTracks()[0]);
        for (const track of camera.stream.getTracks()) {
            const stop = track.stop.bind(track);
            track.stop = () => {
                stop();
                if (camera.stream.getTracks().every(({ readyState }) => readyState === 'ended'))
                    camera.rest();
            };
        }
        camera.wake();
        return camera;
    };

    // A tone into a destination: {audio, out, gain}, as paintedCamera() takes them.
    window.toneSource = (hz, loudness = 1) => {
        const audio = new AudioContext();
        const tone = audio.createOscillator(), gain = audio.createGain();
        const out = audio.createMediaStreamDestination();
        tone.frequency.value = hz;
        gain.gain.value = loudness;
        tone.connect(gain).connect(out);
        tone.start();
        return { audio, out, gain };
    };

    window.peerConnections = () => connections.filter((c) => c.signalingState !== 'closed');
    window.peerStats = () => Promise.all(window.peerConnections().map(sum));
    window.statsOf = sum;
})();
