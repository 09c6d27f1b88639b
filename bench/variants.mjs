// SPDX-License-Identifier: GPL-3.0-or-later
// The cases `variants` of run.mjs: what it costs to make pictures in another size and sound in
// another codec, beside ffmpeg doing the same from a file in real time; how much later they come,
// how soon a player has one, what a process of their own costs, how good they are.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Nginx } from '../tests/peer/lib/rtmp.mjs';
import { makeClip } from './clip.mjs';
import { runLoad, show, withNodes } from './nodes.mjs';
import { measureAll, shareOfFfmpeg, percent, ratio as ratioOf, split, timesOf } from './rows.mjs';
import { addedDelays, joins, percentile, pictureNumbers, readTrace } from './trace.mjs';
import { usage } from './usage.mjs';

const run = promisify(execFile);
const ONE = { width: 640, height: 360, kbps: 800 };
const THREE = [{ width: 960, height: 540, kbps: 1500 }, ONE, { width: 320, height: 180, kbps: 300 }];
const MANY = 100;
const PUSHES = 10;
const AAC_KBPS = 128; // the server's, of two channels
const PRESET = 'veryfast'; // the server's
const GOP = 300; // pictures: video_encoder_gop_ms of 30 a second
const formOf = ({ width, height, kbps }) => `${width}x${height},${kbps}k`;

// ---- What is computed ----

// Shares of a core, of all our processes, with so many players of these forms in turn.
function measureOurs(bench, clip, { players, forms }) {
  const { settle, seconds } = timesOf(bench);
  return withNodes(bench, 1, {}, ({ port, pid }) => runLoad(bench, { clip, port, pid, players,
    intact: true, form: forms, settle, seconds: seconds + 1, 'verify-every': 64 },
  { measuring: async () => ({ usage: await usage(pid, seconds) }) }));
}

const sizeOptions = ({ width, height, kbps }) => ['-map', '0:v', '-vf', `scale=${width}:${height}:flags=bicubic`,
  '-c:v', 'libx264', '-preset', PRESET, '-threads', '1', '-tune', 'zerolatency', '-bf', '0',
  '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps / 2}k`, '-g', `${GOP}`];
// What browsers take: no more of H264 than the server makes.
const BASELINE = ['-profile:v', 'baseline', '-x264-params', 'scenecut=0'];

const measureFfmpeg = (bench, clip, all) => shareOfFfmpeg(bench, clip, all, ['-filter_threads', '1', '-threads', '1']);

const encodeAll = (sizes, more = []) =>
  [sizes.flatMap((size) => [...sizeOptions(size), ...more, '-f', 'null', '-'])];

// Ours: what it is more than the same players of the stream as it is published.
async function measureSizes(bench, clip, sizes) {
  const plain = await measureOurs(bench, clip, { players: sizes.length, forms: ['plain'] });
  const made = await measureOurs(bench, clip, { players: sizes.length, forms: sizes.map(formOf) });
  const ffmpeg = await measureFfmpeg(bench, clip, encodeAll(sizes));
  const alike = await measureFfmpeg(bench, clip, encodeAll(sizes, BASELINE));
  return { plain: plain.usage, made: made.usage, ours: made.usage.all - plain.usage.all, ffmpeg, alike,
    lost: made.lost };
}

// The encoder, and as many players of a stream that is published as it would make it.
async function measurePlayers(bench, clip, one) {
  const like = await makeClip(join(bench.work, 'like.mkv'), { size: `${ONE.width}x${ONE.height}`, rate: 30,
    seconds: 10, kbps: ONE.kbps, bufferKbit: ONE.kbps / 2, keyframeInterval: GOP, audioKbps: 48,
    more: ['-vf', 'noise=alls=12:allf=t', '-preset', PRESET] });
  const made = await measureOurs(bench, clip, { players: MANY, forms: [formOf(ONE)] });
  const plain = await measureOurs(bench, like, { players: MANY, forms: ['plain'] });
  return { made: made.usage, plain: plain.usage, encoder: one.ours, lost: [made.lost, plain.lost],
    sent: [made.bytes, plain.bytes] };
}

// ---- Sound for RTMP servers ----

async function startPushes({ http }, nginx) {
  for (let i = 1; i <= PUSHES; i++) {
    const response = await fetch(`${http}/rest-api/push/startup`, { method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ streamName: `bench-${i}`, rtmpUrl: `${nginx}/push${i}` }) });
    if (response.status !== 200)
      throw new Error(`push ${i}: ${response.status} ${await response.text()}`);
    await response.text();
  }
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await pause(200)) {
    const { pushes } = await (await fetch(`${http}/api/v1/pushes?limit=100`)).json();
    if (pushes.filter(({ state }) => state === 'PUBLISHING').length === PUSHES)
      return;
  }
  throw new Error('the pushes do not publish');
}

