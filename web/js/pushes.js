// SPDX-License-Identifier: GPL-3.0-or-later
// Pushes to RTMP servers, as the server tells operators of them.

const LIST_MAX = 5000;

const STATES = new Map([
  ['WAITING', ['Waiting', 'warn']],
  ['CONNECTING', ['Connecting', 'warn']],
  ['PUBLISHING', ['Publishing', 'good']],
  ['RETRYING', ['Trying again', 'warn']],
]);

/** [text, kind] of a badge. */
export function pushBadge(state) {
  return STATES.get(state) ?? [state, ''];
}

/** {status, pushes}: all of them; pushes is null if the server does not tell. */
export async function listPushes(credentials = 'omit') {
  const response = await fetch(`/api/v1/pushes?limit=${LIST_MAX}`, {cache: 'no-store', credentials});

  return {status: response.status, pushes: response.ok ? (await response.json()).pushes : null};
}

function post(call, body, credentials) {
  return fetch(`/rest-api/push/${call}`, {method: 'POST', cache: 'no-store', credentials,
    headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
}

/** The name that a stream is published by on the other server; null if the push has gone. */
export async function publishedName(stream, mediaSessionId, credentials = 'omit') {
  const response = await post('find', {streamName: stream}, credentials);
  const found = response.ok ? await response.json() : [];

  return found.find((push) => push.mediaSessionId === mediaSessionId)?.streamName ?? null;
}

/** True if it has been ended, or was not there any more. */
export async function stopPush(mediaSessionId, credentials = 'omit') {
  const response = await post('terminate', {mediaSessionId}, credentials);

  return response.ok || response.status === 404;
}
