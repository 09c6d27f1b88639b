// SPDX-License-Identifier: GPL-3.0-or-later
// Two builds side by side: run.mjs --against PROGRAM [--pairs N]. Each pair measures both, in turn
// the one and the other first, so that what else the machine does meets both; the floor and Janus
// are in the same run. What counts is the median of the pairs' ratios.
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const spread = (values) => `${median(values).toFixed(3)} (${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})`;

export async function measureAgainst({ measure, floor, targets, cases, clip, pairs, report }) {
  const rows = [];
  for (const c of cases) {
    const results = { sluice: [], before: [], floor: [], janus: [] };
    for (let pair = 0; pair < pairs; pair++) {
      const order = pair % 2 ? ['sluice', 'before'] : ['before', 'sluice'];
      for (const target of [...order, ...c.targets.filter((t) => t !== 'sluice' && targets.includes(t))]) {
        const result = target === 'floor' ? await floor(clip, c) : await measure(target, clip, c);
        results[target].push(result);
        report(`${c.name} ${target} ${pair + 1}/${pairs}: ${JSON.stringify(result)}`);
      }
    }
    rows.push({ ...c, results });
  }
  return rows;
}

function againstRow({ what, results }) {
  const of = (target, key) => results[target].map((r) => r[key]);
  const ratios = (a, b) => a.map((value, i) => value / b[i]);
  const cost = of('sluice', 'us_per_packet');
  const latency = (target) => `${median(of(target, 'latency_p50_ms')).toFixed(3)}/${median(of(target, 'latency_p99_ms')).toFixed(3)}`;
  const compare = (target, turn) => (results[target].length ? spread(turn(of(target, 'us_per_packet'))) : '-');
  return `| ${what} | ${median(of('before', 'us_per_packet')).toFixed(3)} | ${median(cost).toFixed(3)} | ${spread(ratios(cost, of('before', 'us_per_packet')))} | ${compare('floor', (x) => ratios(cost, x))} | ${compare('janus', (x) => ratios(x, cost))} | ${latency('before')}, ${latency('sluice')} | ${median(of('before', 'lost'))}, ${median(of('sluice', 'lost'))} | ${Math.max(...of('sluice', 'auth_failed'))} |`;
}

export const againstTable = (rows) => `
| case | before us/packet | now | now/before: median (range) | now/floor | Janus/now | latency p50/p99 ms before, now | lost before, now | auth failed |
|---|---|---|---|---|---|---|---|---|
${rows.map(againstRow).join('\n')}`;
