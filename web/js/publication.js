// SPDX-License-Identifier: GPL-3.0-or-later
// Publishing camera and microphone.

import {isOpen, sdk, secureUrl} from './connection.js';
import {setBadge, setNotice} from './page.js';
import {StatsLine} from './stats.js';
import {Told, insecureWords, lostWords, mediaWords, nameWords, silentWords, streamWords}
  from './words.js';

const ANSWER_TIMEOUT_MS = 25000; // the server's own bound on ICE is shorter
const FRAME_RATE = 30;

/** getUserMedia's constraints, with the rates the SDK wants among them. */
export function constraintsOf({camera, microphone, width, height, maxBitrate}) {
  const constraints = {audio: false, video: false};

  if (microphone !== 'none')
    constraints.audio = microphone ? {deviceId: {exact: microphone}} : true;
  if (camera !== 'none') {
    constraints.video = {width, height, frameRate: FRAME_RATE};
    if (camera)
      constraints.video.deviceId = {exact: camera};
    if (maxBitrate > 0)
      constraints.video.maxBitrate = maxBitrate;
  }
  return constraints;
}

/*
 * States: idle -> starting -> publishing -> idle. #setState makes every change and tells onState. The
 * camera stays on between two publications, as a preview, until release().
 */
export class Publication {
  #connection;
  #elements;
  #stats;
  #stream = null;
  #timer = null;
  #stopping = false;

  /** elements: stage, display, status, notice, stats */
  constructor(connection, elements, onState = () => {}) {
    this.#connection = connection;
    this.#elements = elements;
    this.#stats = new StatsLine(elements.stats);
    this.onState = onState;
    this.state = 'idle';
    this.hasCamera = false;
  }

  /** choice: see constraintsOf(); rtmpUrl, if the server is to pass the stream on. */
  async publish(name, choice) {
    if (this.state !== 'idle')
      return;
    this.#stopping = false;
    this.#setState('starting');
    try {
      const wrong = nameWords(name);
      if (wrong)
        throw new Told(wrong);
      const Flashphoner = await sdk();
      const constraints = constraintsOf(choice);
      await this.#openCamera(Flashphoner, constraints);
      const session = await this.#connection.session();
      if (this.#stopping)
        this.#setState('idle');
      else
        this.#start(Flashphoner, session, name, constraints, choice.rtmpUrl);
    } catch (error) {
      this.#setState('idle', error instanceof Told ? error.words :
        {title: 'Publishing failed.', text: String(error?.message ?? error)});
    }
  }

  /* Asked for here and not by stream.publish(), which keeps the kind of failure to itself. */
  async #openCamera(Flashphoner, constraints) {
    if (!constraints.audio && !constraints.video)
      throw new Told({title: 'There is nothing to publish.', text: 'Choose a camera or a microphone.'});
    if (!navigator.mediaDevices?.getUserMedia)
      throw new Told(insecureWords(await secureUrl()));
    setBadge(this.#elements.status, 'Asking for the camera…', 'warn');
    try {
      await Flashphoner.getMediaAccess(constraints, this.#elements.display);
    } catch (error) {
      this.#setCamera(false);
      throw new Told(mediaWords(error, constraints));
    }
    this.#setCamera(true);
    setBadge(this.#elements.status, 'Starting…', 'warn');
  }

  #start(Flashphoner, session, name, constraints, rtmpUrl) {
    const {STREAM_STATUS} = Flashphoner.constants;
    const stream = session.createStream({name, display: this.#elements.display, constraints,
      cacheLocalResources: true, collectDeviceInfo: false, ...(rtmpUrl && {rtmpUrl})});
    const isCurrent = () => this.#stream === stream;

    this.#stream = stream;
    this.#timer = setTimeout(() => {
      if (!isCurrent())
        return;
      this.#end(silentWords);
      stream.stop(); // as soon as the server has made up its mind
    }, ANSWER_TIMEOUT_MS);
    stream.on(STREAM_STATUS.PUBLISHING, () => {
      if (!isCurrent())
        return;
      clearTimeout(this.#timer);
      this.#stats.start(stream, true);
      this.#setState('publishing');
    }).on(STREAM_STATUS.UNPUBLISHED, () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : streamWords(stream.getInfo()));
    }).on(STREAM_STATUS.FAILED, () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : this.#failure(session, stream));
    });
    stream.publish();
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

  #setCamera(on) {
    this.hasCamera = on;
    this.#elements.stage.classList.toggle('on', on);
  }

  #setState(state, words = null) {
    const {status, notice} = this.#elements;

    this.state = state;
    if (state === 'starting')
      setBadge(status, 'Starting…', 'warn');
    else if (state === 'publishing')
      setBadge(status, 'On air', 'good');
    else
      setBadge(status, words ? 'Stopped' : 'Not publishing', words ? 'bad' : '');
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

  /** Lets go of camera and microphone. */
  async release() {
    const Flashphoner = await sdk();

    Flashphoner.releaseLocalMedia(this.#elements.display);
    this.#setCamera(false);
    this.onState(this.state, null);
  }

  /** Both return whether it is muted now. */
  toggleAudio() {
    if (this.#stream.isAudioMuted())
      this.#stream.unmuteAudio();
    else
      this.#stream.muteAudio();
    return this.#stream.isAudioMuted();
  }

  toggleVideo() {
    if (this.#stream.isVideoMuted())
      this.#stream.unmuteVideo();
    else
      this.#stream.muteVideo();
    return this.#stream.isVideoMuted();
  }
}
