// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the streams page about what the server makes of streams, and what that costs. Names
// come from strangers: textContent only.

import {byId, countOf, formatDuration, formatRate, setBadge} from './page.js';
import {list} from './rest.js';
import {cell, rowHead, showRows} from './rows.js';

const SHOWN_MAX = 500;

let before = new Map(); // bytes at the last look, by variant

/** What is made of streams, and by which processes: {variants, processes, at}; null if the server
 * does not tell. */
export async function listVariants() {
  const [{items: variants}, {items: processes}] =
    await Promise.all([list('variants'), list('codec-processes')]);

  return variants && processes && {variants, processes, at: performance.now()};
}

const keyOf = ({stream, to, encoder, width, height, createDate}) =>
  JSON.stringify([stream, to, encoder, width, height, createDate]);

/* undefined at the first look. */
function rateOf(variant, at) {
  const last = before.get(keyOf(variant));

  return last && at > last.at ? (variant.bytes - last.bytes) * 8000 / (at - last.at) : undefined;
}

function rowOf(variant, at) {
  const row = document.createElement('tr');
  const size = variant.width > 0 ? ` ${variant.width}\u00a0×\u00a0${variant.height}` : '';
  const rate = rateOf(variant, at);

  row.append(rowHead(variant.stream),
    cell('From', variant.from),
    cell('To', variant.to + size),
    cell('Encoder', variant.encoder || 'none'),
    cell('Players', String(variant.players), 'number'),
    cell('Rate', rate === undefined ? '–' : formatRate(rate), 'number'),
    cell('For', formatDuration(Math.max(0, Date.now() - variant.createDate)), 'number'));
  return row;
}

/* Of all that work: a spare one costs next to nothing. */
function costWords(processes) {
  const working = processes.filter((process) => process.jobs > 0);
  const sum = (key) => working.reduce((total, process) => total + process[key], 0);
  const count = countOf(working.length, 'process', 'processes');

  return `${count}, ${Math.round(sum('cpu'))} % of a core, ${Math.ceil(sum('memory') / 2 ** 20)} MB`;
}

/** null: the server does not tell. */
export function showVariants(found) {
  byId('variants').hidden = !found?.variants.length;
  if (!found)
    return;
  const {variants, processes, at} = found;
  setBadge(byId('variant-count'), countOf(variants.length, 'conversion'), 'good');
  byId('variant-cost').textContent = costWords(processes);
  showRows(byId('variant-rows'), variants.slice(0, SHOWN_MAX).map((variant) => rowOf(variant, at)));
  before = new Map(variants.map((variant) => [keyOf(variant), {bytes: variant.bytes, at}]));
}
