// SPDX-License-Identifier: GPL-3.0-or-later
// What it costs to find out what each player's link takes: players that give feedback on each packet
// of pictures, as browsers do every 50 ms, with the estimation on and off, in turn.
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function measureDownlink({ startSluice, stop, quick }, load, clip) {
  const results = { on: [], off: [] };
  for (let round = 0; round < (quick ? 3 : 7); round++) {
    for (const state of round % 2 ? ['on', 'off'] : ['off', 'on']) {
      const server = await startSluice(1, ['-o', `downlink_estimation=${state === 'on'}`]);
      try {
        results[state].push(await load('sluice', server, clip, { players: 100 }));
      } finally {
        await stop(server);
      }
    }
  }
  return results;
}

export function downlinkTable(results) {
  const of = (state, key) => results[state].map((result) => result[key]);
  const ratios = of('on', 'us_per_packet').map((on, i) => on / of('off', 'us_per_packet')[i]);
  const more = of('on', 'memory_per_player_kb').map((on, i) => on - of('off', 'memory_per_player_kb')[i]);
  return `| 1 x 100, AES-GCM | us/packet | lost | memory KB/player |
|---|---|---|---|
${['off', 'on'].map((state) => `| estimation ${state} | ${median(of(state, 'us_per_packet')).toFixed(3)} | ${median(of(state, 'lost'))} | ${median(of(state, 'memory_per_player_kb')).toFixed(1)} |`).join('\n')}
| more | ${((median(ratios) - 1) * 100).toFixed(1)} % (${ratios.map((x) => x.toFixed(3)).sort().join(', ')}) | | ${median(more).toFixed(1)} |`;
}

export const downlinkNote = `At most 15 % and 16 KB more; better 8 % and 8 KB. The feedback itself is part of it: with the estimation
off the players send none.`;
