// SPDX-License-Identifier: GPL-3.0-or-later
// The conference page: a room of the SDK's RoomApi, its people, and what they write.

import {sdk, serverUrl} from './connection.js';
import {resetMuteButtons, wireMuteButtons} from './mute.js';
import {byId, countOf, setBadge, setNotice} from './page.js';
import {openCamera} from './publication.js';
import {Told, unreachableWords} from './words.js';

const CONSTRAINTS = {audio: true, video: {width: 640, height: 360, frameRate: 30}};
const TIMEOUT_MS = 10000;

let connection = null; // of the RoomApi
let room = null; // while we are in one
let publication = null;
const people = new Map(); // by login: {element, display, stage, shown: stream names}

window.Flashphoner ??= window.RoomApi?.sdk; // the room API brings the SDK along

function setBusy(busy, joined) {
  for (const id of ['room', 'login'])
    byId(id).disabled = busy || joined;
  byId('join').disabled = busy;
  byId('join').textContent = joined ? 'Leave' : 'Join';
  byId('join').classList.toggle('stop', joined);
  byId('talk').hidden = !joined;
}

function write(who, words) {
  const line = document.createElement('li'), name = document.createElement('strong');

  name.textContent = who;
  line.append(name, ` ${words}`);
  byId('messages').append(line);
  line.scrollIntoView({block: 'nearest'});
}

// ---- People ----

function tileOf(login) {
  const element = document.createElement('li'), stage = document.createElement('div');
  const display = document.createElement('div'), empty = document.createElement('p');
  const name = document.createElement('strong');

  element.className = 'panel person';
  stage.className = 'stage';
  display.className = 'display';
  empty.className = 'stage-empty';
  empty.textContent = 'No picture yet';
  name.textContent = login;
  stage.append(display, empty);
  element.append(stage, name);
  byId('people').append(element);
  return {element, stage, display, shown: new Set()};
}

function countPeople() {
  setBadge(byId('status'), people.size === 0 ? 'You are alone' :
    countOf(people.size + 1, 'person', 'people'), 'good');
}

function add(participant) {
  if (!people.has(participant.name()))
    people.set(participant.name(), tileOf(participant.name()));
  countPeople();
  play(participant);
}

function remove(login) {
  people.get(login)?.element.remove();
  people.delete(login);
}

/* Whatever of a participant's is not shown yet. */
function play(participant) {
  const tile = people.get(participant.name());
  const {STREAM_STATUS} = window.Flashphoner.constants;

  for (const source of tile ? participant.getStreams() : []) {
    const name = source.streamName();
    if (tile.shown.has(name))
      continue;
    tile.shown.add(name);
    const onEnd = () => {
      tile.shown.delete(name);
      tile.stage.classList.toggle('on', tile.shown.size > 0);
    };
    source.play(tile.display, {unmutePlayOnStart: true})
      .on(STREAM_STATUS.PLAYING, () => tile.stage.classList.add('on'))
      .on(STREAM_STATUS.STOPPED, onEnd)
      .on(STREAM_STATUS.FAILED, onEnd);
  }
}

// ---- We ourselves ----

function publish() {
  const {STREAM_STATUS} = window.Flashphoner.constants;
  const stage = byId('local').parentElement;
  const onEnd = () => {
    publication = null;
    stage.classList.remove('on');
    resetMuteButtons(false);
  };

  publication = room.publish({display: byId('local'), constraints: CONSTRAINTS, record: false,
    receiveVideo: false, receiveAudio: false})
    .on(STREAM_STATUS.PUBLISHING, () => {
      stage.classList.add('on');
      resetMuteButtons(true);
    })
    .on(STREAM_STATUS.UNPUBLISHED, onEnd)
    .on(STREAM_STATUS.FAILED, (stream) => {
      onEnd();
      setNotice(byId('notice'), {title: 'Your camera is not sent.', text: stream.getInfo?.() ?? ''});
    });
}

function onLeft(words = null) {
  room = null;
  for (const login of [...people.keys()])
    remove(login);
  resetMuteButtons(false);
  setBusy(false, false);
  setBadge(byId('status'), 'Not joined', words ? 'bad' : '');
  setNotice(byId('notice'), words);
}

// ---- The room ----

function connect(url, login) {
  const {SESSION_STATUS} = window.Flashphoner.constants;

  return new Promise((resolve, reject) => {
    const opened = window.RoomApi.connect({urlServer: url, username: login, timeout: TIMEOUT_MS,
      receiveProbes: 8, probesInterval: 5000});
    const onEnd = () => {
      reject(new Told(unreachableWords(url)));
      if (connection !== opened)
        return;
      connection = null;
      if (room)
        onLeft({title: 'The connection was lost.', text: 'Join again.'});
    };
    opened.on(SESSION_STATUS.ESTABLISHED, () => resolve(opened))
      .on(SESSION_STATUS.FAILED, onEnd)
      .on(SESSION_STATUS.DISCONNECTED, onEnd);
  });
}

function enter(name) {
  const {STATE, JOINED, LEFT, PUBLISHED, FAILED, MESSAGE} = window.RoomApi.events;
  const joining = connection.join({name});

  joining.on(STATE, (entered) => {
    room = entered;
    setBusy(false, true);
    countPeople();
    entered.getParticipants().forEach(add);
    byId('link').value = new URL(`/conference?room=${encodeURIComponent(name)}`, location.href).href;
    publish();
  }).on(JOINED, (participant) => {
    add(participant);
    write(participant.name(), 'has joined');
  }).on(LEFT, (participant) => {
    remove(participant.name());
    write(participant.name(), 'has left');
    if (room)
      countPeople();
  }).on(PUBLISHED, play)
    .on(MESSAGE, ({from, text}) => write(from.name(), text))
    .on(FAILED, (_room, info) => onLeft({title: 'The room could not be joined.', text: info ?? ''}));
}

async function join() {
  const name = byId('room').value.trim(), login = byId('login').value.trim();

  setBusy(true, false);
  setNotice(byId('notice'), null);
  setBadge(byId('status'), 'Joining…', 'warn');
  try {
    await openCamera(await sdk(), CONSTRAINTS, byId('local'));
    if (connection?.username() !== login) {
      connection?.disconnect();
      connection = null;
    }
    connection ??= await connect(await serverUrl(), login);
    enter(name);
  } catch (error) {
    onLeft(error instanceof Told ? error.words :
      {title: 'The room could not be joined.', text: String(error?.message ?? error)});
  }
}

byId('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!room) {
    join();
    return;
  }
  setBusy(true, true);
  room.leave().then(() => onLeft(), () => onLeft());
});

byId('message-form').addEventListener('submit', (event) => {
  const words = byId('message').value.trim();

  event.preventDefault();
  if (!room || !words)
    return;
  room.getParticipants().forEach((participant) => participant.sendMessage(words));
  write(byId('login').value, words);
  byId('message').value = '';
});

wireMuteButtons(() => publication);
byId('link').addEventListener('focus', ({currentTarget}) => currentTarget.select());
byId('room').value = new URLSearchParams(location.search).get('room') ??
  `room-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
