// SPDX-License-Identifier: GPL-3.0-or-later
// The case `strangers` of run.mjs: what a small room and honest set-ups notice of 128 connections
// that send JSON before they have said who they are. The same flood against another server tells how
// much of that is only the machine's, which all of them share.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { HANDSHAKE, textFrame } from './frames.mjs';
import { median, runLoad, show, withNodes } from './nodes.mjs';

const CONNECTIONS = 128;
const PLAYERS = 10;
const SET_UP_MS = 100; // between two honest ones
const KIB = 1024;
const KINDS = [
  { what: 'nobody' },
  { what: '16 KiB each, to another server', len: 16 * KIB, elsewhere: true },
  { what: '16 KiB each', len: 16 * KIB },
  { what: '1 MiB each, to another server', len: KIB * KIB, elsewhere: true },
  { what: '1 MiB each', len: KIB * KIB },
];

// In a process of its own; end() tells how many messages it has sent.
async function startFlood(port, len) {
  const child = fork(new URL('strangers_flood.mjs', import.meta.url),
    [port, CONNECTIONS, len].map(String));
  await once(child, 'message');
  return async () => {
    child.send('end');
    const [{ sent }] = await once(child, 'message');
    return sent;
  };
}

const CONNECTION = textFrame('{"message":"connection","data":[{"appKey":"defaultApp"}]}');

// From opening a WebSocket to getUserData, in ms.
async function setUp(port) {
  const begun = performance.now();
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(HANDSHAKE);
  let text = '';
  for await (const bytes of socket) {
    const waited = text.includes('101 Switching');
    text += bytes.toString('latin1');
    if (!waited && text.includes('101 Switching'))
      socket.write(CONNECTION);
    if (text.includes('getUserData'))
      return performance.now() - begun; // leaving the loop ends the socket
  }
  throw new Error(`no session: ${text}`);
}

async function measureSetUps(port, until) {
  const times = [];
  while (performance.now() < until) {
    times.push(await setUp(port));
    await pause(SET_UP_MS);
  }
  times.sort((a, b) => a - b);
  return { setUps: times.length, setUp50: times[times.length >> 1],
    setUp95: times[Math.floor((times.length - 1) * 0.95)] };
}

function measureKind(bench, clip, { len, elsewhere }) {
  return withNodes(bench, 2, {}, (node, other) => {
    const seconds = bench.quick ? 8 : 20;
    let endFlood;
    return runLoad(bench, { clip, port: node.port, pid: node.pid, players: PLAYERS, seconds }, {
      measuring: async () => {
        const until = performance.now() + (seconds - 1) * 1000;
        endFlood = len && await startFlood((elsewhere ? other : node).port, len);
        const setUps = await measureSetUps(node.port, until);
        return { ...setUps, messages: endFlood ? await endFlood() / seconds : 0 };
      },
    });
  });
}

export async function measureStrangers(bench, clip) {
  const results = KINDS.map(() => []);
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    for (const [i, kind] of KINDS.entries())
      results[i].push(await measureKind(bench, clip, kind));
  }
  return results;
}

export function strangersTable(results) {
  const of = (i, key, digits) => show(median(results[i].map((result) => result[key])), digits);
  return ['| strangers | messages/s | latency p50/p99 ms | lost | Sluice us/packet | set-up p50/p95 ms | set-ups |',
    '|---|---|---|---|---|---|---|',
    ...KINDS.map(({ what }, i) => `| ${what} | ${of(i, 'messages', 0)} | ` +
      `${of(i, 'latency_p50_ms', 3)}/${of(i, 'latency_p99_ms', 3)} | ${of(i, 'lost', 0)} | ` +
      `${of(i, 'us_per_packet')} | ${of(i, 'setUp50', 1)}/${of(i, 'setUp95', 1)} | ${of(i, 'setUps', 0)} |`)].join('\n');
}

export const strangersNote = `${PLAYERS} players of one stream, and ${CONNECTIONS} connections that each send up to 20 messages of
JSON a second before \`connection\`; cut, they come again. Latency should be that with the same flood on
another server: the rest is the machine's. Honest set-ups (WebSocket, connection, getUserData) at most
100 ms (p95). us/packet holds the refusing.`;
