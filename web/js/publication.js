// SPDX-License-Identifier: GPL-3.0-or-later
// Publishing camera and microphone.

import {sdk, secureUrl} from './connection.js';
import {byId, setBadge} from './page.js';
import {Stream} from './stream.js';
import {Told, insecureWords, mediaWords} from './words.js';

const FRAME_RATE = 30;

const PUBLISHING = {verb: 'publish', live: 'publishing', begun: 'PUBLISHING', ended: 'UNPUBLISHED',
  shown: 'On air', idle: 'Not publishing', failed: 'Publishing failed.'};

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

/** Asked for here and not by stream.publish(), which keeps the kind of failure to itself. */
export async function openCamera(Flashphoner, constraints, display) {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Told(insecureWords(await secureUrl()));
  try {
    await Flashphoner.getMediaAccess(constraints, display);
  } catch (error) {
    throw new Told(mediaWords(error, constraints));
  }
}

/** Those of a page with one publication. */
export const publicationElements = () => ({stage: byId('local').parentElement, display: byId('local'),
  status: byId('publish-status'), notice: byId('publish-notice'), stats: byId('publish-stats')});

/* The camera stays on between two publications, as a preview, until release(). */
export class Publication extends Stream {
  /** elements: stage, display, status, notice, stats */
  constructor(connection, elements, onState = () => {}) {
    super(PUBLISHING, connection, elements, onState);
    this.hasCamera = false;
  }

  /** choice: see constraintsOf(); rtmpUrl, if the server is to pass the stream on. */
  publish(name, choice) {
    const constraints = constraintsOf(choice), {rtmpUrl} = choice;

    return this.begin(name, async (Flashphoner) => {
      await this.#openCamera(Flashphoner, constraints);
      return {display: this.elements.display, constraints, cacheLocalResources: true,
        collectDeviceInfo: false, ...(rtmpUrl && {rtmpUrl})};
    });
  }

  async #openCamera(Flashphoner, constraints) {
    if (!constraints.audio && !constraints.video)
      throw new Told({title: 'There is nothing to publish.', text: 'Choose a camera or a microphone.'});
    setBadge(this.elements.status, 'Asking for the camera…', 'warn');
    try {
      await openCamera(Flashphoner, constraints, this.elements.display);
    } catch (error) {
      this.#setCamera(false);
      throw error;
    }
    this.#setCamera(true);
    setBadge(this.elements.status, 'Starting…', 'warn');
  }

  #setCamera(on) {
    this.hasCamera = on;
    this.elements.stage.classList.toggle('on', on);
  }

  /** Lets go of camera and microphone. */
  async release() {
    const Flashphoner = await sdk();

    Flashphoner.releaseLocalMedia(this.elements.display);
    this.#setCamera(false);
    this.onState(this.state, null);
  }
}
