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
        const paint = () => {
            context.fillStyle = colour;
            context.fillRect(0, 0, canvas.width, canvas.height);
            context.fillStyle = 'gray';
            context.fillRect((number++ * 4) % 32, 0, 4, 4);
        };
        return window.paintedCamera({ canvas, paint, ms: 33,
            ...(hz > 0 ? window.toneSource(hz, 0.3) : {}) });
    }

    // A picture that no encoder can make small.
    function noise({ width = 640, height = 360 } = {}) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        Object.assign(canvas, { width, height });
        const paint = () => {
            for (let y = 0; y < height; y += 16) {
                for (let x = 0; x < width; x += 16) {
                    context.fillStyle = `rgb(${[1, 2, 3].map(() => Math.random() * 255 | 0).join()})`;
                    context.fillRect(x, y, 16, 16);
                }
            }
        };
        return window.paintedCamera({ canvas, paint, ms: 66 });
    }

    // White, and a tone of 1 kHz, for 150 ms from each full second of the wall clock on; black and
    // silent between.
    function beats({ width = 640, height = 360 } = {}) {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        const sound = window.toneSource(1000, 0);
        Object.assign(canvas, { width, height });
        const paint = () => {
            const on = Date.now() % 1000 < 150;
            context.fillStyle = on ? 'white' : 'black';
            context.fillRect(0, 0, width, height);
            sound.gain.gain.value = on ? 0.5 : 0;
        };
        return window.paintedCamera({ canvas, paint, ms: 10, ...sound });
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
