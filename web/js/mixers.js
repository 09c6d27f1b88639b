// SPDX-License-Identifier: GPL-3.0-or-later
// Mixers, as the server tells operators of them, and lets them arrange the picture.

import {post} from './rest.js';

const ask = (call, body) => post(`/rest-api/mixer/${call}`, body);

/** {status, mixer}: mixer is null if there is none of this name, or the server does not tell. */
export async function findMixer(name) {
  const response = await ask('find_all', {});
  const mixers = response.ok ? await response.json() : [];

  return {status: response.status, mixer: mixers.find((one) => one.uri === `mixer://${name}`) ?? null};
}

// ---- Layouts: how they are told to the server, and read from what it tells ----

const NOBODY = ''; // no name has it

const LAYOUTS = new Map([
  ['grid', {mixerUseCenterNoPaddingLayout: false}],
  ['tight', {mixerUseCenterNoPaddingLayout: true}],
  ['large', {mixerVideoDesktopFullscreen: false}],
  ['inset', {mixerVideoDesktopFullscreen: true}],
]);

/** In this layout one is shown larger than the others. */
export const hasLeader = (layout) => layout === 'large' || layout === 'inset';

/** {layout, leader}; leader is the name of an input, null if all are equal. */
export function layoutOf(mixer) {
  const words = mixer.mixerVideoLayoutDesktopKeyWord.split(',').filter((word) => word !== NOBODY);
  const leaders = mixer.inputs.map((input) => input.localStreamName)
    .filter((name) => words.some((word) => name.includes(word))).sort();

  if (leaders.length > 0)
    return {layout: mixer.mixerVideoDesktopFullscreen ? 'inset' : 'large', leader: leaders[0]};
  return {layout: mixer.mixerUseCenterNoPaddingLayout ? 'tight' : 'grid', leader: null};
}

/** The response of the server. */
export function setLayout(name, layout, leader) {
  return ask('set_parameter', {uri: `mixer://${name}`, ...LAYOUTS.get(layout),
    mixerVideoLayoutDesktopKeyWord: hasLeader(layout) ? leader : NOBODY});
}
