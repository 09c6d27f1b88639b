// SPDX-License-Identifier: GPL-3.0-or-later
// Texts of the telephone page. The SDK has no word for them, but its socket has: what it sends is
// sent there, and what the SDK leaves aside of what comes is read.

import {byId} from './page.js';

const KEPT = 200; // lines on the page

let socket = null; // the SDK's
const sent = new Map(); // by id: its line's state

class Watched extends window.WebSocket {
  constructor(...how) {
    super(...how);
    socket = this;
    this.addEventListener('message', onMessage);
  }
}
window.WebSocket = Watched;

function say(message, object) {
  socket.send(JSON.stringify({message, data: [object]}));
}

// ---- Lines ----

/* Texts from outside go in by textContent only. */
function addLine(who, text, kind) {
  const line = document.createElement('li');
  const name = document.createElement('span'), words = document.createElement('p');
  const state = document.createElement('span');

  line.className = kind;
  name.className = 'soft';
  name.textContent = who;
  words.textContent = text;
  state.className = 'soft';
  line.append(name, words, state);
  const list = byId('texts');
  list.append(line);
  while (list.childElementCount > KEPT)
    list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
  byId('no-texts').hidden = true;
  return state;
}

const STATES = {ACCEPTED: 'Sent', IMDN_DELIVERED: 'Delivered', IMDN_FAILED: 'Not delivered'};

function failedWords(info) {
  const reasons = {USER_NOT_AVAILABLE: 'nobody is there', AUTHENTICATION_FAIL: 'not allowed'};

  return `Failed: ${reasons[info] ?? info ?? 'no reason given'}`;
}

function showState({id, status, info}) {
  const state = sent.get(id);

  if (!state)
    return;
  state.textContent = status === 'FAILED' ? failedWords(info) : STATES[status] ?? state.textContent;
  state.className = status === 'FAILED' || status === 'IMDN_FAILED' ? 'bad' : 'soft';
  if (status === 'FAILED' || status.startsWith('IMDN'))
    sent.delete(id);
}

// ---- What comes ----

function onMessage(event) {
  if (typeof event.data !== 'string' || !event.data.includes('"notifyMessage"'))
    return;
  const {message, data} = JSON.parse(event.data);

  if (message !== 'notifyMessage')
    return;
  const [text, result] = data;
  if (text.status !== 'RECEIVED') {
    showState(text);
    return;
  }
  if (text.contentType === 'text/plain' || text.contentType === 'message/cpim')
    addLine(text.from, text.body, 'theirs');
  if (text.isImdnRequired)
    say('notificationResult', {...result, status: 'OK'});
}

// ---- What the reader does ----

/** Texts can be written, or not. */
export function showTexts(ready) {
  for (const field of byId('text-form').elements)
    field.disabled = !ready;
}

byId('text-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const to = byId('text-to').value.trim(), body = byId('text').value;
  const asks = byId('text-notice').checked;
  const id = `${Date.now()}-${Math.random().toString(36).slice(2)}`;

  if (!to || !body.trim() || socket?.readyState !== WebSocket.OPEN)
    return;
  const state = addLine(`To ${to}`, body, 'ours');
  state.textContent = 'Sending…';
  sent.set(id, state);
  if (sent.size > KEPT)
    sent.delete(sent.keys().next().value);
  say('sendMessage', {id, from: '', to, body, contentType: asks ? 'message/cpim' : 'text/plain',
    isImdnRequired: asks, recipients: ''});
  byId('text').value = '';
  byId('text').focus();
});