// Ten streams with or without a push each. Nobody plays; ffmpeg passes the pictures on as well.
function measurePushes(bench, clip, nginx) {
  const { settle, seconds } = timesOf(bench);
  return withNodes(bench, 1, { rtmp_transponder_full_url: true }, (node) => runLoad(bench,
    { clip, port: node.port, pid: node.pid, rooms: PUSHES, players: 0, intact: true, settle, seconds: seconds + 1 },
    { published: () => nginx && startPushes(node, nginx),
      measuring: async () => ({ usage: await usage(node.pid, seconds) }) }));
}

// Stereo, as WebRTC's opus always is for whoever decodes it; next to no pictures.
const makeSoundClip = ({ work }) => makeClip(join(work, 'sound.mkv'), { size: '160x90', rate: 5, seconds: 10,
  kbps: 30, bufferKbit: 30, keyframeInterval: 10, audioKbps: 64, more: ['-ac', '2'] });

async function measureAac(bench) {
  const clip = await makeSoundClip(bench);
  const server = await Nginx.start({ applications: 'application sink { live on; record off; }' });
  const nginx = `rtmp://127.0.0.1:${server.port}/sink`;
  try {
    const without = await measurePushes(bench, clip);
    const pushed = await measurePushes(bench, clip, nginx);
    const ffmpeg = await measureFfmpeg(bench, clip, Array.from({ length: PUSHES }, (_, i) =>
      ['-c:v', 'copy', '-c:a', 'aac', '-b:a', `${AAC_KBPS}k`, '-f', 'flv', `${nginx}/ffmpeg${i}`]));
    return { without: without.usage, pushed: pushed.usage, ours: pushed.usage.all - without.usage.all, ffmpeg };
  } finally {
    await server.stop();
  }
}

// ---- When things come ----

// The load program's result with what came to each player.
async function traced(bench, clip, options, on) {
  const file = join(bench.work, 'trace');
  const result = await withNodes(bench, 1, {}, ({ port, pid }) =>
    runLoad(bench, { clip, port, pid, intact: true, trace: file, ...options }, on));
  return { result, trace: readTrace(file) };
}

async function measureDelay(bench, clip) {
  const { result, trace } = await traced(bench, clip, { players: 3, form: ['plain', formOf(ONE), 'PCMA'], settle: 3,
    seconds: bench.quick ? 10 : 60 });
  const figures = (delays) => ({ p50: percentile(delays, 50), p95: percentile(delays, 95),
    p99: percentile(delays, 99), count: delays.length });
  return { picture: figures(addedDelays(trace, 1, 0, 'video')), sound: figures(addedDelays(trace, 2, 0, 'audio')),
    lost: result.lost };
}

// Into a variant that somebody plays already; each at another moment between two pictures.
async function measureJoin(bench, clip) {
  const joining = bench.quick ? 20 : 100;
  const { trace } = await traced(bench, clip, { players: joining + 1, form: [formOf(ONE)], settle: 1,
    seconds: 1, 'join-ms': bench.quick ? 307 : 407 });
  const times = joins(trace, Array.from({ length: joining }, (_, i) => i + 1));
  return { p50: percentile(times, 50), p95: percentile(times, 95), max: Math.max(...times), joining };
}

async function measureHop({ build, quick }, clip) {
  const { stdout } = await run(join(build, 'bench', 'bench-hop'), ['--program', join(build, 'sluice'),
    '--clip', clip, '--seconds', quick ? '5' : '60'], { timeout: 300_000 });
  return JSON.parse(stdout);
}

// ---- Quality ----

const RAW = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p'];
const rawInput = (file) => [...RAW, '-s', `${ONE.width}x${ONE.height}`, '-r', '30', '-i', file];
const ffmpeg = (...args) => run('ffmpeg', ['-v', 'info', '-nostats', '-nostdin', '-y', ...args.flat()],
  { maxBuffer: 1 << 26 });

