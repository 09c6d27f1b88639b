// SPDX-License-Identifier: GPL-3.0-or-later
// The page that publishes a camera which the server passes on to an RTMP server.

import {chosen, randomName} from './camera.js';
import {Connection, serverUrl} from './connection.js';
import {byId, formatRate, setBadge, setNotice} from './page.js';
import {Publication, publicationElements} from './publication.js';
import {showPublishForm, wirePublishForm} from './publish-form.js';
import {listPushes, publishedName, pushBadge} from './pushes.js';

const FORM = {button: 'publish', words: ['Start', 'Stop'], fields: ['publish-name', 'rtmp-url']};
const ASK_MS = 1500;
const APPEARS_WITHIN_MS = 8000; // the host may take a while to resolve

const connection = new Connection((text, kind) => setBadge(byId('connection'), text, kind));
const publication = new Publication(connection, publicationElements(), onPublicationState);

// What is known of the push of the publication that is under way.
let watch = null; // {stream, url, since, id: of the push once it was seen, timer}

// ---- The push ----

const secretWords = {title: 'How the push goes is told to the operators of the server only.',
  text: 'Look at the other server whether your stream arrives.'};
const missingWords = {title: 'The stream is not pushed.',
  text: 'The server could not find that host, or may not send there on behalf of browsers: private ' +
    'addresses must be named in client_push_allow. Its log tells the reason.'};
const endedWords = {title: 'The push has ended.',
  text: 'The other server could not be reached, refused the stream, or dropped it. Your stream goes on ' +
    'here; start again to try once more.'};

function showNoPush(text, kind, words, wordsKind = '') {
  setBadge(byId('push-status'), text, kind);
  setNotice(byId('push-notice'), words, wordsKind);
  byId('push-facts').hidden = true;
}

function showPush(push) {
  setBadge(byId('push-status'), ...pushBadge(push.state));
  setNotice(byId('push-notice'), null);
  byId('push-rate').textContent = formatRate(push.bitrate);
  byId('push-dropped').textContent = String(push.framesDropped);
  byId('push-retries').textContent = String(push.retries);
  byId('push-facts').hidden = false;
}

/* The address to play from, as most servers have it: the name below the application. */
function playAddress(target, name) {
  return `${target.replace(/\/\/[^/@]*@/, '//').replace(/\?.*/, '').replace(/\/$/, '')}/${name}`;
}

async function showPlayAddress(current, push) {
  const name = await publishedName(current.stream, push.mediaSessionId);

  if (name && current === watch)
    byId('push-play').textContent = playAddress(push.target, name);
}

/* Its own push: the operator may push the same stream elsewhere. */
function isOf(current, push) {
  const target = current.url.replace(/^(\w+:\/\/[^/@:]*:)[^/@]*@/, '$1***@');

  return current.id ? push.mediaSessionId === current.id :
    push.stream === current.stream && push.target === target;
}

/* Returns whether it is worth asking again. */
function take(current, {status, items: pushes}) {
  const push = pushes?.find((one) => isOf(current, one));

  if (!pushes) {
    if (status === 404)
      showNoPush('Not available', 'warn', {title: 'This server cannot push streams.', text: ''}, 'warn');
    else
      showNoPush('Not shown here', '', secretWords, 'info');
    return false;
  }
  if (push) {
    if (!current.id) {
      current.id = push.mediaSessionId;
      showPlayAddress(current, push).catch(() => {}); // it is a convenience
    }
    showPush(push);
    return true;
  }
  if (current.id)
    showNoPush('Ended', 'bad', endedWords);
  else if (Date.now() - current.since > APPEARS_WITHIN_MS)
    showNoPush('Not pushed', 'bad', missingWords);
  else
    return true;
  return false;
}

async function ask(current) {
  let again = true;

  try {
    const answer = await listPushes();
    if (current !== watch)
      return;
    again = take(current, answer);
  } catch {
    // the server cannot be reached: the publication tells that
  }
  if (again && current === watch)
    current.timer = setTimeout(ask, ASK_MS, current);
}

function startWatching() {
  watch = {stream: byId('publish-name').value.trim(), url: byId('rtmp-url').value.trim(),
    since: Date.now(), id: null, timer: null};
  showNoPush('Starting…', 'warn', null);
  byId('push-play').textContent = '…';
  ask(watch);
}

function stopWatching() {
  clearTimeout(watch?.timer);
  watch = null;
  showNoPush('Nothing is pushed', '', null);
}

// ---- The publication ----

function onPublicationState(state) {
  showPublishForm(publication, FORM);
  if (state === 'publishing')
    startWatching();
  else
    stopWatching();
}

wirePublishForm(publication, 'publish-form', () => {
  const rtmpUrl = byId('rtmp-url').value.trim();

  if (/^rtmps?:\/\/[^/]/i.test(rtmpUrl))
    publication.publish(byId('publish-name').value.trim(), {...chosen(), rtmpUrl});
  else
    showNoPush('Not pushed', 'bad', {title: 'This is no RTMP address.',
      text: 'It begins with rtmp:// or rtmps:// and the name of a server.'});
});

byId('media-form').addEventListener('submit', (event) => event.preventDefault());
byId('publish-name').value = randomName();
serverUrl().then((url) => {
  byId('server-url').value = url;
});
