// SPDX-License-Identifier: GPL-3.0-or-later
// Cameras and screens of one colour, microphones of one tone, and what a page shows and plays:
// window.studio. Runs before the page's own scripts.
(() => {
    // colour: as canvases have it; hz 0: no sound. A square in the corner moves, so that pictures
    // come.
    function source({ colour, hz = 0, width = 640, height = 360 }) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        Object.assign(canvas, { width, height });
        let number = 0;
        const timer = setInterval(() => {
            context.fillStyle = colour;
            context.fillRect(0, 0, canvas.width, canvas.height);
            context.fillStyle = 'gray';
            context.fillRect((number++ * 4) % 32, 0, 4, 4);
        }, 33);
        const stream = canvas.captureStream(30);
        if (hz > 0) {
            const context = new AudioContext();
            const tone = context.createOscillator(), gain = context.createGain();
            const out = context.createMediaStreamDestination();
            tone.frequency.value = hz;
            gain.gain.value = 0.3;
            tone.connect(gain).connect(out);
            tone.start();
            stream.addTrack(out.stream.getAudioTracks()[0]);
        }
        return { canvas, stream, stop: () => clearInterval(timer) };
    }

    // A picture that no encoder can make small.
    function noise({ width = 640, height = 360 } = {}) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        Object.assign(canvas, { width, height });
        const timer = setInterval(() => {
            for (let y = 0; y < height; y += 16) {
                for (let x = 0; x < width; x += 16) {
                    context.fillStyle = `rgb(${[1, 2, 3].map(() => Math.random() * 255 | 0).join()})`;
                    context.fillRect(x, y, 16, 16);
                }
            }
        }, 66);
        return { canvas, stream: canvas.captureStream(15), stop: () => clearInterval(timer) };
    }

    // White, and a tone of 1 kHz, for 150 ms from each full second of the wall clock on; black and
    // silent between.
    function beats({ width = 640, height = 360 } = {}) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        const audio = new AudioContext();
        const tone = audio.createOscillator(), gain = audio.createGain();
        const out = audio.createMediaStreamDestination();
        Object.assign(canvas, { width, height });
        tone.frequency.value = 1000;
        gain.gain.value = 0;
        tone.connect(gain).connect(out);
        tone.start();
        const timer = setInterval(() => {
            const on = Date.now() % 1000 < 150;
            context.fillStyle = on ? 'white' : 'black';
            context.fillRect(0, 0, width, height);
            gain.gain.value = on ? 0.5 : 0;
        }, 10);
        const stream = canvas.captureStream(30);
        stream.addTrack(out.stream.getAudioTracks()[0]);
        return { canvas, stream, stop: () => clearInterval(timer) };
    }

    // When videos turned from dark to bright, in ms, for so long.
    function flashes(videos, ms) {
        const began = performance.now(), bright = videos.map(() => true), times = videos.map(() => []);
        const point = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        return new Promise((resolve) => {
            const look = () => {
                const now = performance.now();
                videos.forEach((video, i) => {
                    point.drawImage(video, 0, 0, 8, 8);
                    const is = point.getImageData(2, 4, 1, 1).data[0] > 100;
                    if (is && !bright[i])
                        times[i].push(now);
                    bright[i] = is;
                });
                if (now - began < ms)
                    setTimeout(look, 4);
                else
                    resolve(times);
            };
            look();
        });
    }

    // For pages that ask the browser: what a person of one colour and tone would send, and share.
    function impersonate({ camera, screen }) {
        const make = (form) => async (constraints) => {
            const { stream } = source(form);
            if (constraints && !constraints.audio)
                stream.getAudioTracks().forEach((track) => stream.removeTrack(track));
            return stream;
        };
        navigator.mediaDevices.getUserMedia = make(camera);
        // the old way, which the SDK's adapter takes
        navigator.webkitGetUserMedia = (constraints, onStream, onError) =>
            make(camera)(constraints).then(onStream, onError);
        if (screen)
            navigator.mediaDevices.getDisplayMedia = make(screen);
    }

    // The colours of points of a video, x and y from 0 to 1.
    function seen(video, points) {
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
        const context = canvas.getContext('2d');
        context.drawImage(video, 0, 0);
        return points.map(([x, y]) => Array.from(context.getImageData(
            Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data.slice(0, 3)));
    }

    // How loud tones are in what a video plays, in dB; over half a second.
    async function heard(video, tones) {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 16384;
        analyser.smoothingTimeConstant = 0;
        analyser.minDecibels = -140;
        context.createMediaStreamSource(video.srcObject).connect(analyser);
        await new Promise((resolve) => setTimeout(resolve, 700));
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        const hzOfBin = context.sampleRate / analyser.fftSize;
        await context.close();
        return tones.map((hz) => {
            const at = Math.round(hz / hzOfBin);
            return Math.max(...bins.slice(at - 3, at + 4));
        });
    }

    window.studio = { source, beats, noise, flashes, impersonate, seen, heard };
})();
