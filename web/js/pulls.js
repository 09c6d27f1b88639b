// SPDX-License-Identifier: GPL-3.0-or-later
// Streams from and to other servers, and the nodes of the cluster, as the server tells operators of
// them.

const LIST_MAX = 5000;

const STATES = new Map([
  ['NEW', ['Connecting', 'warn']],
  ['CONNECTED', ['Waiting', 'warn']],
  ['PROCESSED_REMOTE', ['Live', 'good']],
  ['STOPPED', ['Stopped', '']],
  ['FAILED', ['Failed', 'bad']],
]);

/** [text, kind] of a badge. */
export function pullBadge(status) {
  return STATES.get(status) ?? [status, ''];
}

/** HOST[:PORT] of a ws:// or wss:// URL, as it stands there: its scheme has no port of its own. */
export function hostOf(uri) {
  return /^wss?:\/\/([^/?]+)/i.exec(uri)?.[1] ?? uri;
}

/* null if the server does not tell. */
async function list(name, credentials) {
  const response = await fetch(`/api/v1/${name}?limit=${LIST_MAX}`, {cache: 'no-store', credentials});

  return response.ok ? (await response.json())[name] : null;
}

/** All pulls and pushes over WebRTC; null if the server does not tell. */
export const listPulls = (credentials = 'omit') => list('pulls', credentials);

/** The nodes of the cluster, this one first; none without a cluster, null as above. */
export const listNodes = (credentials = 'omit') => list('nodes', credentials);

function post(call, {uri, remoteStreamName, localStreamName}, credentials) {
  return fetch(`/rest-api/pull/${call}`, {method: 'POST', cache: 'no-store', credentials,
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({uri, remoteStreamName, localStreamName})});
}

/** Begins a pull; null, or what the server has against it. */
export async function startPull(pull, credentials = 'omit') {
  const response = await post('pull', pull, credentials);

  if (response.ok)
    return null;
  const body = await response.json().catch(() => null);
  return body?.message || `It answered ${response.status}.`;
}

/** True if it has been ended, or was not there any more. */
export async function stopPull(pull, credentials = 'omit') {
  const response = await post('terminate', pull, credentials);

  return response.ok || response.status === 404;
}
