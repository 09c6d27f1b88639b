// SPDX-License-Identifier: GPL-3.0-or-later
// The official SDK and the one session a page has with the server.

import {Told, noSdkWords, refusedWords, silentWords, unreachableWords, unsupportedWords}
  from './words.js';

const CONNECT_TIMEOUT_MS = 10000;

let started; // promise of the initialised SDK
let endpoints; // promise of {ws, wss, https, demo}

/*
 * Without this a browser on plain http from another machine could not even play: there it hides
 * getUserMedia, and the SDK takes its absence for an absence of WebRTC.
 */
function allowPlaying() {
  if ('getUserMedia' in navigator || !('RTCPeerConnection' in window))
    return;
  navigator.getUserMedia = (constraints, onStream, onError) =>
    onError(new DOMException('This page is not secure', 'NotAllowedError'));
}

/** The SDK, ready; rejects with Told. */
export function sdk() {
  started ??= (async () => {
    const Flashphoner = window.Flashphoner;
    if (!Flashphoner)
      throw new Told(noSdkWords);
    if (!('RTCPeerConnection' in window))
      throw new Told(unsupportedWords);
    allowPlaying();
    try {
      await Flashphoner.init({collectClientInfo: false, preferredMediaProviders: ['WebRTC'],
        logger: {severity: 'WARN'}});
    } catch (error) {
      console.error(error);
      throw new Told(unsupportedWords);
    }
    return Flashphoner;
  })();
  return started;
}

async function loadEndpoints() {
  try {
    const response = await fetch('/api/v1/endpoints', {cache: 'no-store'});
    if (response.ok)
      return await response.json();
  } catch {
    // the page may be served by something else than the media server: its usual ports then
  }
  return {ws: 8080, wss: 8443, https: 8444, demo: null};
}

export function serverPorts() {
  endpoints ??= loadEndpoints();
  return endpoints;
}

/** The name of the built-in stream, null if there is none. */
export async function demoName() {
  return (await serverPorts()).demo ?? null;
}

/** The WebSocket API of the server this page came from. */
export async function serverUrl() {
  const ports = await serverPorts();

  if (location.protocol === 'https:' && ports.wss)
    return `wss://${location.hostname}:${ports.wss}`;
  return `ws://${location.hostname}:${ports.ws}`;
}

/** This page over https, or null if the server has no such port. */
export async function secureUrl() {
  const ports = await serverPorts();

  if (location.protocol === 'https:' || !ports.https)
    return null;
  return `https://${location.hostname}:${ports.https}${location.pathname}${location.search}`;
}

/** False once the session has ended, also within the SDK's own callbacks. */
export function isOpen(session) {
  return session.status() === window.Flashphoner.constants.SESSION_STATUS.ESTABLISHED;
}

/** One session, opened when first asked for and again after it was lost. */
export class Connection {
  #session = null;
  #opening = null;
  #closing = false;

  /**
   * onStatus(text, kind): for a badge. options(): what else the SDK is told of the next session.
   * onEnd(): it is over.
   */
  constructor(onStatus = () => {}, {options = () => ({}), onEnd = () => {}} = {}) {
    this.onStatus = onStatus;
    this.options = options;
    this.onEnd = onEnd;
  }

  /** The established session; rejects with Told. */
  session() {
    if (this.#session)
      return Promise.resolve(this.#session);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open() {
    this.onStatus('Connecting…', 'warn');
    try {
      const Flashphoner = await sdk();
      const url = await serverUrl();
      this.#closing = false;
      this.#session = await this.#connect(Flashphoner, url);
      this.onStatus('Connected', 'good');
      return this.#session;
    } catch (error) {
      this.onStatus('Not connected', 'bad');
      throw error;
    }
  }

  #connect(Flashphoner, url) {
    const {SESSION_STATUS} = Flashphoner.constants;

    return new Promise((resolve, reject) => {
      let refusal = null, connected = false, established = false;
      const session = Flashphoner.createSession({urlServer: url, timeout: CONNECT_TIMEOUT_MS,
        receiveProbes: 8, probesInterval: 5000, ...this.options()});
      const timer = setTimeout(() => {
        reject(new Told(connected ? silentWords : unreachableWords(url)));
        session.disconnect();
      }, CONNECT_TIMEOUT_MS);
      const onEnd = () => {
        clearTimeout(timer);
        if (established)
          this.#onEnd(session);
        else if (connected)
          reject(new Told(refusedWords(refusal)));
        else
          reject(new Told(unreachableWords(url)));
      };

      session.on(SESSION_STATUS.CONNECTED, () => {
        connected = true;
      }).on(SESSION_STATUS.ESTABLISHED, () => {
        clearTimeout(timer);
        established = true;
        resolve(session);
      }).on(SESSION_STATUS.WARN, (_session, warning) => {
        refusal = (warning ?? _session)?.info ?? null;
      }).on(SESSION_STATUS.FAILED, onEnd)
        .on(SESSION_STATUS.DISCONNECTED, onEnd);
    });
  }

  #onEnd(session) {
    if (this.#session !== session)
      return;
    this.#session = null;
    this.onStatus('Not connected', this.#closing ? '' : 'bad');
    this.onEnd();
  }

  close() {
    this.#closing = true;
    this.#session?.disconnect();
  }
}
