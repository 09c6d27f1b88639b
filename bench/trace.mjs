// SPDX-License-Identifier: GPL-3.0-or-later
// What bench-load --trace has written (trace.h), and what it says of players of one stream.
import { readFileSync } from 'node:fs';

const WRAP = 2 ** 32;
const difference = (a, b) => { // of two RTP time stamps
  const ticks = (a - b) % WRAP;
  return ticks > WRAP / 2 ? ticks - WRAP : ticks < -WRAP / 2 ? ticks + WRAP : ticks;
};

export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * percent / 100)];
}

// {sent: [{index, timestamp, at}], asked: [at], measuring, flows: {"0 video": {frames, reports}}}
export function readTrace(file) {
  const trace = { sent: [], asked: [], measuring: 0, flows: {} };
  const flow = (player, kind) => (trace.flows[`${player} ${kind}`] ??= { frames: [], reports: [] });
  const readers = {
    sent: (index, timestamp, at) => trace.sent.push({ index: +index, timestamp: +timestamp, at: +at }),
    asked: (player, at) => { trace.asked[player] = +at; },
    measuring: (at) => { trace.measuring = +at; },
    report: (player, kind, timestamp, ntp, at) =>
      flow(player, kind).reports.push({ timestamp: +timestamp, ntp: +ntp, at: +at }),
    frame: (player, kind, clock, timestamp, at, keyframe, len) => flow(player, kind).frames.push(
      { clock: +clock, timestamp: +timestamp, at: +at, keyframe: keyframe === '1', len: +len }),
  };
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const [what, ...fields] = line.split(' ');
    readers[what](...fields);
  }
  return trace;
}

// The frames with the time that they are of, on the server's clock: by the report that came nearest
// to them, for the server moves that line as it learns.
function timed({ frames, reports }) {
  let i = 0;
  if (reports.length === 0)
    throw new Error('a player heard no sender report');
  return frames.map((frame) => {
    while (i + 1 < reports.length && Math.abs(reports[i + 1].at - frame.at) < Math.abs(reports[i].at - frame.at))
      i++;
    return { ...frame,
      media: reports[i].ntp + difference(frame.timestamp, reports[i].timestamp) / frame.clock * 1e6 };
  });
}

// Each frame with the one of the other flow that is nearest in time, as [frame, other].
function pairs(flow, other) {
  const [mine, theirs] = [timed(flow), timed(other)];
  const found = [];
  let at = 0;
  for (const frame of mine) {
    while (at + 1 < theirs.length && Math.abs(theirs[at + 1].media - frame.media) <=
      Math.abs(theirs[at].media - frame.media))
      at++;
    found.push([frame, theirs[at]]);
  }
  return found;
}

// How much later (ms) frames come to a player than the same moments come to another one.
export function addedDelays(trace, player, other, kind) {
  return pairs(trace.flows[`${player} ${kind}`], trace.flows[`${other} ${kind}`])
    .filter(([frame]) => frame.at >= trace.measuring)
    .map(([frame, plain]) => (frame.at - plain.at - (frame.media - plain.media)) / 1000);
}

// From the request to the first whole picture, ms, of these players.
export function joins(trace, players) {
  return players.map((player) => {
    const first = trace.flows[`${player} video`]?.frames[0];
    if (!first)
      throw new Error(`player ${player} had no picture`);
    return (first.at - trace.asked[player]) / 1000;
  });
}

// By how much a plain player's stamps differ from those that were published: what most say.
function stampOffset(trace, frames) {
  const counts = new Map();
  let at = 0;
  for (const frame of frames) {
    while (at + 1 < trace.sent.length && trace.sent[at + 1].at <= frame.at)
      at++;
    const offset = difference(frame.timestamp, trace.sent[at].timestamp);
    counts.set(offset, (counts.get(offset) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0][0];
}

// Which pictures of the clip a player's are, by their numbers; other: a player of them as published.
export function pictureNumbers(trace, player, other) {
  const plain = trace.flows[`${other} video`];
  const offset = stampOffset(trace, plain.frames);
  const numbers = new Map(trace.sent.map(({ index, timestamp }) => [timestamp, index]));
  return pairs(trace.flows[`${player} video`], plain).map(([frame, same]) => {
    const off = Math.round((frame.media - same.media) / 1e6 * same.clock); // one the other lacks
    const timestamp = (same.timestamp - offset + WRAP) % WRAP;
    return Math.abs(off) < same.clock / 100 ? numbers.get(timestamp) : undefined;
  });
}
