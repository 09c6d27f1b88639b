// SPDX-License-Identifier: GPL-3.0-or-later
// Playing one stream: what the two-way page and the player have in common.

import {byId} from './page.js';
import {Stream} from './stream.js';

const USUAL_VOLUME = 80;

const PLAYING = {verb: 'play', live: 'playing', begun: 'PLAYING', ended: 'STOPPED', shown: 'Playing',
  idle: 'Not playing', failed: 'Playing failed.'};

/** Those of a page with one playback. */
export const playbackElements = () => ({stage: byId('stage'), display: byId('remote'),
  status: byId('play-status'), notice: byId('play-notice'), stats: byId('play-stats'),
  unmute: byId('unmute'), volume: byId('volume')});

export class Playback extends Stream {
  #muted;

  /**
   * elements: stage, display, status, notice, stats, unmute, and volume or null
   * muted: it begins without sound, whatever the reader has done on the page before
   * onSize: told the size of the picture, whenever it is another one
   */
  constructor(connection, elements, onState = () => {}, {muted = false, onSize = () => {}} = {}) {
    super(PLAYING, connection, elements, onState);
    this.#muted = muted;
    elements.unmute.addEventListener('click', () => this.unmute());
    elements.volume?.addEventListener('input', () => {
      this.setVolume(this.#volume);
      if (this.#volume > 0 && navigator.userActivation?.isActive && this.stream?.isRemoteAudioMuted())
        this.stream.unmuteRemoteAudio(); // who moves the volume wants to hear
    });
    // these events do not bubble, hence the capture; the video is the SDK's
    for (const type of ['playing', 'volumechange'])
      elements.display.addEventListener(type, (event) => this.#offerSound(event.target), true);
    for (const type of ['loadedmetadata', 'resize'])
      elements.display.addEventListener(type, ({target}) => onSize(
        {width: target.videoWidth, height: target.videoHeight}), true);
  }

  get #volume() {
    return this.elements.volume?.valueAsNumber ?? USUAL_VOLUME;
  }

  #offerSound(video) {
    const hasSound = video.srcObject?.getAudioTracks().length > 0;

    this.elements.unmute.hidden = this.state === 'idle' || !hasSound || !video.muted;
  }

  /** size: {width}, {height} or both, to be made of it; null: as it is published */
  play(name, size = null) {
    // a browser lets sound begin only after the reader has touched the page
    const withSound = () => !this.#muted && (navigator.userActivation?.hasBeenActive ?? false);

    return this.begin(name, () => ({display: this.elements.display, unmutePlayOnStart: withSound(),
      ...size && {constraints: {audio: true, video: size}}}));
  }

  setState(state, words = null) {
    const {stage, volume, unmute} = this.elements;

    stage.classList.toggle('on', state === 'playing');
    if (volume)
      volume.disabled = state !== 'playing';
    if (state === 'idle')
      unmute.hidden = true;
    super.setState(state, words);
    if (state === 'playing')
      this.setVolume(this.#volume);
  }

  unmute() {
    if (this.#volume === 0)
      this.elements.volume.value = String(USUAL_VOLUME);
    this.setVolume(this.#volume);
    this.stream?.unmuteRemoteAudio();
  }

  setVolume(percent) {
    this.stream?.setVolume(percent);
  }
}
