// SPDX-License-Identifier: GPL-3.0-or-later
// Several servers at once, for the cases `pull` and `cluster` of run.mjs. bench is what run.mjs hands
// to each of its cases.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export const ADDRESS = '10.77.0.1'; // of the namespace that bench/run made

let started = 0;

// {child, port, pid, http, ws}; options: configuration keys.
export async function startNode({ startSluice, freePort, work }, options = {}) {
  const httpPort = await freePort();
  const all = { 'http.port': httpPort, 'cli.port': 0, state_dir: join(work, `node-${++started}`),
    ...options };
  const server = await startSluice(1, Object.entries(all).flatMap(([key, value]) => ['-o', `${key}=${value}`]));
  return { ...server, pid: server.child.pid, http: `http://127.0.0.1:${httpPort}`,
    ws: `ws://${ADDRESS}:${server.port}` };
}

// Runs fn with so many servers, and stops them.
export async function withNodes(bench, count, options, fn) {
  const nodes = [];
  try {
    while (nodes.length < count)
      nodes.push(await startNode(bench, options));
    return await fn(...nodes);
  } finally {
    for (const node of nodes)
      await bench.stop(node);
  }
}

export function residentKb({ pid }) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

// Of all its labels.
export async function metric(node, name) {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function post(node, path, body = {}) {
  const response = await fetch(node.http + path, { method: 'POST',
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

export const pulls = (node) => post(node, '/rest-api/pull/find_all');

// The streams bench-1 .. bench-COUNT of another server, under the same names; resolves when media
// of all of them flows.
export async function pullAll(node, from, count) {
  for (let i = 1; i <= count; i++)
    await post(node, '/rest-api/pull/pull',
      { uri: from.ws, remoteStreamName: `bench-${i}`, localStreamName: `bench-${i}` });
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await pause(50)) {
    if ((await pulls(node)).filter(({ status }) => status === 'PROCESSED_REMOTE').length === count)
      return;
  }
  throw new Error(`${count} pulls do not flow`);
}

function spawnLoad({ build }, options) {
  const all = { target: 'sluice', 'verify-every': 1, hold: true, ...options };
  const args = Object.entries(all).flatMap(([key, value]) => (value === true ? [`--${key}`]
    : [value].flat().flatMap((one) => [`--${key}`, String(one)])));
  return spawn(join(build, 'bench', 'bench-load'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

// The load program's result. options: its own, arrays for those that are repeated. on: published(),
// which the players wait for, and measuring(); what measuring() returns goes into the result.
export async function runLoad(bench, options, on = {}) {
  const child = spawnLoad(bench, options);
  let more = {};
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'published') {
        await on.published?.();
        child.stdin.write('go\n');
      } else if (line === 'measuring') {
        more = await on.measuring?.();
      } else {
        return { ...JSON.parse(line), ...more };
      }
    }
    throw new Error('the load program gave up');
  } finally {
    child.kill();
  }
}

// Players of streams that are there already, in a process of their own; resolves with what ends
// them when all have received for a while.
export async function startPlayers(bench, options) {
  const child = spawnLoad(bench, { ...options, existing: true, seconds: 3600 });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'published')
      child.stdin.write('go\n');
    else
      return () => child.kill();
  }
  throw new Error('the players gave up');
}

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
export const show = (value, digits = 2) => value.toFixed(digits);
