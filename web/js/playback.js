// SPDX-License-Identifier: GPL-3.0-or-later
// Playing one stream: what the two-way page and the player have in common.

import {isOpen, sdk} from './connection.js';
import {setBadge, setNotice} from './page.js';
import {StatsLine} from './stats.js';
import {Told, lostWords, nameWords, silentWords, streamWords} from './words.js';

const ANSWER_TIMEOUT_MS = 25000; // the server's own bound on ICE is shorter
const USUAL_VOLUME = 80;

/*
 * States: idle -> starting -> playing -> idle. #setState makes every change and tells onState, which
 * gets the state and, when playing ended or failed, the words for it (null: the reader stopped it).
 */
export class Playback {
  #connection;
  #elements;
  #stats;
  #stream = null;
  #timer = null;
  #stopping = false;
  #muted;

  /**
   * elements: stage, display, status, notice, stats, unmute, and volume or null
   * muted: it begins without sound, whatever the reader has done on the page before
   */
  constructor(connection, elements, onState = () => {}, {muted = false} = {}) {
    this.#connection = connection;
    this.#elements = elements;
    this.#muted = muted;
    this.#stats = new StatsLine(elements.stats);
    this.onState = onState;
    this.state = 'idle';
    elements.unmute.addEventListener('click', () => this.unmute());
    elements.volume?.addEventListener('input', () => {
      this.setVolume(this.#volume);
      if (this.#volume > 0 && navigator.userActivation?.isActive && this.#stream?.isRemoteAudioMuted())
        this.#stream.unmuteRemoteAudio(); // who moves the volume wants to hear
    });
    // these events do not bubble, hence the capture; the video is the SDK's
    for (const type of ['playing', 'volumechange'])
      elements.display.addEventListener(type, (event) => this.#offerSound(event.target), true);
  }

  get #volume() {
    return this.#elements.volume?.valueAsNumber ?? USUAL_VOLUME;
  }

  #offerSound(video) {
    const hasSound = video.srcObject?.getAudioTracks().length > 0;

    this.#elements.unmute.hidden = this.state === 'idle' || !hasSound || !video.muted;
  }

  async play(name) {
    if (this.state !== 'idle')
      return;
    const wrong = nameWords(name);
    if (wrong) {
      this.#setState('idle', wrong);
      return;
    }
    this.#stopping = false;
    this.#setState('starting');
    try {
      const Flashphoner = await sdk();
      const session = await this.#connection.session();
      if (this.#stopping)
        this.#setState('idle');
      else
        this.#start(Flashphoner, session, name);
    } catch (error) {
      this.#setState('idle', error instanceof Told ? error.words :
        {title: 'Playing failed.', text: String(error?.message ?? error)});
    }
  }

  #start(Flashphoner, session, name) {
    const {STREAM_STATUS} = Flashphoner.constants;
    // a browser lets sound begin only after the reader has touched the page
    const withSound = !this.#muted && (navigator.userActivation?.hasBeenActive ?? false);
    const stream = session.createStream({name, display: this.#elements.display,
      unmutePlayOnStart: withSound});
    const isCurrent = () => this.#stream === stream;

    this.#stream = stream;
    this.#timer = setTimeout(() => {
      if (!isCurrent())
        return;
      this.#end(silentWords);
      stream.stop(); // as soon as the server has made up its mind
    }, ANSWER_TIMEOUT_MS);
    stream.on(STREAM_STATUS.PLAYING, () => {
      if (!isCurrent())
        return;
      clearTimeout(this.#timer);
      this.#stats.start(stream, false);
      this.#setState('playing');
      this.setVolume(this.#volume);
    }).on(STREAM_STATUS.STOPPED, () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : streamWords(stream.getInfo()));
    }).on(STREAM_STATUS.FAILED, () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : this.#failure(session, stream));
    });
    stream.play();
  }

  /* When the connection goes, the SDK fails the streams first, without a reason. */
  #failure(session, stream) {
    return isOpen(session) ? streamWords(stream.getInfo(), stream.getErrorInfo()) : lostWords();
  }

  #end(words) {
    clearTimeout(this.#timer);
    this.#stats.stop();
    this.#stream = null;
    this.#setState('idle', words);
  }

  #setState(state, words = null) {
    const {stage, status, notice, volume, unmute} = this.#elements;

    this.state = state;
    stage.classList.toggle('on', state === 'playing');
    if (volume)
      volume.disabled = state !== 'playing';
    if (state === 'idle')
      unmute.hidden = true;
    if (state === 'starting')
      setBadge(status, 'Starting…', 'warn');
    else if (state === 'playing')
      setBadge(status, 'Playing', 'good');
    else
      setBadge(status, words ? 'Stopped' : 'Not playing', words ? 'bad' : '');
    setNotice(notice, words);
    this.onState(state, words);
  }

  stop() {
    const stream = this.#stream;

    if (this.state === 'idle')
      return;
    this.#stopping = true;
    if (stream) {
      this.#end(null);
      stream.stop();
    }
  }

  unmute() {
    if (this.#volume === 0)
      this.#elements.volume.value = String(USUAL_VOLUME);
    this.setVolume(this.#volume);
    this.#stream?.unmuteRemoteAudio();
  }

  setVolume(percent) {
    this.#stream?.setVolume(percent);
  }
}
