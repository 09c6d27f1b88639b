// SPDX-License-Identifier: GPL-3.0-or-later
// The two-way page: a publication and a playback on one connection.

import {chosen, randomName} from './camera.js';
import {Connection} from './connection.js';
import {resetMuteButtons, wireMuteButtons} from './mute.js';
import {byId, playerUrl, setBadge, toggleFullscreen} from './page.js';
import {Playback, playbackElements} from './playback.js';
import {Publication, publicationElements} from './publication.js';
import {showPublishForm, wirePublishForm} from './publish-form.js';

const FORM = {button: 'publish', words: ['Publish', 'Stop'], fields: ['publish-name']};

const connection = new Connection((text, kind) => setBadge(byId('connection'), text, kind));

const publication = new Publication(connection, publicationElements(), onPublicationState);

const playback = new Playback(connection, playbackElements(), onPlaybackState);

function onPublicationState(state) {
  const live = state === 'publishing';
  const name = byId('publish-name').value.trim();

  showPublishForm(publication, FORM);
  resetMuteButtons(live);
  byId('share').hidden = !live;
  if (live) {
    byId('share-link').value = playerUrl(name);
    byId('open').href = playerUrl(name);
    byId('send').hidden = !navigator.share;
  }
}

function onPlaybackState(state) {
  const button = byId('play');

  button.textContent = state === 'idle' ? 'Play' : 'Stop';
  button.classList.toggle('stop', state !== 'idle');
  byId('play-name').disabled = state !== 'idle';
  byId('fullscreen').disabled = state !== 'playing';
}

wirePublishForm(publication, 'publish-form', () =>
  publication.publish(byId('publish-name').value.trim(), chosen()));

byId('play-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (playback.state === 'idle')
    playback.play(byId('play-name').value.trim());
  else
    playback.stop();
});

wireMuteButtons(() => publication.stream);
byId('fullscreen').addEventListener('click', () => toggleFullscreen(byId('stage')));
byId('share-link').addEventListener('focus', (event) => event.currentTarget.select());

byId('copy').addEventListener('click', async (event) => {
  const button = event.currentTarget, link = byId('share-link');

  try {
    await navigator.clipboard.writeText(link.value);
    button.textContent = 'Copied';
  } catch {
    link.focus(); // selects it, for copying by hand
    button.textContent = 'Selected: copy it';
  }
  setTimeout(() => {
    button.textContent = 'Copy link';
  }, 2500);
});

byId('send').addEventListener('click', () => {
  navigator.share({title: 'Live stream', url: byId('share-link').value}).catch(() => {});
});

const asked = new URLSearchParams(location.search).get('name');
byId('publish-name').value = randomName();
byId('play-name').value = asked ?? byId('publish-name').value;
