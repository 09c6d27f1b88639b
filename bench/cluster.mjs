// SPDX-License-Identifier: GPL-3.0-or-later
// The case `cluster` of run.mjs: nodes that share a Redis. How long the first player of a stream of
// another node waits, and what it costs to spread streams and players over three nodes.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from '../tests/peer/lib/redis.mjs';
import { makeClip } from './clip.mjs';
import { median, pulls, residentKb, runLoad, show, withNodes } from './nodes.mjs';

const COLD_STREAMS = 20;
const JOIN_MS = 107; // between two players: each joins alone, and in another part of a picture
const STREAMS = 50;
const PLAYERS = 6; // of each stream
const NODES = 3;
// Packets that come in and go out, of all nodes: what three may be expected to cost beside one.
const PACKETS = (STREAMS * NODES + STREAMS * PLAYERS + STREAMS * (NODES - 1)) / (STREAMS + STREAMS * PLAYERS);

// Small pictures: 3 servers, 50 publishers and 300 players shall not saturate a machine of 2 cores,
// or the figures would be those of its scheduler.
const makeThumbnailClip = (work) => makeClip(join(work, 'thumbnail.mkv'), { size: '320x180', rate: 15,
  seconds: 10, kbps: 100, bufferKbit: 40, keyframeInterval: 30, audioKbps: 32, packetMs: 40 });

const pullCount = async (nodes) => {
  let count = 0;
  for (const node of nodes)
    count += (await pulls(node)).length;
  return count;
};

// One player for each of the streams, which are all published at the first node.
function measureJoin(bench, redis, clip, cold) {
  return withNodes(bench, 2, { cluster_registry: redis.url }, (a, b) => runLoad(bench, { clip,
    port: a.port, 'play-port': (cold ? b : a).port, pid: [a.pid, b.pid], rooms: COLD_STREAMS,
    players: 1, 'join-ms': JOIN_MS, seconds: 1 },
  { measuring: async () => ({ pulls: await pullCount([b]) }) }));
}

function measureSpread(bench, redis, clip, count) {
  return withNodes(bench, count, { cluster_registry: redis.url }, async (...nodes) => {
    const memory = () => nodes.reduce((sum, node) => sum + residentKb(node), 0);
    const empty = memory();
    const seconds = bench.quick ? 8 : 20;
    return runLoad(bench, { clip, port: nodes.map(({ port }) => port), pid: nodes.map(({ pid }) => pid),
      'play-port': nodes.map(({ port }) => port), rooms: STREAMS, players: PLAYERS, 'verify-every': 8,
      'join-ms': 23, seconds },
    { measuring: async () => {
      await pause((seconds - 1) * 1000); // what is kept of a stream has its full size by then
      return { pulls: await pullCount(nodes), kb: memory() - empty };
    } });
  });
}

export async function measureCluster(bench, clip) {
  const thumbnail = await makeThumbnailClip(bench.work);
  const results = { warm: [], cold: [], one: [], spread: [] };
  const redis = await Redis.start({ port: await bench.freePort() });
  try {
    for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
      results.warm.push(await measureJoin(bench, redis, clip, false));
      results.cold.push(await measureJoin(bench, redis, clip, true));
      results.one.push(await measureSpread(bench, redis, thumbnail, 1));
      results.spread.push(await measureSpread(bench, redis, thumbnail, NODES));
    }
  } finally {
    await redis.stop();
  }
  return results;
}

const of = (results, key) => median(results.map((result) => result[key]));

function joinTable({ warm, cold }) {
  const row = (what, results) => `| ${what} | ${show(of(results, 'join_p50_ms'))} | ` +
    `${show(of(results, 'join_p95_ms'))} | ${of(results, 'pulls')} |`;
  return [`| ${COLD_STREAMS} streams, a player each | join p50 ms | p95 ms | pulls |`, '|---|---|---|---|',
    row('at the node that has them', warm), row('at another, cold: each makes a pull', cold)].join('\n');
}

function spreadTable({ one, spread }) {
  const row = (what, results, predicted) => {
    const seconds = results[0].seconds;
    const cpu = results[0].server_cpu_s.map((_, i) =>
      show(median(results.map((r) => r.server_cpu_s[i])) / seconds * 100, 1));
    return `| ${what} | ${cpu.join(', ')} | ${show(of(results, 'cpu_s') / seconds * 100, 1)} | ` +
      `${show(of(results, 'us_per_packet'))} | ${of(results, 'lost')} of ${of(results, 'packets')} | ` +
      `${of(results, 'auth_failed')}, ${of(results, 'roc_steps')} | ` +
      `${show(of(results, 'latency_p50_ms'))}/${show(of(results, 'latency_p99_ms'))} | ` +
      `${show(of(results, 'join_p50_ms'))}/${show(of(results, 'join_p95_ms'))} | ` +
      `${show(of(results, 'kb') / 1024, 0)} | ${of(results, 'pulls')} (${predicted}) |`;
  };
  const ratio = (key) => `${show(of(spread, key) / of(one, key))}x`;
  return [`| ${STREAMS} streams, ${STREAMS * PLAYERS} players | CPU of each node % | all % | us/packet delivered | lost | auth failed, roc steps | latency p50/p99 ms | join p50/p95 ms | memory MB, all | pulls (predicted) |`,
    '|---|---|---|---|---|---|---|---|---|---|',
    row('one node', one, 0), row(`${NODES} nodes`, spread, STREAMS * (NODES - 1)),
    `| ratio (of packets in and out) | | ${ratio('cpu_s')} (${show(PACKETS)}x) | ${ratio('us_per_packet')} | | | | | ${ratio('kb')} | |`].join('\n');
}

export const clusterTables = (results) => `${joinTable(results)}\n\n${spreadTable(results)}`;

export const clusterNote = `A join is from playStream to the first packet, for which it waits up to 20 ms itself: between two
pictures the stream is silent. Cold ones ask Redis, connect to the node that has the stream and play
it there. An automatic pull goes to the node that published the stream, so its viewers are one hop
away at most; a chain is made by explicit pulls only. Spread: streams are published at the nodes in
turn, the players of each play at the nodes in turn, so each other node pulls each stream once; in
brackets the ratio of the packets that all nodes receive and send. Pictures of 100 kbit/s: at the
2 Mbit/s of other cases servers and players together would saturate two cores, by estimate.`;
