// SPDX-License-Identifier: GPL-3.0-or-later
// The cases `links` of run.mjs: what Chromium sees and hears of a stream of some 2.2 Mbit/s through a
// link that is too narrow for it, loses packets or delays them unevenly, beside players whose link is
// wide. 50 ms there and back, a queue of 100 ms.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { call, event, open, play, publishCamera, stats } from '../tests/peer/lib/bare.mjs';
import { Browser } from '../tests/peer/lib/browser.mjs';
import { startPages } from '../tests/peer/lib/pages.mjs';
import { Relay } from '../tests/peer/lib/relay.mjs';
import { publishSizes } from '../tests/peer/lib/simulcast.mjs';
import { metric, show, withNodes } from './nodes.mjs';
import { measureAll } from './rows.mjs';
import { percentile } from './trace.mjs';

const CAMERA = { audio: true, noise: true }; // grains take every bit that they may
const LINK = ['delay 25', 'queue 100'];
const LOOK_MS = 100;
const WIDE = 'rate 5000';
const OTHERS = 9;
const VP8 = 'H264,VP9,AV1', H264 = 'VP8,VP9,AV1'; // what is stripped
const PER_PACKET = 'transport-(cc|wide)'; // lines of an offer

// A server behind a relay, and a page that publishes and plays: what every case needs.
async function withPage(bench, fn) {
  const [browser, pages, media] = [await Browser.open(), await startPages(), await bench.freePort()];
  const relays = [];
  try {
    return await withNodes(bench, 1, { ip: '127.0.0.1', ip_local: '127.0.0.1', media_port_from: media,
      media_port_to: media }, async (node) => {
      const server = { ...node, ws: `ws://127.0.0.1:${node.port}` };
      const page = await open(browser, pages, undefined, { url: server.ws });
      const through = async (name, ...commands) => {
        const relay = await Relay.startProgram(join(bench.build, 'bench/bench-relay'), media, ...LINK);
        relays.push(relay);
        const player = await play(page, name, { relayPort: relay.port });
        await relay.set(...commands);
        return { relay, player };
      };
      return await fn({ server, page, through });
    });
  } finally {
    await Promise.all(relays.map((relay) => relay.stop()));
    await browser.close();
    await pages.close();
  }
}

// reckons: who plays from then on gives no feedback on each packet, as browsers once did not.
async function publish(page, stripCodecs, { reckons = false } = {}) {
  const publisher = await publishCamera(page, 640, 360, { ...CAMERA, video: { maxBitrate: 2500 }, stripCodecs });
  for (let last = Infinity, i = 0; i < 60; i++) {
    const { bytesSent } = await stats(page, publisher.label, 'out', 'video');
    if (bytesSent - last > 1_700_000 / 8) {
      await call(page, 'leaveOut', ...(reckons ? [PER_PACKET] : []));
      return publisher;
    }
    last = bytesSent;
    await pause(1000);
  }
  throw new Error('the publisher does not come to 1.7 Mbit/s');
}

const kbpsOf = (last, first, ms) => (last.bytesReceived - first.bytesReceived) * 8 / ms;

// What comes while a time passes: of pictures, of sound, of the link's queue.
async function watch(page, player, relay, seconds) {
  const look = async () => ({ at: performance.now(), video: await stats(page, player, 'in', 'video'),
    audio: await stats(page, player, 'in', 'audio'), link: await relay.stats() });
  const first = await look(), queues = [];
  let last = first, shown = first, still = 0;
  while (last.at - first.at < seconds * 1000) {
    await pause(LOOK_MS);
    last = await look();
    queues.push(last.link.down.queue_us / 1000);
    if (last.video.framesDecoded > shown.video.framesDecoded)
      shown = last;
    still = Math.max(still, last.at - shown.at);
  }
  const ms = last.at - first.at, grown = (field) => last.audio[field] - first.audio[field];
  return {
    fps: (last.video.framesDecoded - first.video.framesDecoded) / ms * 1000, still: still / 1000,
    concealed: 100 * grown('concealedSamples') / grown('totalSamplesReceived'),
    kbps: kbpsOf(last.video, first.video, ms) + kbpsOf(last.audio, first.audio, ms),
    queue: percentile(queues, 95), keyframes: last.video.keyFramesDecoded - first.video.keyFramesDecoded, seconds: ms / 1000,
  };
}

