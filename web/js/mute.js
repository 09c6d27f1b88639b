// SPDX-License-Identifier: GPL-3.0-or-later
// The two buttons that silence and darken a stream of ours: #mute-audio, #mute-video.

import {byId} from './page.js';

const BUTTONS = [
  {id: 'mute-audio', device: 'microphone', on: 'Mute microphone', off: 'Unmute microphone',
    is: 'isAudioMuted', mute: 'muteAudio', unmute: 'unmuteAudio'},
  {id: 'mute-video', device: 'camera', on: 'Hide camera', off: 'Show camera',
    is: 'isVideoMuted', mute: 'muteVideo', unmute: 'unmuteVideo'},
];

function show({id, on, off}, muted) {
  byId(id).setAttribute('aria-pressed', String(muted));
  byId(id).textContent = muted ? off : on;
}

/* Returns whether it is muted now. */
function toggle({is, mute, unmute}, stream) {
  const muted = !stream[is]();

  stream[muted ? mute : unmute]();
  return muted;
}

/** As the stream begins (live) and ends. */
export function resetMuteButtons(live) {
  for (const button of BUTTONS) {
    byId(button.id).disabled = !live || byId(button.device)?.value === 'none';
    show(button, false);
  }
}

/** current: gives the SDK's stream; asked while the buttons are in use. */
export function wireMuteButtons(current) {
  for (const button of BUTTONS)
    byId(button.id).addEventListener('click', () => show(button, toggle(button, current())));
}
