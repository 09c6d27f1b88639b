// SPDX-License-Identifier: GPL-3.0-or-later
// Every failure in words: what happened, and what the reader can do. Nothing here touches the page.

/** An error that already has its words. */
export class Told extends Error {
  constructor(words) {
    super(words.title);
    this.words = words;
  }
}

/** The camera or microphone was not given: a DOMException of getUserMedia. */
export function mediaWords(error, wanted) {
  const what = wanted.video && wanted.audio ? 'camera and microphone' :
    wanted.video ? 'camera' : 'microphone';

  switch (error?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return {title: `The ${what} may not be used.`,
        text: 'Allow it in the browser: the symbol beside the address, then publish again. If you were ' +
          'not asked, the system settings may forbid it for this browser.'};
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return {title: `No ${what.replace(' and ', ' or ')} was found.`,
        text: wanted.video && wanted.audio ?
          'Connect one, or choose "No video" or "No audio" and publish what there is.' :
          'Connect one and publish again.'};
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return {title: `The ${what} could not be started.`,
        text: 'Another program may be using it. Close that program and try again.'};
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return {title: `The ${what} cannot do what was chosen.`,
        text: 'Choose another picture size or another device.'};
    default:
      return {title: `The ${what} could not be used.`, text: String(error?.message ?? error ?? '')};
  }
}

/** This page came over plain http from another machine: browsers then lock the camera away. */
export function insecureWords(secureUrl) {
  const words = {title: 'The browser keeps the camera locked on this page.',
    text: 'It gives it only to pages loaded over https, or from localhost on the same machine.'};

  if (secureUrl) {
    words.href = secureUrl;
    words.link = 'Open this page over https';
  }
  return words;
}

export const unsupportedWords = {
  title: 'This browser cannot do WebRTC.',
  text: 'Use a current Chrome, Edge, Firefox or Safari. If it is one of these, an extension or a ' +
    'company policy may have switched WebRTC off.',
};

export const noSdkWords = {
  title: 'A part of this page did not load.',
  text: 'The file /sdk/flashphoner.js is missing on the server or was blocked. Reload the page; if that ' +
    'does not help, the server was built without its web pages.',
};

/** The WebSocket did not come about. */
export function unreachableWords(url) {
  const words = {title: 'The media server cannot be reached.',
    text: `There was no answer at ${url}. It may be down, or a firewall may block that port.`};

  if (url.startsWith('wss:')) {
    words.text += ' With a self-signed certificate the browser must be told once to trust it:';
    words.href = url.replace(/^wss:/, 'https:');
    words.link = 'open this address and accept it, then come back';
  }
  return words;
}

export function lostWords() {
  return {title: 'The connection to the server was lost.',
    text: navigator.onLine === false ? 'This device is offline.' :
      'The server may have been restarted, or the network changed.'};
}

export function refusedWords(info) {
  return {title: 'The server refused the connection.', text: info ? `It says: ${info}` : ''};
}

export const silentWords = {
  title: 'The server did not answer in time.',
  text: 'It accepted the connection but not the stream. Try again in a moment.',
};

const iceText = 'The media could not get through. Often a firewall or a company network blocks UDP: ' +
  'try another network, or ask its operator.';

// The server's `info` strings (the SDK's STREAM_STATUS_INFO).
const streamInfos = new Map([
  ['Stream name is already in use', {title: 'This name is already in use.',
    text: 'Somebody publishes under it right now. Choose another name.'}],
  ['Stream not found', {title: 'There is no stream of this name.',
    text: 'It may not have begun yet, or its name is spelled differently.'}],
  ['Publish stream is not ready', {title: 'The stream is only just starting.',
    text: 'Try again in a moment.'}],
  ['Failed by ICE timeout', {title: 'No media connection came about.', text: iceText}],
  ['Failed by ICE error', {title: 'No media connection came about.', text: iceText}],
  ['Failed by ICE keep alive', {title: 'The media connection was lost.',
    text: 'The network went away for a while. Try again.'}],
  ['Failed by DTLS error', {title: 'The encrypted connection failed.', text: iceText}],
  ['Failed by DTLS fingerprint error', {title: 'The encrypted connection was not authentic.',
    text: 'Something between this browser and the server changed the connection; it was ended.'}],
  ['Failed by RTP activity', {title: 'No media arrived at the server.',
    text: 'The camera may have stopped, or the network blocks the media. Try again.'}],
  ['Stopped by publisher stop', {title: 'The stream has ended.', text: 'Its publisher stopped.'}],
  ['Stopped by rest /terminate', {title: 'The stream was ended by the operator.', text: ''}],
  ['Stopped by session disconnect', {title: 'The stream has ended.',
    text: 'The connection to the server was closed.'}],
  ['No common codecs', {title: 'Browser and server share no codec.',
    text: 'The server is configured for codecs that this browser does not have.'}],
  ['Failed to add stream to proxy', {title: 'The server could not take the stream.',
    text: 'It has no room for another one, or did not understand the browser. Try again later.'}],
  ['Transcoding required, but disabled', {title: 'The server does not convert streams.',
    text: 'They can be watched as they were published only.'}],
  ['No available transcoders', {title: 'The server has no room to convert streams right now.',
    text: 'Streams that need no conversion play as ever.'}],
  ['Too many streams', {title: 'The server is full.', text: 'Try again later.'}],
  ['Too many sessions', {title: 'The server is full.', text: 'Try again later.'}],
  ['Too many players of this stream', {title: 'Too many people watch this stream already.',
    text: 'Try again later.'}],
  ['Server is shutting down', {title: 'The server is shutting down.', text: 'Try again in a minute.'}],
]);

/** These words say that a stream cannot be had in another size than its own. */
export const cannotResize = (words) => words === streamInfos.get('Transcoding required, but disabled') ||
  words === streamInfos.get('No available transcoders');

/** A stream ended with FAILED: its info, and for local faults the browser's own text. */
export function streamWords(info, errorInfo) {
  const known = streamInfos.get(info);

  if (known)
    return known;
  if (info === 'Local error')
    return {title: 'The browser could not do it.', text: errorInfo ? `It says: ${errorInfo}` : ''};
  return {title: 'The stream failed.', text: info ? `The server says: ${info}` : ''};
}

/** What a name must be (1 to 256 bytes, no control characters); null if it is. */
export function nameWords(name) {
  if (!name)
    return {title: 'A stream needs a name.', text: ''};
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name))
    return {title: 'This name cannot be used.', text: 'It contains invisible control characters.'};
  if (new TextEncoder().encode(name).length > 256)
    return {title: 'This name is too long.', text: 'At most 256 bytes are possible.'};
  return null;
}