// Seconds until the pictures are as many bits as this again.
async function timeToFull(page, player, kbps) {
  const begun = performance.now();
  for (let last; performance.now() - begun < 60_000;) {
    const now = { at: performance.now(), ...await stats(page, player, 'in', 'video') };
    if (last && kbpsOf(now, last, now.at - last.at) > kbps)
      return (last.at - begun) / 1000;
    last = now;
    await pause(1000);
  }
  return Infinity;
}

const secondsOf = ({ quick }) => (quick ? 10 : 30);

const measureSole = (bench, strip, kbps, options) => withPage(bench, async ({ page, through }) => {
  const publisher = await publish(page, strip, options);
  const { relay, player } = await through(publisher.name, `rate ${kbps}`);
  await pause(8000);
  const seen = await watch(page, player, relay, secondsOf(bench));
  await relay.set(WIDE);
  return { ...seen, use: seen.kbps / kbps, back: await timeToFull(page, player, 1900) };
});

const framesOf = async (page, players) => Promise.all(players.map(async (player) =>
  (await stats(page, player, 'in', 'video')).framesDecoded));

// One of ten: what it gets, and what the nine others miss of it.
const measureTen = (bench, command) => withPage(bench, async ({ page, through }) => {
  const publisher = await publish(page, VP8);
  const others = [];
  while (others.length < OTHERS)
    others.push(await play(page, publisher.name));
  const { relay, player } = await through(publisher.name, command);
  await pause(8000);
  const out = () => stats(page, publisher.label, 'out', 'video');
  const first = await framesOf(page, others), sent = await out();
  const seen = await watch(page, player, relay, secondsOf(bench));
  const last = await framesOf(page, others), sentLast = await out();
  const frames = sentLast.framesSent - sent.framesSent;
  return { ...seen, others: Math.min(...last.map((one, i) => (one - first[i]) / frames)),
    asked: sentLast.keyFramesEncoded - sent.keyFramesEncoded };
});

const measureSizes = (bench) => withPage(bench, async ({ server, page, through }) => {
  await call(page, 'canvasCamera', 'sizes', 640, 360, CAMERA);
  const publisher = await publishSizes(page, server, 'sizes',
    [{ rid: 'lo', scaleResolutionDownBy: 2, maxBitrate: 300_000 }, { rid: 'hi', maxBitrate: 1_200_000 }]);
  await publisher.flows('lo', 'hi');
  const { relay, player } = await through(publisher.name, 'rate 500');
  await pause(3000);
  const before = await publisher.sizes();
  const seen = await watch(page, player, relay, secondsOf(bench));
  const sent = ((await publisher.sizes()).lo.frames - before.lo.frames) / seen.seconds;
  await relay.set(WIDE);
  const back = await timeToFull(page, player, 800);
  await publisher.stop();
  return { ...seen, sent, use: undefined, back };
});

const cuts = (server) => metric(server, 'sluice_downlink_cuts_total');

// A link that is wide, whatever it loses or how uneven it is: nothing may be taken for narrow.
const measureWide = (bench, command, options) => withPage(bench, async ({ server, page, through }) => {
  const publisher = await publish(page, VP8, options);
  const { relay, player } = await through(publisher.name, command);
  await pause(3000);
  const before = await cuts(server);
  const seen = await watch(page, player, relay, 2 * secondsOf(bench));
  return { ...seen, cuts: await cuts(server) - before };
});

