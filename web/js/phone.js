// SPDX-License-Identifier: GPL-3.0-or-later
// The telephone page: an account at a SIP server, one call at a time, and texts.

import {Connection, secureUrl} from './connection.js';
import {byId, setBadge, setNotice} from './page.js';
import {showTexts} from './texts.js';
import {Told, insecureWords, lostWords} from './words.js';

const AUDIO = {audio: true, video: false};

let account = 'away'; // or 'registering', 'ready'
let leaving = false; // the session is to end
let farewell = null; // words: why
let call = null; // the one there is
let status = ''; // of it, as the SDK names it
let incoming = false; // and not yet answered
let changing = false; // a hold that has not been answered

const connection = new Connection(undefined, {options: () => ({sipOptions: sipOptions()}), onEnd});

// ---- The account ----

function sipOptions() {
  const value = (id) => byId(id).value.trim();

  return {login: value('login'), authenticationName: value('login'), password: byId('password').value,
    domain: value('domain') || value('proxy'), outboundProxy: value('proxy'),
    port: Number(value('port')), visibleName: value('visible-name') || value('login'),
    registerRequired: true};
}

function setAccount(state, words = null) {
  const badge = {away: ['Not registered', words ? 'bad' : ''], registering: ['Registering…', 'warn'],
    ready: ['Registered', 'good']}[state];
  const button = byId('register');

  account = state;
  setBadge(byId('account-status'), ...badge);
  setNotice(byId('account-notice'), words);
  button.disabled = false;
  button.textContent = state === 'away' ? 'Register' : 'Leave';
  button.classList.toggle('stop', state !== 'away');
  for (const input of byId('account-form').querySelectorAll('input'))
    input.disabled = state !== 'away';
  showTexts(state === 'ready');
  showCall();
}

function registrationWords(info) {
  const reasons = {
    AUTHENTICATION_FAIL: 'Login or password is wrong.',
    WRONG_SIPPROVIDER_ADDRESS: 'There is no such SIP server, or this server may not connect to it.',
    REGISTER_EXPIRE: 'The SIP server does not answer.',
  };

  return {title: 'The account could not be registered.', text: reasons[info] ?? info ?? ''};
}

async function register() {
  leaving = false;
  setAccount('registering');
  try {
    const session = await connection.session();
    const {SESSION_STATUS} = window.Flashphoner.constants;

    session.on(SESSION_STATUS.REGISTERED, () => setAccount('ready'))
      .on(SESSION_STATUS.INCOMING_CALL, onIncoming)
      .on(SESSION_STATUS.WARN, (warning) => {
        if (warning?.apiMethod === 'RegistrationStatusEvent')
          leave(registrationWords(warning.info));
      });
    if (leaving)
      connection.close();
  } catch (error) {
    setAccount('away', error instanceof Told ? error.words :
      {title: 'The account could not be registered.', text: String(error?.message ?? error)});
  }
}

/* onEnd() follows. */
function leave(words = null) {
  leaving = true;
  farewell = words;
  byId('register').disabled = true;
  connection.close();
}

function onEnd() {
  endCall('No call', '');
  setAccount('away', leaving ? farewell : lostWords());
}

// ---- The call ----

const BADGES = {
  NEW: ['Calling…', 'warn'], PENDING: ['Calling…', 'warn'], TRYING: ['Calling…', 'warn'],
  RING: ['Ringing', 'warn'], SESSION_PROGRESS: ['Ringing', 'warn'],
  ESTABLISHED: ['Talking', 'good'], HOLD: ['On hold', 'warn'],
};

