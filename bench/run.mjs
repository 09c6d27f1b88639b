// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the load program against Sluice, against Janus and the floor, alternating, and prints the
// table with the ratios. Started by bench/run: run.mjs BUILD_DIR [--quick] [--only NAME,NAME]
// [--against PROGRAM [--pairs N]]: two builds side by side, see against.mjs.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { againstTable, measureAgainst } from './against.mjs';
import { makeClip } from './clip.mjs';
import { clusterNote, clusterTables, measureCluster } from './cluster.mjs';
import { callCases, callsNote, callsTable, measureCalls } from './calls.mjs';
import { downlinkNote, downlinkTable, measureDownlink } from './downlink.mjs';
import { hooksNote, hooksTable, measureHooks } from './hooks.mjs';
import { linkCases, linksNote, linksTable, measureLinks } from './links.mjs';
import { measureMixers, mixerCases, mixersNote, mixersTable } from './mixers.mjs';
import { measurePull, pullNote, pullTables } from './pull.mjs';
import { measureOutputs, outputCases, outputsNote, outputsTable } from './outputs.mjs';
import { measurePush, measurePushSound, measurePushStorm, pushNote, pushSoundTable, pushStormTable, pushTable } from './push.mjs';
import { measureRooms, roomsNote, roomsTable } from './rooms.mjs';
import { measureStrangers, strangersNote, strangersTable } from './strangers.mjs';
import { measureVariants, variantCases, variantsNote, variantsTable } from './variants.mjs';

const run = promisify(execFile);
// what is none of these ends it: hours of a machine for a misspelt option would be a pity
const { values: options, positionals: [directory = 'build'] } = parseArgs({ allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' },
    against: { type: 'string' }, pairs: { type: 'string', default: '10' } } });
const build = resolve(directory);
const { quick } = options;
const only = options.only?.split(',') ?? null;
const against = options.against === undefined ? null : resolve(options.against);
const pairs = Number(options.pairs);
const rounds = quick ? 1 : 3;
const seconds = quick ? 5 : 10;
const address = '10.77.0.1'; // of the namespace that bench/run made
const work = mkdtempSync(join(tmpdir(), 'sluice-bench-'));

const median = (values) => {
  const sorted = values.filter((v) => v !== undefined).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : undefined;
};

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// 720p30 at about 2 Mbit/s with a key frame every 2 s: a browser's camera.
const makeCameraClip = () => makeClip(join(work, 'clip.mkv'), { size: '1280x720', rate: 30,
  seconds: 10, kbps: 2000, bufferKbit: 400, keyframeInterval: 60, audioKbps: 48,
  more: ['-vf', 'noise=alls=12:allf=t', '-preset', 'veryfast'] });

async function waitForPort(port, child) {
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error('the server ended while starting');
    const open = await run('ss', ['-Hltn', `sport = :${port}`]).then((r) => r.stdout.includes('LISTEN'));
    if (open) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`nothing listens on ${port}`);
}

let started = 0;

// more: arguments that override these. Several may run at once.
async function startSluice(workers, more = [], program = join(build, 'sluice')) {
  const port = await freePort();
  const media = 25000 + started++ % 70 * 100; // below those that the kernel gives to players
  const child = spawn(program, ['-o', `ws.port=${port}`, '-o', 'wss.port=0',
    '-o', 'http.port=0', '-o', 'https.port=0', '-o', `media_port_from=${media}`,
    '-o', `media_port_to=${media + 99}`, '-o', `ip=${address}`, '-o', `ip_local=${address}`,
    '-o', `worker_count=${workers}`, '-o', `state_dir=${join(work, 'state')}`,
    '-o', 'log_level=WARN', ...(program === join(build, 'sluice') ? ['-o', 'rtsp.port=0'] : []),
    ...more], { stdio: ['ignore', 'inherit', 'inherit'] });
  await waitForPort(port, child);
  return { child, port };
}