// 5, 1 and 5 Mbit/s in turn: word of each, and how long all of the stream takes.
const measureSteps = (bench) => withPage(bench, async ({ page, through }) => {
  const publisher = await publish(page, VP8);
  const { relay, player } = await through(publisher.name, WIDE);
  const rounds = [];
  for (let i = 0; i < (bench.quick ? 2 : 4); i++) {
    await relay.set('rate 1000');
    if (i === 0)
      await event(page, player, 'word of its link', ({ type }) => type === 'notEnoughBandwidth');
    await pause(3000);
    rounds.push(await watch(page, player, relay, 10));
    await relay.set(WIDE);
    rounds.at(-1).back = await timeToFull(page, player, 1900);
  }
  const worst = (key, pick) => pick(...rounds.map((round) => round[key]));
  return { fps: worst('fps', Math.min), still: worst('still', Math.max), concealed: worst('concealed', Math.max),
    queue: worst('queue', Math.max), back: worst('back', Math.max), use: worst('kbps', Math.min) / 1000 };
});

const NAMES = {
  vp8: ['1 Mbit/s, sole player, VP8', (bench) => measureSole(bench, VP8, 1000)],
  h264: ['1 Mbit/s, sole player, H264', (bench) => measureSole(bench, H264, 1000)],
  remb: ['1 Mbit/s, sole player, VP8, by REMB', (bench) => measureSole(bench, VP8, 1000, { reckons: true })],
  half: ['500 kbit/s, sole player, VP8', (bench) => measureSole(bench, VP8, 500)],
  steps: ['5, 1, 5 Mbit/s, the worst of each', measureSteps],
  ten: ['500 kbit/s, one of ten', (bench) => measureTen(bench, 'rate 500')],
  lossy: ['10 % lost, one of ten', (bench) => measureTen(bench, 'loss 10')],
  sizes: ['500 kbit/s, two sizes', measureSizes],
  five: ['5 % lost', (bench) => measureWide(bench, 'loss 5')],
  jitter: ['50 ms of jitter', (bench) => measureWide(bench, 'jitter 50')],
  uneven: ['50 ms of jitter, by REMB', (bench) => measureWide(bench, 'jitter 50', { reckons: true })],
};

export const linkCases = Object.keys(NAMES).map((name) => `links-${name}`);

export function measureLinks(bench, wanted) {
  const measures = Object.fromEntries(Object.entries(NAMES).map(([name, [, measure]]) => [name, measure]));
  return measureAll('links', measures, wanted, bench);
}

const cell = (value, digits, factor = 1) => (value === undefined ? '' : show(value * factor, digits));

export function linksTable(results) {
  return `| link | pictures/s | longest still s | sound made up % | queue p95 ms | use % | full again s | others get % | key frames of the source | cuts |
|---|---|---|---|---|---|---|---|---|---|
${Object.entries(results).map(([name, r]) => `| ${NAMES[name][0]} | ${cell(r.fps, 1)}${r.sent ? ` of ${show(r.sent, 1)}` : ''} | ${cell(r.still, 2)} | ${cell(r.concealed, 2)} | ${cell(r.queue, 0)} | ${cell(r.use, 0, 100)} | ${cell(r.back, 1)} | ${cell(r.others, 1, 100)} | ${cell(r.asked, 0)} | ${cell(r.cuts, 0)} |`).join('\n')}`;
}

export const linksNote = `The camera paints 20 pictures a second; the browser that encodes, decodes and paints shares the processors
with the server. Sole player: at least 20 pictures a second of 30, longest still 2 s, sound made up 2 %
(better 0.5), queue 60 ms (30), use 70 % (85), full again within 15 s (8). Two sizes: as many. One of ten:
others get 99 % (99.5), a key frame of the source at most each 4 s. Lost packets: sound made up 1.5 % at
5 %, 4 % at 10 %, longest still 0.5 s. Of no cuts at all: 5 % lost, 50 ms of jitter.`;
