// SPDX-License-Identifier: GPL-3.0-or-later
// The cases `calls-...` of run.mjs: telephones in browsers that call SIPp, which echoes what it hears.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from './frames.mjs';
import { residentKb, runLoad, show, withNodes } from './nodes.mjs';
import { measureAll } from './rows.mjs';
import { withRtpengine } from './rtpengine.mjs';
import { cpu, times, usage } from './usage.mjs';

const run = promisify(execFile);
const SCENARIOS = join(import.meta.dirname, 'sipp');
const OPTIONS = { client_sip_allow: '127.0.0.0/8', media_port_from: 20000, media_port_to: 21999 };
const PARTY_MEDIA = 16000;
const OPUS = ['111', 'opus/48000/2'], PCMA = ['8', 'PCMA/8000'];

// SIPp with one of the scenarios, while fn runs.
async function withParty(bench, scenario, [format, map], fn) {
  const port = await bench.freePort(), dir = join(bench.work, 'sipp');
  mkdirSync(dir, { recursive: true });
  const child = spawn('sipp', ['-sf', join(SCENARIOS, `${scenario}.xml`), '-i', '127.0.0.1', '-p', `${port}`,
    '-mi', '127.0.0.1', '-mp', `${PARTY_MEDIA}`, '-rtp_echo', '-key', 'format', format, '-key', 'map', map, '-nostdin',
    '-l', '5000'], { cwd: dir, stdio: 'ignore' });
  const end = once(child, 'exit');
  try {
    return await fn(port);
  } finally {
    child.kill('SIGKILL');
    await end;
  }
}

async function makeSound(bench) {
  const clip = join(bench.work, 'speech.mkv');
  await run('ffmpeg', ['-y', '-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '10',
    '-c:a', 'libopus', '-b:a', '32k', '-vbr', 'off', '-frame_duration', '20', clip]);
  return clip;
}

const secondsOf = ({ quick }) => (quick ? 5 : 30);

// What a process used while the load measures, and how much of it in the kernel.
async function watch(bench, pid) {
  const before = times(pid), shares = await usage(pid, secondsOf(bench) - 1);
  const [user, kernel] = times(pid).map((time, i) => time - before[i]);
  return { shares, inKernel: kernel / (user + kernel) };
}

// So many calls in a codec at the party; resolves with the load's result and what the processes used.
async function calls(bench, count, codec, more = {}) {
  const clip = await makeSound(bench);
  return withParty(bench, 'answer', codec, (sipPort) => withNodes(bench, 1, OPTIONS, async (node) => {
    const at = performance.now(), used = cpu(node.pid);
    return runLoad(bench, { clip, port: node.port, pid: node.pid, players: count, 'sip-port': sipPort,
      seconds: secondsOf(bench), ...more }, {
      published: () => {},
      measuring: async () => ({ setUp: { cpu: cpu(node.pid) - used, seconds: (performance.now() - at) / 1000 },
        ...await watch(bench, node.pid) }) });
  }));
}

// The same of publications with a player each.
async function streams(bench, count) {
  const clip = await makeSound(bench);
  return withNodes(bench, 1, OPTIONS, (node) => runLoad(bench, { clip, port: node.port, pid: node.pid, rooms: count,
    players: 1, sound: true, seconds: secondsOf(bench) }, { published: () => {},
    measuring: () => watch(bench, node.pid) }));
}

async function measureThrough(bench) {
  const count = 50, pairs = [];
  for (let i = 0; i < (bench.quick ? 1 : 3); i++) {
    const [ours, other, engine] = [await calls(bench, count, OPUS), await streams(bench, count),
      await callsOfOther(bench, count, OPUS)];
    pairs.push({ call: ours.shares.all / count, stream: other.shares.all / count, lost: ours.lost,
      engine: engine.shares.all / count, engineLost: engine.lost,
      inKernel: ours.inKernel, streamInKernel: other.inKernel,
      roundTripMs: ours.latency_p50_ms, roundTripP99Ms: ours.latency_p99_ms,
      streamMs: other.latency_p50_ms, joinMs: ours.join_p95_ms });
  }
  return pairs.toSorted((a, b) => a.call / a.stream - b.call / b.stream)[pairs.length >> 1];
}

// The same by way of rtpengine.
async function callsOfOther(bench, count, codec, more = {}) {
  const clip = await makeSound(bench);
  return withParty(bench, 'answer', codec, (sipPort) => withRtpengine(bench, PARTY_MEDIA, codec, (engine) =>
    runLoad(bench, { clip, port: engine.port, pid: engine.pid, players: count, 'sip-port': sipPort,
      seconds: secondsOf(bench), ...more }, { published: () => {},
      measuring: () => watch(bench, engine.pid) })));
}

async function measureTranscoded(bench) {
  const count = 50, pairs = [];
  for (let i = 0; i < (bench.quick ? 1 : 3); i++) {
    const [ours, other] = [await calls(bench, count, PCMA, { intact: true }),
      await callsOfOther(bench, count, PCMA, { intact: true })];
    pairs.push({ call: ours.shares.all / count, other: other.shares.all / count, shares: ours.shares,
      lost: ours.lost, otherLost: other.lost, packets: ours.packets, otherPackets: other.packets });
  }
  return pairs.toSorted((a, b) => a.call / a.other - b.call / b.other)[pairs.length >> 1];
}

