// SPDX-License-Identifier: GPL-3.0-or-later
// The player: the stream of ?name=, started at once, and tried again while it is not there. With
// nothing to play it lists what is live.

import {Connection} from './connection.js';
import {LiveList} from './live.js';
import {byId, playerUrl, setBadge, setNotice, toggleFullscreen} from './page.js';
import {Playback, playbackElements} from './playback.js';
import {SizeChoice} from './sizes.js';
import {cannotResize} from './words.js';

const RETRY_SECONDS = [3, 5, 10, 20]; // then always the last

let wanted = ''; // the name to come back to; "" when the reader stopped
let attempt = 0;
let countdown = null;
let refused = null; // words: why it is not in the size that was asked for

const playback = new Playback(new Connection(), playbackElements(), onState, {onSize(size) {
  if (playback.state !== 'idle' && !sizes.chosen && size.width > 0)
    sizes.note(size);
}});

/* The reader has chosen another size: the same stream once more. */
const sizes = new SizeChoice(byId('size'), () => {
  const name = wanted;

  stop();
  start(name);
  byId('size').focus(); // while it starts it was out of use
});

function onState(state, words) {
  if (state === 'idle' && sizes.chosen && cannotResize(words)) {
    refused = words;
    sizes.reset();
    playback.play(wanted);
    return;
  }
  const waiting = state === 'idle' && words !== null && wanted !== '';

  byId('play').disabled = state === 'starting';
  byId('stop').disabled = state === 'idle' && !waiting;
  byId('reconnect').disabled = wanted === '' || state === 'starting';
  byId('fullscreen').disabled = state !== 'playing';
  sizes.disabled = state !== 'playing';
  byId('spinner').hidden = state !== 'starting';
  byId('empty').textContent = waiting ? 'Waiting for the stream…' : '';
  byId('watching').hidden = state === 'idle' && !waiting;
  byId('watching').classList.toggle('waiting',
    waiting || (state === 'starting' && attempt > 0));
  if (state === 'idle')
    live.show();
  if (state === 'playing') {
    live.hide();
    attempt = 0;
    setNotice(byId('play-notice'), refused, 'warn');
    refused = null;
  }
  if (waiting)
    retryLater(words);
}

function retryLater(words) {
  let left = RETRY_SECONDS[Math.min(attempt++, RETRY_SECONDS.length - 1)];
  const show = () => setNotice(byId('play-notice'), {...words,
    text: `${words.text} Trying again in ${left} s.`.trim()}, 'warn');

  clearInterval(countdown);
  setBadge(byId('play-status'), 'Waiting', 'warn');
  show();
  countdown = setInterval(() => {
    if (document.hidden)
      return; // nobody watches: wait for the reader
    left--;
    if (left > 0) {
      show();
      return;
    }
    clearInterval(countdown);
    playback.play(wanted, sizes.chosen);
  }, 1000);
}

const live = new LiveList({section: byId('live'), list: byId('live-list'), count: byId('live-count'),
  words: byId('live-words'), signIn: byId('live-sign-in'),
  signInButton: byId('live-sign-in-button')}, change);

function start(name) {
  clearInterval(countdown);
  wanted = name;
  attempt = 0;
  live.hide(); // until it turns out that there is no such stream
  document.title = name ? `${name} · Sluice` : 'Player · Sluice';
  byId('heading').textContent = name || 'Player';
  playback.play(name, sizes.chosen);
}

function stop() {
  clearInterval(countdown);
  wanted = '';
  if (playback.state === 'idle')
    onState('idle', null);
  setNotice(byId('play-notice'), null);
  playback.stop();
}

/* What the reader asked for within the page, so that sound may begin at once. */
function change(name) {
  if (playback.state === 'starting') {
    location.assign(playerUrl(name)); // that try cannot be taken back within the page
    return;
  }
  byId('play-name').value = name;
  history.replaceState(null, '', playerUrl(name));
  stop();
  sizes.forget();
  start(name);
}

byId('play-form').addEventListener('submit', (event) => {
  event.preventDefault();
  change(byId('play-name').value.trim());
});

byId('stop').addEventListener('click', () => {
  stop();
  byId('play').focus(); // the button is gone
});
byId('reconnect').addEventListener('click', () => {
  const name = wanted;

  stop();
  start(name);
});
byId('fullscreen').addEventListener('click', () => toggleFullscreen(byId('stage')));
byId('stage').addEventListener('dblclick', () => {
  if (playback.state === 'playing')
    toggleFullscreen(byId('stage'));
});

const asked = new URLSearchParams(location.search).get('name')?.trim() ?? '';
byId('play-name').value = asked;
if (asked) {
  start(asked);
} else {
  onState('idle', null);
  byId('play-name').focus();
}