function janusConfig(dir, port, media) {
  mkdirSync(dir, { recursive: true });
  const lib = '/usr/lib/x86_64-linux-gnu/janus';
  writeFileSync(join(dir, 'janus.jcfg'), `general: {
  configs_folder = "${dir}"
  plugins_folder = "${lib}/plugins"
  transports_folder = "${lib}/transports"
  events_folder = "${lib}/events"
  loggers_folder = "${lib}/loggers"
  debug_level = 2
  log_to_stdout = true
  admin_secret = "bench"
}
media: { rtp_port_range = "${media}-${media + 4000}" }
nat: {
  ice_lite = true
  ice_enforce_list = "${address}"
  ignore_mdns = true
}
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so" }
transports: { disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }
`);
  writeFileSync(join(dir, 'janus.transport.websockets.jcfg'),
    `general: {\n ws = true\n ws_port = ${port}\n ws_ip = "127.0.0.1"\n wss = false\n}\nadmin: { admin_ws = false }\n`);
  writeFileSync(join(dir, 'janus.plugin.videoroom.jcfg'), 'general: { }\n');
}

async function startJanus() {
  const port = await freePort();
  const dir = join(work, 'janus');
  janusConfig(dir, port, 20000);
  const child = spawn('janus', ['-C', join(dir, 'janus.jcfg'), '-F', dir],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  await waitForPort(port, child);
  return { child, port };
}

async function stop({ child }) {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
  await ended;
  clearTimeout(timer);
}

async function load(target, server, clip, options) {
  const args = ['--target', target, '--port', server.port, '--pid', server.child.pid, '--clip', clip,
    '--rooms', options.rooms ?? 1, '--players', options.players, '--seconds', seconds,
    '--verify-every', options.verifyEvery ?? 16];
  if (options.cm) args.push('--cm');
  if (options.paceUs) args.push('--pace-us', options.paceUs);
  const { stdout, stderr } = await run(join(build, 'bench', 'bench-load'), args.map(String),
    { timeout: 240000 });
  if (stderr) process.stderr.write(stderr);
  return JSON.parse(stdout);
}

async function measure(target, clip, options) {
  const server = target === 'janus' ? await startJanus()
    : await startSluice(options.workers ?? 1, [], target === 'before' ? against : undefined);
  try {
    return await load(target === 'before' ? 'sluice' : target, server, clip, options);
  } finally {
    await stop(server);
  }
}

async function floor(clip, options) {
  const args = ['--clip', clip, '--players', options.players, '--seconds', 5, '--batch', options.batch ?? 0];
  if (options.cm) args.push('--cm');
  if (options.paceUs) args.push('--pace-us', options.paceUs);
  const { stdout } = await run(join(build, 'bench', 'bench-floor'), args.map(String));
  return JSON.parse(stdout);
}

const hasJanus = existsSync('/usr/bin/janus');
const cases = [
  { name: '1x100-cm', what: '1 x 100, AES-CM', targets: ['sluice', 'janus', 'floor'], players: 100, cm: true, must: 3.0, should: 2.5, janusRatio: 6 },
  { name: '1x100-gcm', what: '1 x 100, AES-GCM', targets: ['sluice', 'floor'], players: 100, must: 2.6, should: 2.0 },
  { name: '1x100-paced', what: '1 x 100, AES-CM, paced', targets: ['sluice', 'janus', 'floor'], players: 100, cm: true, paceUs: 1000 },
  { name: '10x10', what: '10 x 10, AES-CM', targets: ['sluice', 'janus'], rooms: 10, players: 10, cm: true, must: 4.0, should: 3.0 },
  { name: '1x400', what: '1 x 400, AES-GCM (memory)', targets: ['sluice', 'janus'], players: 400, once: true },
  { name: '1x50-gcm', what: '1 x 50, AES-GCM (growth)', targets: ['sluice'], players: 50 },
  { name: '1x1000-gcm', what: '1 x 1000, AES-GCM (growth)', targets: ['sluice'], players: 1000, verifyEvery: 256 },
  { name: '2workers', what: '1 x 400, AES-GCM, two workers', targets: ['sluice'], players: 400, workers: 2, verifyEvery: 64 },
  { name: 'latency', what: '1 x 10, AES-GCM (latency, join)', targets: ['sluice', 'janus'], players: 10, verifyEvery: 1, latency: true },
];

const rows = [];
const hooksRows = [];
const pushRows = [];
const tables = []; // of the cases with several servers
let failed = 0;
const wanted = (name) => !only || only.includes(name);

// Of one run each: the control loop and the media without and with hooks that a back end is slow to
// answer.
async function runHooks() {
  for (let round = 0; round < (quick ? 1 : 2); round++) {
    try {
      const result = await measureHooks({ startSluice, stop, freePort, build, work, quick });
      hooksRows.push(result);
      console.error(`hooks: ${JSON.stringify(result)}`);
    } catch (error) {
      failed++;
      console.error(`hooks: failed: ${error.stack}`);
    }
  }
}

// The media cases, of two builds; without --only the two that say most.
async function runAgainst() {
  const compared = cases.filter((c) => (only ?? ['1x100-cm', '1x100-gcm']).includes(c.name));
  console.log(againstTable(await measureAgainst({ measure, floor, cases: compared, pairs,
    targets: hasJanus ? ['floor', 'janus'] : ['floor'], clip: await makeCameraClip(), report: console.error })));
}

async function runCases() {
  const several = [['pull', measurePull, pullTables, pullNote], ['cluster', measureCluster, clusterTables, clusterNote],
    ['strangers', measureStrangers, strangersTable, strangersNote],
    ['rooms', measureRooms, roomsTable, roomsNote],
    ['push-sound', measurePushSound, pushSoundTable, 'Must: no frame dropped, at most cores + 12 threads.'],
    ['push-storm', measurePushStorm, pushStormTable, 'Must: under 2 s of CPU and 100 MB.']];
  const variants = (name) => wanted('variants') || wanted(name);
  const outputs = (name) => wanted('outputs') || wanted(name);
  const mixers = (name) => wanted('mixers') || wanted(name);
  const links = (name) => wanted('links') || wanted(name);
  const calls = (name) => wanted('calls') || wanted(name);
  const clip = [...cases.map((x) => x.name), 'downlink', ...several.map(([name]) => name).filter((name) => !name.startsWith('push')),
    ...variantCases, 'variants', ...outputCases,
    'outputs'].some(wanted) &&
    await makeCameraClip();
  for (const c of cases.filter((x) => wanted(x.name))) {
    const results = {};
    const repeats = c.once ? 1 : rounds;
    for (let round = 0; round < repeats; round++) {
      for (const target of c.targets) {
        if (target === 'janus' && !hasJanus) continue;
        try {
          const result = target === 'floor' ? await floor(clip, c) : await measure(target, clip, c);
          (results[target] ??= []).push(result);
          console.error(`${c.name} ${target}: ${JSON.stringify(result)}`);
        } catch (error) {
          failed++;
          console.error(`${c.name} ${target}: failed: ${error.message}`);
        }
      }
    }
    rows.push({ ...c, results });
  }
  if (wanted('downlink')) {
    const result = await measureDownlink({ startSluice, stop, quick }, load, clip);
    console.error(`downlink: ${JSON.stringify(result)}`);
    tables.push(`${downlinkTable(result)}\n\n${downlinkNote}`);
  }
  if (wanted('hooks'))
    await runHooks();
  if (wanted('push')) {
    const result = await measurePush({ startSluice, stop, freePort, work, quick });
    pushRows.push(result);
    console.error(`push: ${JSON.stringify(result)}`);
  }
  for (const [name, measureCase, show, note] of several.filter(([x]) => wanted(x))) {
    const result = await measureCase({ startSluice, stop, freePort, build, work, quick }, clip);
    console.error(`${name}: ${JSON.stringify(result)}`);
    tables.push(`${show(result)}\n\n${note}`);
  }
  if (variantCases.some(variants)) {
    const { results, failed: failures } = await measureVariants({ startSluice, stop, freePort, build, work, quick },
      clip, variants);
    failed += failures;
    tables.push(`${variantsTable(results)}\n\n${variantsNote}`);
  }
  if (outputCases.some(outputs)) {
    const { results, failed: failures } = await measureOutputs({ startSluice, stop, freePort, build, work, quick },
      clip, outputs);
    failed += failures;
    tables.push(`${outputsTable(results)}\n\n${outputsNote}`);
  }
  if (mixerCases.some(mixers)) {
    const { results, failed: failures } = await measureMixers({ startSluice, stop, freePort, build, work, quick },
      clip, mixers);
    failed += failures;
    tables.push(`${mixersTable(results)}\n\n${mixersNote}`);
  }
  if (callCases.some(calls)) {
    const { results, failed: failures } = await measureCalls({ startSluice, stop, freePort, build, work, quick },
      calls);
    failed += failures;
    tables.push(`${callsTable(results)}\n\n${callsNote}`);
  }
  if (linkCases.some(links)) {
    const { results, failed: failures } = await measureLinks({ startSluice, stop, freePort, build, work, quick },
      links);
    failed += failures;
    tables.push(`${linksTable(results)}\n\n${linksNote}`);
  }
}

try {
  await (against ? runAgainst() : runCases());
} finally {
  rmSync(work, { recursive: true, force: true });
}

const of = (row, target, key) => median((row.results[target] ?? []).map((r) => r[key]));
const show = (value, digits = 2) => (value === undefined ? '-' : value.toFixed(digits));
const ratio = (a, b) => (a && b ? `${(a / b).toFixed(1)}x` : '-');

function printMedia() {
  console.log('\n| case | Sluice us/packet | Janus | floor | Janus/Sluice | Sluice/floor | Sluice us/s per player | lost Sluice, Janus | auth failed, roc steps | must | should |');
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const s = of(row, 'sluice', 'us_per_packet');
    const j = of(row, 'janus', 'us_per_packet');
    const f = of(row, 'floor', 'us_per_packet');
    console.log(`| ${row.what} | ${show(s)} | ${show(j)} | ${show(f)} | ${ratio(j, s)} | ${ratio(s, f)} | ${show(of(row, 'sluice', 'us_per_player_s'), 0)} | ${of(row, 'sluice', 'lost') ?? '-'}, ${of(row, 'janus', 'lost') ?? '-'} | ${of(row, 'sluice', 'auth_failed') ?? '-'}, ${of(row, 'sluice', 'roc_steps') ?? '-'} | ${row.must ?? ''} | ${row.should ?? ''} |`);
  }
  console.log('\n| case | memory KB/player Sluice, Janus | latency p50/p99 ms Sluice, Janus | join p50/p95 ms Sluice, Janus |');
  console.log('|---|---|---|---|');
  for (const row of rows) {
    const pair = (target, a, b) => `${show(of(row, target, a), 3)}/${show(of(row, target, b), 3)}`;
    console.log(`| ${row.what} | ${show(of(row, 'sluice', 'memory_per_player_kb'), 1)}, ${show(of(row, 'janus', 'memory_per_player_kb'), 1)} | ${pair('sluice', 'latency_p50_ms', 'latency_p99_ms')}, ${pair('janus', 'latency_p50_ms', 'latency_p99_ms')} | ${pair('sluice', 'join_p50_ms', 'join_p95_ms')}, ${pair('janus', 'join_p50_ms', 'join_p95_ms')} |`);
  }
  console.log(`\nTargets of the table were set on another machine; here the floor, which only encrypts and sends
the same packets at the same times, tells what is possible. Memory: 1 x 400 at most 100 KB, better 40.
Join: at most 10/20 ms, better 5/10. Latency in a small room: at most 0.4/1.5 ms, better 0.2/1.`);
}

if (rows.length)
  printMedia();
if (hooksRows.length)
  console.log(`\n${hooksTable(hooksRows)}\n\n${hooksNote}`);
if (pushRows.length)
  console.log(`\n${pushTable(pushRows)}\n\n${pushNote}`);
for (const table of tables)
  console.log(`\n${table}`);
process.exitCode = failed ? 1 : 0;
