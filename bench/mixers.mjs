// SPDX-License-Identifier: GPL-3.0-or-later
// The cases `mixers` of run.mjs: what it costs to make one picture and one sound of many, beside
// ffmpeg doing the same from files in real time; what a mixer costs that nobody takes; and how much
// later a browser sees what is mixed.
import { join } from 'node:path';
import { call } from '../tests/peer/lib/bare.mjs';
import { Browser } from '../tests/peer/lib/browser.mjs';
import { BARE, startPages } from '../tests/peer/lib/pages.mjs';
import { RtspClient, udpPair } from '../tests/peer/lib/rtsp.mjs';
import { init } from '../tests/peer/lib/studio.mjs';
import { makeClip } from './clip.mjs';
import { ADDRESS, metric, runLoad, show, withNodes } from './nodes.mjs';
import { measureAll, percent, ratio, shareOfFfmpeg, split, timesOf } from './rows.mjs';
import { usage } from './usage.mjs';

const OUTPUT = { width: 1280, height: 720, fps: 30, kbps: 2000 };
const INPUT = { width: 640, height: 360, kbps: 800 };
const PADDING = 8; // free around each picture of a grid
const KEYFRAME_EVERY_S = 2;
const PRESET = 'veryfast'; // the server's
const MADE = 'sluice_mixer_picture_seconds_count';
const URI = 'mixer://bench', NAME = 'mixed';

const inputs = (count) => Array.from({ length: count }, (_, i) => `bench-${i + 1}`);

let input; // of all cases, once one has made it

const makeInput = ({ work }) => (input ??= makeClip(join(work, 'input.mkv'), {
  size: `${INPUT.width}x${INPUT.height}`, rate: OUTPUT.fps, seconds: 10, kbps: INPUT.kbps,
  bufferKbit: INPUT.kbps / 2, keyframeInterval: 60, audioKbps: 48,
  more: ['-vf', 'noise=alls=12:allf=t', '-preset', PRESET] }));

// ---- Ours ----

