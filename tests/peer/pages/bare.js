// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests call in the bare page: the official SDK's sessions and streams by name, with every
// event written down. Streams are told apart by a label that the test chooses.
(() => {
    const { SESSION_STATUS, STREAM_STATUS, STREAM_EVENT, CONNECTION_QUALITY } =
        Flashphoner.constants;
    const sessions = {};
    const streams = {};
    const ENDS = [STREAM_STATUS.FAILED, STREAM_STATUS.STOPPED, STREAM_STATUS.UNPUBLISHED];

    // the microphone unchanged, so that a stream can be found by its tracks
    Flashphoner.init({ createMicGainNode: false });

    function newDisplay() {
        const display = document.createElement('div');
        document.body.append(display);
        return display;
    }

    // Resolves with the status when the session is established or over; all events are in
    // sluice.sessionEvents(label).
    function connect(url, options = {}, label = 'main') {
        return new Promise((resolve) => {
            const entry = { events: [], data: [] };
            sessions[label] = entry;
            const session = Flashphoner.createSession({ urlServer: url, ...options });
            entry.session = session;
            for (const status of ['ESTABLISHED', 'DISCONNECTED', 'FAILED', 'WARN', 'APP_DATA']) {
                session.on(SESSION_STATUS[status], (event) => {
                    const info = status === 'WARN' || status === 'APP_DATA' ? event : undefined;
                    entry.events.push({ status, info });
                    if (status === 'ESTABLISHED' || status === 'DISCONNECTED' || status === 'FAILED')
                        resolve(status);
                });
            }
        });
    }

    // Sends the answer's candidates elsewhere: the address of a relay.
    function throughRelay(port, address = '127.0.0.1') {
        return (sdp) => sdp.sdpString.replace(
            /^(a=candidate:\S+ \d+ udp \d+) \S+ \d+/gim, `$1 ${address} ${port}`);
    }

    function start(kind, label, name, { session = 'main', relayPort, relayAddress, keepDisplay, ...options } = {}) {
        const entry = { events: [], display: newDisplay(), ended: null };
        streams[label] = entry;
        if (relayPort)
            options.sdpHook = throughRelay(relayPort, relayAddress);
        entry.end = new Promise((resolve) => (entry.onEnd = resolve));
        return new Promise((resolve) => {
            const stream = sessions[session].session.createStream({
                name, display: entry.display, ...options });
            entry.stream = stream;
            const note = (status) => (s) => {
                const event = { status, info: s.getInfo?.() };
                if (s.getRecordInfo?.())
                    event.record = s.getRecordInfo();
                entry.events.push(event);
                if (status === 'PLAYING')
                    entry.audioState = s.getAudioState();
                if (ENDS.includes(status))
                    entry.onEnd(event);
                if (status !== STREAM_STATUS.PENDING)
                    resolve({ ...event, id: s.id() });
            };
            for (const status of ['PENDING', 'PUBLISHING', 'PLAYING', ...ENDS])
                stream.on(STREAM_STATUS[status], note(status));
            stream.on(STREAM_STATUS.RESIZE, (s) =>
                entry.events.push({ status: 'RESIZE', info: s.videoResolution() }));
            stream.on(STREAM_EVENT, (event) =>
                entry.events.push({ status: 'EVENT', type: event.type, payload: event.payload,
                    mediaSessionId: event.mediaSessionId }));
            stream.on(CONNECTION_QUALITY.UPDATE, (quality, client, server) =>
                entry.events.push({ status: 'QUALITY', quality, client, server }));
            stream[kind]();
        });
    }

    // Lines of its offers that the page leaves out from now on: [regular expression]; none: all stay.
    let leftOut = [];
    const { createOffer } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.createOffer = async function offer(...args) {
        const { type, sdp } = await createOffer.apply(this, args);
        const lines = sdp.split('\r\n').filter((line) => !leftOut.some((text) =>
            new RegExp(text).test(line)));
        return { type, sdp: lines.join('\r\n') };
    };

    // A camera whose picture size the test changes: a canvas that is painted 20 times a second.
    // noise: grains that no encoder can predict, so that it takes every bit it may.
    function canvasCamera(width, height, { audio = false, noise = false } = {}) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        let number = 0;
        canvas.width = width;
        canvas.height = height;
        const paint = () => {
            context.fillStyle = `hsl(${number++ % 360} 80% 50%)`;
            context.fillRect(0, 0, canvas.width, canvas.height);
            context.fillStyle = 'black';
            context.fillRect((number * 7) % canvas.width, 10, 40, 40);
            if (noise) {
                for (let i = 0; i < 400; i++) {
                    context.fillStyle = `hsl(${Math.random() * 360} 60% ${Math.random() * 100}%)`;
                    context.fillRect(Math.random() * width, Math.random() * height, 6, 6);
                }
            }
        };
        return window.paintedCamera({ canvas, paint, ms: 50, ...(audio ? window.toneSource(440) : {}) });
    }

    // ---- Telephones ----

    const { CALL_STATUS } = Flashphoner.constants;
    const calls = {};

    // In the place of the microphone: a tone.
    let toneHz;
    function tone() {
        const context = new AudioContext();
        const oscillator = context.createOscillator();
        const out = context.createMediaStreamDestination();
        oscillator.frequency.value = toneHz;
        oscillator.connect(out);
        oscillator.start();
        return { audio: true, video: false, customStream: out.stream };
    }

    // Of a call: the tone alone, or with what a canvas shows (options.camera, its size).
    function sources({ camera, ...options }) {
        const { customStream, ...wanted } = tone();
        if (camera) {
            window.cameras = window.cameras ?? {};
            window.cameras.call = canvasCamera(...camera);
            customStream.addTrack(window.cameras.call.stream.getVideoTracks()[0]);
        }
        return { localVideoDisplay: newDisplay(), remoteVideoDisplay: newDisplay(),
            constraints: { ...wanted, video: camera !== undefined, customStream }, ...options };
    }

    function watchCall(label, call) {
        const entry = { call, events: [], display: newDisplay() };
        calls[label] = entry;
        for (const status of Object.keys(CALL_STATUS))
            call.on(CALL_STATUS[status], (c) => entry.events.push({ status: c.status(),
                info: c.getInfo?.() }));
        return entry;
    }

    // Resolves when its account is registered, or is not to be, or cannot be. A call that comes is
    // known by the label 'incoming'.
    function openPhone(url, sipOptions, label = 'main') {
        return new Promise((resolve) => {
            const entry = { events: [] };
            sessions[label] = entry;
            entry.session = Flashphoner.createSession({ urlServer: url, sipOptions });
            for (const status of ['ESTABLISHED', 'REGISTERED', 'FAILED', 'WARN'])
                entry.session.on(SESSION_STATUS[status], () => {
                    entry.events.push({ status });
                    if (status !== 'ESTABLISHED' || !sipOptions.registerRequired)
                        resolve(status);
                });
            entry.session.on(SESSION_STATUS.INCOMING_CALL, (call) => watchCall('incoming', call));
        });
    }

    // What is loudest of what the page hears, in Hz; 0: nothing is loud.
    let analyser;
    function heard() {
        const streams = [...document.querySelectorAll('audio, video')].map(({ srcObject }) => srcObject)
            .filter((stream) => stream?.getAudioTracks().some((track) => window.peerConnections()
                .some((c) => c.getReceivers().some((r) => r.track === track))));
        if (!analyser && streams.length > 0) {
            const context = new AudioContext();
            analyser = context.createAnalyser();
            analyser.fftSize = 8192;
            context.createMediaStreamSource(streams[0]).connect(analyser);
        }
        const bins = new Float32Array(analyser?.frequencyBinCount ?? 0);
        analyser?.getFloatFrequencyData(bins);
        const peak = bins.reduce((best, level, i) => level > bins[best] ? i : best, 0);
        return bins[peak] > -50 ? peak * analyser.context.sampleRate / analyser.fftSize : 0;
    }

    window.sluice = {
        leaveOut: (...texts) => (leftOut = texts),
        setTone: (hz) => (toneHz = hz),
        openPhone,
        heard,
        dial: (label, callee, options = {}) => {
            const call = sessions.main.session.createCall({ callee, visibleName: 'page',
                ...sources(options) });
            watchCall(label, call);
            call.call();
        },
        answer: (label, options = {}) => calls[label].call.answer(sources(options)),
        onCall: (label, method, ...args) => calls[label].call[method](...args),
        callEvents: (label) => calls[label]?.events ?? [],
        connect,
        disconnect: (label = 'main') => sessions[label].session.disconnect(),
        sessionStatus: (label = 'main') => sessions[label].session.status(),
        sessionEvents: (label = 'main') => sessions[label].events,
        sendSessionData: (payload, label = 'main') =>
            sessions[label].session.sendData(payload).then(
                () => 'ACCEPTED', (error) => `FAILED ${JSON.stringify(error)}`),
        submitBugReport: (report, label = 'main') => {
            sessions[label].session.submitBugReport(report);
        },
        publish: (label, name, options) => start('publish', label, name, options),
        play: (label, name, options) => start('play', label, name, options),
        // Resolves with the final event.
        stop: (label) => {
            streams[label].stream.stop();
            return streams[label].end;
        },
        end: (label) => streams[label].end,
        available: (name, session = 'main') => sessions[session].session
            .createStream({ name, display: newDisplay() }).available()
            .then(() => 'available', (stream) => stream.getInfo()),
        call: (label, method, ...args) => streams[label].stream[method](...args),
        events: (label) => streams[label].events,
        audioState: (label) => streams[label].audioState,
        // As peerStats(), of one stream.
        stats: async (label) => {
            const video = streams[label].display.querySelector('video');
            const connection = window.peerConnections().find((c) =>
                c.getReceivers().some((r) => video?.srcObject?.getTracks().includes(r.track)) ||
                c.getSenders().some((s) => s.track && video?.srcObject?.getTracks().includes(s.track)));
            return connection ? window.statsOf(connection) : null;
        },
        video: (label) => streams[label].display.querySelector('video'),
        // The video element as a viewer sees it.
        element: (label) => {
            const videos = streams[label].display.querySelectorAll('video');
            const video = videos[0];
            return { count: videos.length, width: video?.videoWidth, height: video?.videoHeight,
                time: video?.currentTime, paused: video?.paused,
                tracks: video?.srcObject?.getTracks().map((t) => t.kind).sort() ?? [] };
        },
        canvasCamera: (label, width, height, options) => {
            window.cameras = window.cameras ?? {};
            window.cameras[label] = canvasCamera(width, height, options);
        },
        resizeCamera: (label, width, height) => {
            Object.assign(window.cameras[label].canvas, { width, height });
        },
        // The camera rests when the publication is over.
        publishCamera: (label, name, camera, { video = true, ...options } = {}) => {
            const { stream, wake, rest } = window.cameras[camera];
            wake();
            const started = start('publish', label, name, { ...options, constraints:
                { customStream: stream, video, audio: stream.getAudioTracks().length > 0 } });
            streams[label].end.then(rest);
            return started;
        },
    };
})();
