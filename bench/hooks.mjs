// SPDX-License-Identifier: GPL-3.0-or-later
// The case `hooks` of run.mjs: 2 000 clients play, and for each of them the back end is asked every
// second whether it still may (StreamKeepAliveEvent), which that takes 5 s to answer. So 2 000
// hooks are under way all the time. The same clients are measured without hooks first; then a
// reload of the configuration switches them on.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeClip } from './clip.mjs';

const PLAYERS = 2000;
const ANSWER_MS = 5000;
const INTERVAL_MS = 1000;
const PROBES_PER_SECOND = 200;
const METHODS = ['connect', 'publishStream', 'playStream', 'StreamStatusEvent', 'StreamKeepAliveEvent'];

// A picture five times a second and sound in packets of 60 ms: 22 packets/s for each of many players.
const makeSmallClip = (work) => makeClip(join(work, 'small.mkv'), { size: '160x96', rate: 5,
  seconds: 12, kbps: 40, bufferKbit: 16, keyframeInterval: 10, audioKbps: 40, packetMs: 60 });

// A process of ours: its first message, and ask() for those that follow.
async function startHelper(file, ...args) {
  const child = fork(new URL(file, import.meta.url), args.map(String));
  const [first] = await once(child, 'message');
  let asked = 0;
  const ask = (question = {}) => new Promise((resolve, reject) => {
    const id = ++asked;
    const take = (message) => {
      if (message.id !== id) return;
      child.off('message', take);
      resolve(message.result);
    };
    child.on('message', take);
    child.once('exit', () => reject(new Error(`${file} ended`)));
    child.send({ id, ...question });
  });
  return { first, ask, end: () => child.connected && child.disconnect() };
}

function residentKb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

// Seconds that the main thread, which is the control loop, ran, and that it waited for a core.
function loopSeconds(pid) {
  const [ran, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1e9, waited: Number(waited) / 1e9 };
}

function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent) => sorted[Math.floor((sorted.length - 1) * percent / 100)];
  return { p50: at(50), p99: at(99), max: sorted.at(-1) };
}

// The figures of the control loop and of the back end, since `start`.
async function observe({ pid, probe, backend }, start) {
  const now = { at: Date.now(), ...loopSeconds(pid), hooks: (await backend.ask()).hooks };
  if (!start) return now;
  const { waits, late, unanswered } = await probe.ask({ from: start.at, to: now.at });
  const perSecond = (key) => (now[key] - start[key]) / ((now.at - start.at) / 1000);
  return { loop: percentiles(waits), probeLate: percentiles(late).p99, unanswered,
    loopCpu: perSecond('ran'), loopWaited: perSecond('waited'), hooksPerSecond: perSecond('hooks') };
}

// Two measurements of the same players; between them switchOn() is called.
async function measureTwice(load, parts, switchOn) {
  const results = [];
  let start;
  for await (const line of createInterface({ input: load.stdout })) {
    if (line === 'measuring') {
      start = await observe(parts);
      continue;
    }
    results.push({ ...JSON.parse(line), ...await observe(parts, start) });
    if (results.length === 2) return results;
    switchOn();
  }
  throw new Error('the load program gave up');
}

function writeConfig(file, enabled) {
  writeFileSync(file, `keep_alive_streaming_sessions_enabled=${enabled}\n` +
    `streaming_sessions_keep_alive_interval=${INTERVAL_MS}\n`);
}

function startLoad(build, server, clip, { seconds, settle }) {
  const options = { target: 'sluice', port: server.port, pid: server.child.pid, clip, rooms: 1,
    players: PLAYERS, seconds, settle, 'verify-every': 64,
    repeat: 3 }; // the third is not waited for: until then the players stay
  return spawn(join(build, 'bench', 'bench-load'),
    Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]),
    { stdio: ['ignore', 'pipe', 'inherit'] });
}

export async function measureHooks({ startSluice, stop, freePort, build, work, quick }) {
  const clip = await makeSmallClip(work);
  const backend = await startHelper('hooks_backend.mjs', ANSWER_MS);
  const state = join(work, 'hooks-state');
  const file = join(work, 'hooks.properties');
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'apps.json'), JSON.stringify({ version: 1, users: [], apps: [{
    name: 'defaultApp', appKey: 'defaultApp', url: `http://127.0.0.1:${backend.first.port}/bench`,
    methods: METHODS }] }), { mode: 0o600 });
  writeConfig(file, false);
  const httpPort = await freePort();
  const server = await startSluice(1, ['-c', file, '-o', `http.port=${httpPort}`, '-o', `state_dir=${state}`]);
  const { pid } = server.child;
  const probe = await startHelper('hooks_probe.mjs', httpPort, PROBES_PER_SECOND);
  const load = startLoad(build, server, clip, quick ? { seconds: 8, settle: 7 } : { seconds: 20, settle: 12 });
  const memory = {};
  try {
    const [off, on] = await measureTwice(load, { pid, probe, backend }, () => {
      memory.off = residentKb(pid);
      setTimeout(() => (memory.tenth = residentKb(pid)), 10_000);
      writeConfig(file, true);
      server.child.kill('SIGHUP');
    });
    memory.end = residentKb(pid);
    return { off, on, memory, backend: await backend.ask() };
  } finally {
    load.kill();
    probe.end();
    await stop(server);
    backend.end();
  }
}

const show = (value, digits = 2) => (value === undefined ? '-' : value.toFixed(digits));

export function hooksTable(results) {
  const rows = results.flatMap(({ off, on, memory, backend }) => [
    ['off', off, `${show(memory.off / 1024, 0)}`, ''],
    ['on', on, `${show(memory.tenth / 1024, 0)}, ${show(memory.end / 1024, 0)}`,
      `${backend.waitingMost}, ${backend.cut}`],
    ['ratio', null, show(on.loop.p99 / off.loop.p99) + 'x p99', ''],
  ]);
  return '| 1 x 2000, hooks | control loop p50/p99/max ms | it ran, waited for a core % | probe late p99 ms | lost | latency p50/p99 ms | Sluice us/packet | hooks/s | under way most, cut | memory MB |\n' +
    '|---|---|---|---|---|---|---|---|---|---|\n' +
    rows.map(([what, r, memory, most]) => (r
      ? `| ${what} | ${show(r.loop.p50)}/${show(r.loop.p99)}/${show(r.loop.max)} | ${show(r.loopCpu * 100, 0)}, ${show(r.loopWaited * 100, 0)} | ${show(r.probeLate)} | ${r.lost} of ${r.packets} | ${show(r.latency_p50_ms)}/${show(r.latency_p99_ms)} | ${show(r.us_per_packet)} | ${show(r.hooksPerSecond, 0)} | ${most} | ${memory} |`
      : `| ${what} | ${memory} | | | | | | | | |`)).join('\n');
}

export const hooksNote = `Each of 2 000 players is asked about every second by a back end that answers after 5 s. Control loop:
what GET /livez waits, 200 a second on one connection, at most 20 ms (p99) with hooks. Memory with
hooks: 10 s after they were switched on, and at the end. Noisy where cores are few, because the
players, the server, the back end and the probe share them: how long the loop waited for one and how
late the probe was itself is told beside.`;