function showCall() {
  const established = status === 'ESTABLISHED' || status === 'HOLD';

  if (call)
    setBadge(byId('call-status'), ...BADGES[status] ?? BADGES.NEW);
  byId('dial').disabled = account !== 'ready' || call !== null;
  byId('dial').hidden = call !== null;
  byId('callee').disabled = call !== null;
  byId('answer').hidden = !incoming;
  byId('hangup').hidden = call === null;
  byId('hangup').disabled = status === 'NEW' || status === 'PENDING'; // the SDK would not tell the server
  byId('hold').disabled = !established || changing;
  byId('hold').setAttribute('aria-pressed', String(status === 'HOLD'));
  byId('hold').textContent = status === 'HOLD' ? 'Resume' : 'Hold';
  byId('mute').disabled = !established;
  for (const key of byId('keypad').children)
    key.disabled = !established;
}

function setMuted(muted) {
  byId('mute').setAttribute('aria-pressed', String(muted));
  byId('mute').textContent = muted ? 'Unmute microphone' : 'Mute microphone';
}

function endCall(text, kind, words = null) {
  if (call) {
    setBadge(byId('call-status'), text, kind);
    setNotice(byId('call-notice'), words);
  }
  call = null;
  status = '';
  incoming = false;
  byId('caller').textContent = '';
  setMuted(false);
  showCall();
}

/* Its events, from now on. */
function watch(one) {
  const {CALL_STATUS} = window.Flashphoner.constants;

  call = one;
  status = one.status();
  changing = false;
  byId('digits').textContent = '';
  setNotice(byId('call-notice'), null);
  for (const name of Object.keys(BADGES)) {
    one.on(CALL_STATUS[name] ?? name, () => {
      if (call !== one)
        return;
      status = name;
      incoming &&= name === 'RING';
      changing = false;
      showCall();
    });
  }
  const end = (name, ...how) => one.on(CALL_STATUS[name], () => call === one && endCall(...how));
  end('FINISH', 'Call ended', '');
  end('BUSY', 'Busy', 'warn');
  end('FAILED', 'Failed', 'bad', {title: 'The call failed.',
    text: 'The number may not exist or not be reached, or the microphone was not given.'});
  showCall();
}

function onIncoming(one) {
  if (call) {
    // The SDK tells the server only of a call that rings.
    one.on(window.Flashphoner.constants.CALL_STATUS.RING, () => one.hangup());
    return;
  }
  watch(one);
  incoming = true;
  byId('caller').textContent = `${one.visibleName() || one.caller()} is calling`;
  showCall();
  byId('answer').focus();
}

const displays = () => ({localVideoDisplay: byId('local'), remoteVideoDisplay: byId('remote'),
  constraints: AUDIO});

/* True: the browser would give a microphone. */
async function canSpeak() {
  if (navigator.mediaDevices)
    return true;
  setNotice(byId('call-notice'), insecureWords(await secureUrl()));
  return false;
}

async function dial() {
  if (!await canSpeak() || call)
    return;
  const session = await connection.session();
  const one = session.createCall({callee: byId('callee').value.trim(),
    visibleName: byId('visible-name').value.trim() || byId('login').value.trim(), ...displays()});

  watch(one);
  one.call();
}

// ---- What the reader does ----

byId('account-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (account === 'away')
    register();
  else
    leave();
});
byId('call-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (account === 'ready' && !call)
    dial();
});
byId('answer').addEventListener('click', async () => {
  if (!await canSpeak() || !incoming)
    return;
  incoming = false;
  showCall();
  call.answer(displays());
});
byId('hangup').addEventListener('click', () => call?.hangup());
byId('hold').addEventListener('click', () => {
  changing = true;
  if (status === 'HOLD')
    call.unhold();
  else
    call.hold();
  showCall();
});
byId('mute').addEventListener('click', () => {
  const muted = !call.isAudioMuted();

  if (muted)
    call.muteAudio();
  else
    call.unmuteAudio();
  setMuted(muted);
});
byId('keypad').addEventListener('click', (event) => {
  const digit = event.target.dataset.digit;

  if (!digit || !call)
    return;
  call.sendDTMF(digit, 'INFO_RELAY');
  byId('digits').textContent += digit;
});
addEventListener('pagehide', () => connection.close());

setAccount('away');