// These pictures of a file of raw ones, into another.
function pick(from, to, numbers) {
  const frame = Buffer.alloc(ONE.width * ONE.height * 3 / 2);
  const [source, out] = [openSync(from, 'r'), openSync(to, 'w')];
  try {
    for (const number of numbers) {
      if (readSync(source, frame, 0, frame.length, number * frame.length) !== frame.length)
        throw new Error(`${from} has no picture ${number}`);
      writeSync(out, frame);
    }
  } finally {
    closeSync(source);
    closeSync(out);
  }
}

async function compareTo(reference, file, bytes, count) {
  const figure = async (filter, pattern) => Number(pattern.exec((await ffmpeg(rawInput(file),
    rawInput(reference), '-lavfi', `[0:v][1:v]${filter}`, '-f', 'null', '-')).stderr)[1]);
  return { psnr: await figure('psnr', /average:([\d.]+)/), ssim: await figure('ssim', /All:([\d.]+)/),
    kbps: bytes * 8 / (count / 30) / 1000 };
}

// ffmpeg encodes the very pictures that the player of the variant was shown.
async function encodeLike(bench, reference, name, count, more) {
  const [coded, raw] = [join(bench.work, `${name}.h264`), join(bench.work, `${name}.yuv`)];
  await ffmpeg(rawInput(reference), sizeOptions(ONE), more, coded);
  await ffmpeg('-i', coded, '-fps_mode', 'passthrough', RAW, raw);
  const { stdout } = await run('stat', ['-c', '%s', coded]);
  return compareTo(reference, raw, Number(stdout), count);
}

async function measureQuality(bench, clip) {
  const file = (name) => join(bench.work, name);
  const { trace } = await traced(bench, clip, { players: 2, form: [formOf(ONE), 'plain'], settle: 2,
    seconds: bench.quick ? 8 : 20, record: file('made.h264') });
  const { frames } = trace.flows['0 video'];
  const numbers = pictureNumbers(trace, 0, 1);
  // The other player comes a little later, and both end in the midst of something.
  const first = numbers.findIndex((number) => number !== undefined);
  const last = numbers.findLastIndex((number) => number !== undefined);
  if (first < 0 || numbers.slice(first, last).includes(undefined))
    throw new Error('it is not known which pictures the player was shown');
  const count = last + 1 - first;
  await ffmpeg('-i', clip, '-map', '0:v', '-vf', `scale=${ONE.width}:${ONE.height}:flags=bicubic`, '-fps_mode', 'passthrough', RAW,
    file('source.yuv'));
  pick(file('source.yuv'), file('reference.yuv'), numbers.slice(first, last + 1));
  await ffmpeg('-f', 'h264', '-i', file('made.h264'), '-fps_mode', 'passthrough', RAW, file('all.yuv'));
  pick(file('all.yuv'), file('made.yuv'), Array.from({ length: count }, (_, i) => first + i));
  const bytes = frames.slice(first, last + 1).reduce((sum, { len }) => sum + len, 0);
  return { count, ours: await compareTo(file('reference.yuv'), file('made.yuv'), bytes, count),
    ffmpeg: await encodeLike(bench, file('reference.yuv'), 'ffmpeg', count, []),
    alike: await encodeLike(bench, file('reference.yuv'), 'alike', count, BASELINE) };
}

// ---- All of it ----

const measures = {
  one: (bench, clip) => measureSizes(bench, clip, [ONE]),
  three: (bench, clip) => measureSizes(bench, clip, THREE),
  players: async (bench, clip, done) => measurePlayers(bench, clip, done.one ?? await measures.one(bench, clip)),
  aac: measureAac,
  delay: measureDelay,
  join: measureJoin,
  hop: measureHop,
  quality: measureQuality,
};

// What run.mjs calls them; `variants` is all of them.
export const variantCases = Object.keys(measures).map((name) => `variants-${name}`);

export const measureVariants = (bench, clip, wanted) => measureAll('variants', measures, wanted, bench, clip);

const ms = (...values) => `${values.map((value) => value.toFixed(1)).join(' / ')} ms`;
const ratio = (a, b) => ratioOf(a, b, 3);

