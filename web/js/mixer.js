// SPDX-License-Identifier: GPL-3.0-or-later
// The mixer's page: a camera that joins a mixer by its name, what the mixer makes of all of them
// without one's own sound, and how the picture is laid out.

import {chosen, randomName} from './camera.js';
import {Connection} from './connection.js';
import {findMixer, hasLeader, layoutOf, setLayout} from './mixers.js';
import {resetMuteButtons, wireMuteButtons} from './mute.js';
import {byId, countOf, setBadge, setNotice, toggleFullscreen} from './page.js';
import {Playback, playbackElements} from './playback.js';
import {Publication, publicationElements} from './publication.js';
import {showPublishForm, wirePublishForm} from './publish-form.js';
import {signIn} from './sign-in.js';

const FORM = {button: 'join', words: ['Join', 'Leave'], fields: ['mixer-name', 'your-name']};
const ASK_MS = 2000;

const connection = new Connection((text, kind) => setBadge(byId('connection'), text, kind));

const publication = new Publication(connection, publicationElements(), onPublicationState);

const playback = new Playback(connection, playbackElements(), (state) => {
  byId('fullscreen').disabled = state !== 'playing';
});

const mixerName = () => byId('mixer-name').value.trim();
const yourName = () => byId('your-name').value.trim();
const ownInput = () => `${yourName()}#${mixerName()}`;

// ---- The layout ----

let watched = null; // the name of the mixer whose layout is shown
let timer = null;
let names = []; // of its inputs
let choices = 0; // of the reader: what was asked before one is not shown after it

/* People are called as they call themselves. */
function personOf(input) {
  const name = input.split('#')[0];

  return input === ownInput() ? `${name} (you)` : name;
}

function showPeople(inputs, leader) {
  const select = byId('leader');

  if (inputs.join('\n') !== names.join('\n')) {
    names = inputs;
    select.replaceChildren(...inputs.map((input) => new Option(personOf(input), input)));
  }
  if (leader)
    select.value = leader;
  else if (select.selectedIndex < 0)
    select.selectedIndex = 0;
  setBadge(byId('people'), countOf(inputs.length, 'person', 'people'), 'good');
}

function showLayout(mixer) {
  const {layout, leader} = layoutOf(mixer);

  // not under the reader's hand
  if (!byId('layout-form').contains(document.activeElement)) {
    byId('layout').value = layout;
    byId('leader-field').hidden = !hasLeader(layout);
  }
  showPeople(mixer.inputs.map((input) => input.localStreamName), leader);
}

/* Returns whether it is worth asking again. */
function take({status, mixer}) {
  const isOpen = status !== 401 && status !== 403;

  byId('layout-form').hidden = !mixer;
  byId('people').hidden = !mixer;
  byId('sign-in').hidden = status !== 401;
  if (!isOpen)
    setNotice(byId('layout-notice'), {title: 'The operators of the server lay it out.',
      text: status === 401 ? 'Sign in if you are one of them.' : ''}, 'info');
  if (mixer)
    showLayout(mixer);
  return isOpen;
}

async function ask() {
  const name = watched, before = choices;
  let again = true;

  clearTimeout(timer);
  try {
    const answer = await findMixer(name);
    if (name !== watched)
      return;
    if (before === choices)
      again = take(answer);
  } catch {
    // the server cannot be reached: the publication tells that
  }
  if (again && name === watched)
    timer = setTimeout(ask, ASK_MS);
}

function watch(name) {
  clearTimeout(timer);
  watched = name;
  names = [];
  byId('layout-panel').hidden = !name;
  setNotice(byId('layout-notice'), null);
  if (name)
    ask();
}

async function chooseLayout() {
  const layout = byId('layout').value, leader = byId('leader').value;

  choices++;
  byId('leader-field').hidden = !hasLeader(layout);
  try {
    const response = await setLayout(watched, layout, leader);
    setNotice(byId('layout-notice'), response.ok ? null : {title: 'The layout stays as it is.',
      text: (await response.json()).message ?? ''});
  } catch {
    setNotice(byId('layout-notice'), {title: 'The server cannot be reached.', text: ''});
  }
  choices++; // what was asked while it was on its way may be of before or after it
}

// ---- Who is in ----

function onPublicationState(state) {
  const isIn = state === 'publishing';

  showPublishForm(publication, FORM);
  resetMuteButtons(isIn);
  byId('share').hidden = !isIn;
  if (isIn) {
    byId('link').value = new URL(`/mixer?name=${encodeURIComponent(mixerName())}`, location.href).href;
    playback.play(`${mixerName()}-${yourName()}${mixerName()}`); // all but one's own sound
  } else {
    playback.stop();
  }
  watch(isIn ? mixerName() : null);
}

wirePublishForm(publication, 'join-form', () => publication.publish(ownInput(), chosen()));
wireMuteButtons(() => publication.stream);
byId('layout').addEventListener('change', chooseLayout);
byId('leader').addEventListener('change', chooseLayout);
byId('layout-form').addEventListener('submit', (event) => event.preventDefault());
byId('sign-in').addEventListener('click', () => {
  signIn();
  setNotice(byId('layout-notice'), null);
  ask();
});
byId('fullscreen').addEventListener('click', () => toggleFullscreen(byId('stage')));
byId('link').addEventListener('focus', (event) => event.currentTarget.select());

byId('mixer-name').value = new URLSearchParams(location.search).get('name') ??
  randomName().replace('stream', 'mix');
