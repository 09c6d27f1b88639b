// SPDX-License-Identifier: GPL-3.0-or-later
// The case `pull` of run.mjs: what a stream costs that one server pulls from another, beside the
// same stream published there; what the pull costs the other server, beside a player; and what each
// hop adds to the latency and to the time until a player receives.
import { setTimeout as pause } from 'node:timers/promises';
import { median, pullAll, residentKb, runLoad, show, startPlayers, withNodes } from './nodes.mjs';

const STREAMS = 20;
const PLAYERS = 10;
const JOIN_MS = 53; // between two players: each joins alone, and in another part of a picture

const perStream = (cpu_s, { seconds }) => cpu_s / seconds / STREAMS * 1e6;

// One server with the streams, and the same with something that takes each of them: another server
// that pulls them, or a player each. What takes them is not the process that publishes, which is
// kept from it and sends in other bursts when it receives as well.
async function measureStreams(bench, clip, { playing = false, pulling = false }) {
  return withNodes(bench, pulling ? 2 : 1, {}, async (origin, edge) => {
    const nodes = edge ? [origin, edge] : [origin];
    const empty = nodes.map(residentKb);
    const seconds = bench.quick ? 8 : 20;
    const options = { clip, port: origin.port, pid: nodes.map(({ pid }) => pid), rooms: STREAMS,
      'verify-every': 16 };
    let endPlayers;
    const result = await runLoad(bench, { ...options, players: 0, seconds }, {
      published: async () => {
        if (playing)
          endPlayers = await startPlayers(bench, { ...options, players: 1 });
        if (pulling)
          await pullAll(edge, origin, STREAMS);
      },
      measuring: async () => {
        await pause((seconds - 1) * 1000); // what is kept of a stream has its full size by then
        return { kb: nodes.map((node, i) => (residentKb(node) - empty[i]) / STREAMS) };
      },
    }).finally(() => endPlayers?.());
    return nodes.map((_, i) => ({ us: perStream(result.server_cpu_s[i], result),
      usPerPacket: result.server_cpu_s[i] * 1e6 / result.sent, kb: result.kb[i] }));
  });
}

async function measureCost(bench, clip) {
  const [published] = await measureStreams(bench, clip, {});
  const [origin, edge] = await measureStreams(bench, clip, { pulling: true });
  const [played] = await measureStreams(bench, clip, { playing: true });
  return { published, pulled: edge,
    originPull: { us: origin.us - published.us, kb: origin.kb - published.kb },
    originPlayer: { us: played.us - published.us, kb: played.kb - published.kb } };
}

// A publishes, B pulls from A, C from B; all players are at one of them.
async function measureHop(bench, clip, hops) {
  return withNodes(bench, 3, {}, (a, b, c) => runLoad(bench, { clip, port: a.port,
    'play-port': [a, b, c][hops].port, pid: [a, b, c].map(({ pid }) => pid), players: PLAYERS,
    'join-ms': JOIN_MS, seconds: bench.quick ? 5 : 10 }, {
    published: async () => {
      await pullAll(b, a, 1);
      await pullAll(c, b, 1);
    },
  }));
}

export async function measurePull(bench, clip) {
  const cost = [], hops = [[], [], []];
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    cost.push(await measureCost(bench, clip));
    for (const [i, results] of hops.entries())
      results.push(await measureHop(bench, clip, i));
  }
  return { cost, hops };
}

function costTable(cost) {
  const of = (who, key) => median(cost.map((round) => round[who][key]));
  const row = (what, who, other) => `| ${what} | ${show(of(who, 'us'), 0)} | ` +
    `${cost[0][who].usPerPacket ? show(of(who, 'usPerPacket')) : ''} | ${show(of(who, 'kb'), 0)} | ` +
    `${other ? `${show(of(who, 'us') / of(other, 'us'))}x` : ''} |`;
  return [`| ${STREAMS} streams | us/s each | us/packet | memory KB each | ratio |`,
    '|---|---|---|---|---|',
    row('published here, nobody plays', 'published'),
    row('pulled here, nobody plays', 'pulled', 'published'),
    row('at the origin: one player more of each', 'originPlayer'),
    row('at the origin: one pull more of each', 'originPull', 'originPlayer')].join('\n');
}

function hopTable(hops) {
  const of = (i, key) => median(hops[i].map((result) => result[key]));
  const signed = (value) => `${value < 0 ? '' : '+'}${show(value)}`;
  const cell = (i, key) => show(of(i, key)) +
    (i > 0 ? ` (${signed(of(i, key) - of(i - 1, key))})` : '');
  return ['| players at | latency p50 ms | p99 ms | join p50 ms, warm | p95 ms | lost | auth failed, roc steps |',
    '|---|---|---|---|---|---|---|',
    ...['the publisher\'s server', 'one hop', 'two hops'].map((what, i) =>
      `| ${what} | ${cell(i, 'latency_p50_ms')} | ${cell(i, 'latency_p99_ms')} | ` +
      `${cell(i, 'join_p50_ms')} | ${cell(i, 'join_p95_ms')} | ${of(i, 'lost')} | ` +
      `${of(i, 'auth_failed')}, ${of(i, 'roc_steps')} |`)].join('\n');
}

export const pullTables = ({ cost, hops }) => `${costTable(cost)}\n\n${hopTable(hops)}`;

export const pullNote = `Streams of 2 Mbit/s; a pull should cost what a publication does, and at the origin what a player
does; the latter ratio is one of differences and has been 0.8 to 1.3 on two cores, where it tells
whom the kernel must wake rather than what the server does. us/packet is of packets received. Memory: a stream keeps packets for retransmission once
somebody plays or pulls it, so its second player costs far less. Hops: ${PLAYERS} players of one stream
at one of three servers, of which each pulls from the one before; in brackets what the last hop
added. Join: from playStream to the first packet, of a stream that is there already; the stream
itself is silent for up to 20 ms between two pictures.`;