// Two hundred, as fast as they are set up.
async function measureRate(bench) {
  const count = 200, settle = 1;
  const { setUp, shares, lost, memory_per_player_kb: memoryKb } =
    await calls(bench, count, OPUS, { 'join-ms': 4, settle });
  const own = setUp.cpu - shares.all * settle; // what they cost once they talk is no set-up
  return { count, seconds: setUp.seconds - settle, cpu: own, perSecond: count / own, lost, memoryKb };
}

// ---- Without media ----

// sip: {port, registers} of its account; none: it has none.
async function openPhone(port, login, sip) {
  const phone = await Client.open(port);
  phone.send('connection', { appKey: 'defaultApp', ...sip && { sipLogin: login, sipAuthenticationName: login,
    sipPassword: 'none', sipDomain: '127.0.0.1', sipOutboundProxy: '127.0.0.1', sipPort: sip.port,
    sipRegisterRequired: sip.registers } });
  await phone.hear('getVersion');
  if (sip?.registers)
    await phone.hear('"registered"');
  return phone;
}

const OFFER = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx', `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}`,
  'a=setup:actpass', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendrecv', 'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2', ''].join('\r\n');

async function measureSetup(bench) {
  const trying = [], talk = [];
  await withParty(bench, 'answer', OPUS, (sipPort) => withNodes(bench, 1, OPTIONS, async (node) => {
    for (let i = 0; i < (bench.quick ? 50 : 500); i++) {
      const phone = await openPhone(node.port, `p${i}`, { port: sipPort, registers: false });
      const begun = performance.now();
      phone.send('call', { callId: `call-${i}`, incoming: false, hasVideo: false, hasAudio: true,
        status: 'PENDING', mediaProvider: 'WebRTC', sdp: OFFER, caller: `p${i}`, callee: 'echo' });
      trying.push(await phone.hear('"TRYING"') - begun);
      talk.push(await phone.hear('"talk"') - begun);
      phone.close();
    }
  }));
  const at = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];
  return { calls: trying.length, trying: at(trying, 0.95), talk: at(talk, 0.95) };
}

// What an account adds to a client.
async function measureAccounts(bench) {
  const count = 500;
  const grown = (sip) => withNodes(bench, 1, OPTIONS, async (node) => {
    const phones = [await openPhone(node.port, 'first', sip)]; // what is made once is there
    const before = residentKb(node);
    for (let i = 0; i < count; i++)
      phones.push(await openPhone(node.port, `account${i}`, sip));
    const kb = (residentKb(node) - before) / count;
    phones.forEach((phone) => phone.close());
    return kb;
  });
  const plain = await grown();
  const registered = await withParty(bench, 'register', OPUS, (port) => grown({ port, registers: true }));
  return { plain, registered };
}

const measures = { through: measureThrough, transcoded: measureTranscoded, rate: measureRate, setup: measureSetup,
  accounts: measureAccounts };
export const callCases = Object.keys(measures).map((each) => `calls-${each}`);
export const measureCalls = (bench, wanted) => measureAll('calls', measures, wanted, bench);

const millis = (share) => `${show(share * 1e3)} ms/s`;
const rows = {
  through: (r) => [['CPU of a call, opus passed through', millis(r.call), millis(r.stream), show(r.call / r.stream),
    '1.3', '1.0', `a publication and its player, two datagrams for a call's four; ${r.lost} packets lost; ` +
    `the kernel's part ${show(r.inKernel * 100, 0)} %, other ${show(r.streamInKernel * 100, 0)} %`],
  ['the same against rtpengine', millis(r.call), millis(r.engine), show(r.call / r.engine), '', '',
    `${r.lost} and ${r.engineLost} packets lost`],
  ['mouth to ear added, passed through', `${show(r.roundTripMs / 2)} ms`, `${show(r.streamMs)} ms`, '', '5 ms', '2 ms',
    `half of there and back, p50; p99 ${show(r.roundTripP99Ms / 2)} ms; other: a stream to its player`]],
  transcoded: (r) => [['CPU of a call, opus to PCMA and back', millis(r.call), millis(r.other), show(r.call / r.other),
    '1.0', '0.7', `rtpengine; ${r.packets} and ${r.otherPackets} packets heard, ${r.lost} and ${r.otherLost} lost; ` +
    Object.entries(r.shares).map(([role, share]) => `${role} ${show(share * 100, 1)} %`).join(', ')]],
  rate: (r) => [['calls set up in a second of CPU', show(r.perSecond, 0), '', '', '50', '200',
    `${r.count} in ${show(r.seconds, 1)} s, with ICE and DTLS; ${r.lost} packets lost`],
  ['memory of a call', `${show(r.memoryKb, 0)} KB`, '', '', '150 KB', '80 KB', `of ${r.count}, with its client`]],
  setup: (r) => [['call to TRYING, p95', `${show(r.trying)} ms`, '', '', '10 ms', '', `${r.calls} calls`],
    ['call to talk, p95', `${show(r.talk)} ms`, '', '', '60 ms', '', 'answered at once']],
  accounts: (r) => [['memory of a registered account', `${show(r.registered - r.plain, 1)} KB`, '', '', '20 KB',
    '10 KB', `beside its client's ${show(r.plain, 1)} KB`]],
};

export function callsTable(results) {
  return ['| measure | ours | other | ratio | must | should | more |', '|---|---|---|---|---|---|---|',
    ...Object.entries(results).flatMap(([name, result]) =>
      rows[name](result).map((cells) => `| ${cells.join(' | ')} |`))].join('\n');
}

export const callsNote = `Fifty calls of browsers (ICE, DTLS) to SIPp, which echoes their sound. CPU: user and system,
of all our processes.`;