async function post(node, call, body) {
  const response = await fetch(`${node.http}/rest-api/mixer/${call}`, { method: 'POST',
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (response.status !== 200)
    throw new Error(`${call}: ${response.status} ${await response.text()}`);
  await response.text();
}

async function startMixer(node, names) {
  await post(node, 'startup', { uri: URI, localStreamName: NAME, mixerVideoWidth: OUTPUT.width,
    mixerVideoHeight: OUTPUT.height, mixerVideoFps: OUTPUT.fps, mixerVideoBitrateKbps: OUTPUT.kbps });
  for (const remoteStreamName of names)
    await post(node, 'add', { uri: URI, remoteStreamName });
}

// Takes these media of a stream over RTSP, and looks at nothing; resolves with what is to be closed.
async function take(port, name, media) {
  const client = await RtspClient.open(port, { host: ADDRESS });
  const url = `rtsp://${ADDRESS}:${port}/${name}`;
  const { body } = await client.request('DESCRIBE', url);
  const open = [client];
  for (const section of body.split(/^m=/m).slice(1).filter((one) => media.includes(one.split(' ')[0]))) {
    const pair = await udpPair(undefined, ADDRESS);
    open.push(pair.rtp, pair.rtcp);
    await client.request('SETUP', /a=control:(\S+)/.exec(section)[1],
      { Transport: `RTP/AVP;unicast;client_port=${pair.port}-${pair.port + 1}` });
  }
  await client.request('PLAY', url);
  return open;
}

// The whole, and each input's own sound.
async function takeAll(port, names) {
  return (await Promise.all([take(port, NAME, ['audio', 'video']),
    ...names.map((name) => take(port, `${NAME}-${name}`, ['audio']))])).flat();
}

// Shares of a core of all our processes, and the pictures a second: an overloaded mixer makes fewer.
// mixed: there is a mixer; taken: and somebody takes all of it.
async function measureOurs(bench, clip, count, { mixed = false, taken = false } = {}) {
  const { settle, seconds } = timesOf(bench);
  const port = await bench.freePort();
  const names = inputs(count);
  let open = [];
  const options = { 'rtsp.port': port, rtsp_timeout_s: 3600, rtsp_connections_per_ip_max: 0 };
  try {
    return await withNodes(bench, 1, options, (node) => runLoad(bench, { clip, port: node.port, pid: node.pid,
      rooms: count, players: 0, intact: true, settle, seconds: seconds + 2 }, {
      published: async () => {
        if (mixed)
          await startMixer(node, names);
        if (taken)
          open = await takeAll(port, names);
      },
      measuring: async () => {
        const from = await metric(node, MADE), at = performance.now();
        const shares = await usage(node.pid, seconds);
        return { usage: shares, fps: (await metric(node, MADE) - from) / (performance.now() - at) * 1000 };
      } }));
  } finally {
    open.forEach((one) => one.close());
  }
}

// ---- ffmpeg's ----

const even = (value) => Math.floor(value / 2) * 2;

// The cells of a grid, as the server lays it out: full rows only.
function grid(count) {
  const columns = Math.sqrt(count);
  const [width, height] = [even(OUTPUT.width / columns), even(OUTPUT.height / columns)];
  const factor = Math.min((width - 2 * PADDING) / INPUT.width, (height - 2 * PADDING) / INPUT.height);
  return { width, height, picture: { width: even(INPUT.width * factor), height: even(INPUT.height * factor) },
    places: Array.from({ length: count }, (_, i) => `${i % columns * width}_${Math.floor(i / columns) * height}`) };
}

function pictureFilter(count) {
  const { width, height, picture, places } = grid(count);
  const cells = places.map((_, i) => `[${i}:v]scale=${picture.width}:${picture.height}:flags=bicubic,` +
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2[v${i}]`);
  const all = places.map((_, i) => `[v${i}]`).join('');
  return [...cells, `${all}xstack=inputs=${count}:layout=${places.join('|')},` +
    `pad=${OUTPUT.width}:${OUTPUT.height},fps=${OUTPUT.fps}[v]`].join(';');
}

// The sum of all, and for each the sum of the others.
function soundFilter(count) {
  const all = Array.from({ length: count }, (_, i) => i);
  const sums = [all, ...all.map((left) => all.filter((one) => one !== left))];
  const copies = all.map((one) => `[${one}:a]asplit=${count}` +
    sums.flatMap((sum, to) => (sum.includes(one) ? [`[a${one}to${to}]`] : [])).join(''));
  const mixes = sums.map((sum, to) => `${sum.map((one) => `[a${one}to${to}]`).join('')}` +
    `amix=inputs=${sum.length}:normalize=0[s${to}]`);
  return [...copies, ...mixes].join(';');
}

function measureFfmpeg(bench, clip, count) {
  const more = Array.from({ length: count - 1 }, () => ['-threads', '1', '-re', '-stream_loop', '-1', '-i', clip]);
  const sounds = Array.from({ length: count + 1 }, (_, i) => ['-map', `[s${i}]`, '-c:a', 'libopus', '-ac', '1',
    '-f', 'null', '-']);
  const gop = OUTPUT.fps * KEYFRAME_EVERY_S;
  return shareOfFfmpeg(bench, clip, [[...more.flat(),
    '-filter_complex', `${pictureFilter(count)};${soundFilter(count)}`,
    '-map', '[v]', '-c:v', 'libx264', '-preset', PRESET, '-threads', '1', '-tune', 'zerolatency', '-bf', '0',
    '-profile:v', 'baseline', '-x264-params', 'scenecut=0', '-b:v', `${OUTPUT.kbps}k`,
    '-maxrate', `${OUTPUT.kbps}k`, '-bufsize', `${OUTPUT.kbps / 2}k`, '-g', `${gop}`, '-f', 'null', '-',
    ...sounds.flat()]], ['-filter_complex_threads', '1', '-threads', '1']);
}

// ---- All of it ----

async function measureMixing(bench, count) {
  const clip = await makeInput(bench);
  const plain = await measureOurs(bench, clip, count);
  const mixed = await measureOurs(bench, clip, count, { mixed: true, taken: true });
  return { count, mixed: mixed.usage, fps: mixed.fps, ours: mixed.usage.all - plain.usage.all,
    ffmpeg: await measureFfmpeg(bench, clip, count) };
}

async function measureIdle(bench) {
  const clip = await makeInput(bench);
  const plain = await measureOurs(bench, clip, 4);
  const mixed = await measureOurs(bench, clip, 4, { mixed: true });
  return { plain: plain.usage.all, mixed: mixed.usage.all };
}

// A page publishes flashes into a mixer, plays them as they are and mixed, and sees when each turns
// bright: one clock, one browser, two ways.
async function measureDelay(bench) {
  const [browser, pages] = await Promise.all([Browser.open(), startPages()]);
  try {
    return await withNodes(bench, 1, {}, async (node) => {
      const page = await browser.page(pages.url + BARE, undefined, { init: init() });
      const must = async (method, ...args) => {
        const { status, info } = await call(page, method, ...args);
        if (status !== 'PUBLISHING' && status !== 'PLAYING')
          throw new Error(`${method}: ${status} ${info}`);
      };
      await call(page, 'connect', node.ws);
      await page.evaluate(() => (window.cameras = { flashes: window.studio.beats({}) }));
      await must('publishCamera', 'camera', `a#${NAME}`, 'flashes', {});
      await must('play', 'plain', `a#${NAME}`, {});
      await must('play', 'mixed', NAME, {});
      const seen = (ms) => page.evaluate((length) => window.studio.flashes(
        ['plain', 'mixed'].map((one) => window.sluice.video(one)), length), ms);
      await seen(timesOf(bench).settle * 1000);
      const [plain, mixed] = await seen(Math.max(timesOf(bench).seconds, 20) * 1000);
      const added = mixed.map((at) => at - plain.findLast((other) => other <= at + 20))
        .filter((ms) => ms < 900).sort((a, b) => a - b);
      return { count: added.length, p50: added[added.length >> 1],
        p95: added[Math.floor(added.length * 0.95)] };
    });
  } finally {
    await browser.close();
    await pages.close();
  }
}