const rows = {
  one: (r) => [['CPU of one variant, 1280x720 to 640x360', percent(r.ours), percent(r.ffmpeg),
    ratio(r.ours, r.ffmpeg), '1.15', '1.05', `${ratio(r.ours, r.alike)} of ffmpeg in baseline; ${split(r.made)}`]],
  three: (r) => [['CPU of three sizes of one source', percent(r.ours), percent(r.ffmpeg),
    ratio(r.ours, r.ffmpeg), '1.15', '1.0', `${ratio(r.ours, r.alike)} of ffmpeg in baseline; ${split(r.made)}`]],
  players: (r) => [[`${MANY} players of one variant`, percent(r.made.all), percent(r.encoder + r.plain.all),
    ratio(r.made.all, r.encoder + r.plain.all), '1.05', '', `against an encoder's ${percent(r.encoder)} and plain players' ` +
      `${percent(r.plain.all)}; bytes sent ${ratio(...r.sent)}; lost ${r.lost.join(', ')}`]],
  aac: (r) => [[`opus to AAC for ${PUSHES} pushes`, percent(r.ours), percent(r.ffmpeg), ratio(r.ours, r.ffmpeg),
    '1.15', '1.0', split(r.pushed)]],
  delay: (r) => [
    ['added delay of pictures, p95', ms(r.picture.p95), '', '', '100 ms', '60 ms', `p50 / p99 ${ms(r.picture.p50, r.picture.p99)}; lost ${r.lost}`],
    ['added delay of sound, opus to PCMA, p95', ms(r.sound.p95), '', '', '40 ms', '25 ms', `p50 / p99 ${ms(r.sound.p50, r.sound.p99)}`]],
  join: (r) => [['joining a running variant, p50 / p95', ms(r.p50, r.p95), '', '', 'p95 500 ms', 'p50 200 ms',
    `${r.joining} players; longest ${ms(r.max)}`]],
  hop: (r) => [
    ...['pictures', 'sound'].map((kind) => [`a process of its own: ${kind}, p50 / p99`,
      `+${show(r[kind].added_p50_ms)} / ${show(r[kind].added_p99_ms)} ms`, '', '', '0.5 / 5 ms', '0.2 / 2 ms',
      `p50 here ${show(r[kind].here_p50_ms)}, there ${show(r[kind].there_p50_ms)} ms`]),
    ['added delay of AAC of opus, p95', ms(r.aac.delay_p95_ms), '', '', '90 ms', '70 ms', `p50 ${ms(r.aac.delay_p50_ms)}; in the codec process`]],
  // Browsers take baseline, so that is what is made, and what a fair peer makes.
  quality: (r) => [['PSNR of the variant, baseline', `${show(r.ours.psnr)} dB`, `${show(r.alike.psnr)} dB`,
    `${show(r.ours.psnr - r.alike.psnr)} dB`, '-0.3 dB', '', `SSIM ${show(r.ours.ssim, 4)}, ${show(r.alike.ssim, 4)}; ` +
      `kbit/s ${show(r.ours.kbps, 0)}, ${show(r.alike.kbps, 0)}; ${show(r.ours.psnr - r.ffmpeg.psnr)} dB of ffmpeg in high`]],
};

export const variantsTable = (results) => ['| measure | ours | ffmpeg or sum | ratio | must | should | more |',
  '|---|---|---|---|---|---|---|',
  ...Object.entries(results).flatMap(([name, result]) => rows[name](result).map((row) => `| ${row.join(' | ')} |`))].join('\n');

export const variantsNote = `CPU: shares of a core, user and system, of all our processes, less the same with players of the
stream as it is published (of pushes: less the same without). ffmpeg reads the same clip in real time,
decodes, scales (bicubic) and encodes with one thread each, at the same rate, preset and distance of
key frames, in H264's high profile; "in baseline": in the one that browsers take, as ours. The many
plain players play a stream of the variant's size and rate. Delays: a frame's last packet at a player,
against the same moment's at a player of the stream as it is published, by the sender reports.
Joining: from playStream to the last packet of the first picture, which is a key frame. A process of
its own: the same frames through jobs in one process and through a codec process, each half of the
time to the next frame. Quality: against the source, scaled; ffmpeg encodes the same pictures, in
baseline as the server must for browsers.`;
