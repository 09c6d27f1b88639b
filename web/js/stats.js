// SPDX-License-Identifier: GPL-3.0-or-later
// The statistics line: getStats of the SDK's stream, once a second, as a few readable figures.

import {formatRate} from './page.js';

const INTERVAL_MS = 1000;

const first = (reports, test = () => true) => (reports ?? []).find(test);
const sum = (reports, key) => (reports ?? []).reduce((total, report) => total + (report[key] ?? 0), 0);

/**
 * Figures of one sample. raw is {type: [reports]}, previous what this returned before (or null).
 * Returns {bytes, at, size, fps, rate, codecs, rtt, lost}; what is not known is undefined.
 */
export function readStats(raw, published, previous, at) {
  const rtp = raw[published ? 'outbound-rtp' : 'inbound-rtp'];
  const remote = raw['remote-inbound-rtp'];
  const video = first(rtp, (report) => report.kind === 'video');
  const pair = first(raw['candidate-pair'], (report) => report.nominated &&
    report.state === 'succeeded');
  const codecOf = (report) => first(raw.codec, (codec) => codec.id === report.codecId)?.mimeType;
  const bytes = sum(rtp, published ? 'bytesSent' : 'bytesReceived');
  const seconds = previous ? (at - previous.at) / 1000 : 0;
  const sample = {bytes, at, fps: video?.framesPerSecond,
    codecs: (rtp ?? []).map(codecOf).filter(Boolean).map((type) => type.split('/')[1]),
    rtt: pair?.currentRoundTripTime ?? first(remote)?.roundTripTime,
    lost: sum(published ? remote : rtp, 'packetsLost')};

  if (video?.frameWidth)
    sample.size = `${video.frameWidth} × ${video.frameHeight}`;
  if (seconds > 0 && bytes >= previous.bytes)
    sample.rate = (bytes - previous.bytes) * 8 / seconds;
  return sample;
}

/** The sample as short texts, in reading order. */
export function describeStats(sample) {
  const parts = [];

  if (sample.size)
    parts.push(sample.size);
  if (sample.fps !== undefined)
    parts.push(`${Math.round(sample.fps)} fps`);
  if (sample.rate !== undefined)
    parts.push(formatRate(sample.rate));
  if (sample.codecs.length > 0)
    parts.push([...new Set(sample.codecs)].join(' + '));
  if (sample.rtt !== undefined)
    parts.push(`round trip ${Math.round(sample.rtt * 1000)} ms`);
  if (sample.lost > 0)
    parts.push(`${sample.lost} packets lost`);
  return parts;
}

/** Keeps a line up to date while a stream runs. */
export class StatsLine {
  #line;
  #timer = null;

  constructor(line) {
    this.#line = line;
  }

  start(stream, published) {
    let previous = null;

    this.stop();
    this.#timer = setInterval(() => {
      const timer = this.#timer;
      try {
        stream.getStats((raw) => {
          if (timer !== this.#timer || !raw)
            return;
          previous = readStats(raw, published, previous, performance.now());
          this.#show(describeStats(previous));
        }, true);
      } catch {
        this.stop(); // the connection went between two samples
      }
    }, INTERVAL_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.#line.replaceChildren();
  }

  #show(parts) {
    this.#line.replaceChildren(...parts.map((part) => {
      const span = document.createElement('span');
      span.textContent = part;
      return span;
    }));
  }
}