const measures = {
  delay: measureDelay,
  four: (bench) => measureMixing(bench, 4),
  nine: (bench) => measureMixing(bench, 9),
  idle: measureIdle,
};

// What run.mjs calls them; `mixers` is all of them.
export const mixerCases = Object.keys(measures).map((name) => `mixers-${name}`);

export const measureMixers = (bench, clip, wanted) => measureAll('mixers', measures, wanted, bench, clip);

const mixing = (r) => [`CPU of a mixer of ${r.count}, ${r.count + 1} sounds`, percent(r.ours), percent(r.ffmpeg),
  ratio(r.ours, r.ffmpeg), '1.2', '1.0', `${show(r.fps, 1)} pictures a second; ${split(r.mixed)}`];

const rows = {
  delay: (r) => ['added delay of a mixer p95', `${show(r.p95)} ms`, '', '', '300 ms', '150 ms',
    `p50 ${show(r.p50)} ms, ${r.count} flashes in Chromium`],
  four: mixing,
  nine: mixing,
  idle: (r) => ['a mixer of 4 that nobody takes', percent(r.mixed), percent(r.plain),
    `+${percent(r.mixed - r.plain)}`, '+3 %', '+0.5 %', 'against the same publications without it'],
};

export const mixersTable = (results) => ['| measure | ours | other | ratio | must | should | more |',
  '|---|---|---|---|---|---|---|',
  ...Object.entries(results).map(([name, result]) => `| ${rows[name](result).join(' | ')} |`)].join('\n');

export const mixersNote = `CPU: shares of a core, user and system, of all our processes, less the same publications of
${INPUT.width}x${INPUT.height} without a mixer. The whole and each input's own sound are taken over RTSP. ffmpeg reads as many
files in real time, scales (bicubic) and pads each into the same cell, stacks them, sums sound once for
all and once without each, and encodes with one thread each, at the same rate, preset and distance of
key frames.`;
