// SPDX-License-Identifier: GPL-3.0-or-later
// Streams from and to other servers, and the nodes of the cluster, as the server tells operators of
// them.

import {hasEnded, list, post} from './rest.js';

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

/** All pulls and pushes over WebRTC; null if the server does not tell. */
export const listPulls = async () => (await list('pulls')).items;

/** The nodes of the cluster, this one first; none without a cluster, null as above. */
export const listNodes = async () => (await list('nodes')).items;

const ask = (call, {uri, remoteStreamName, localStreamName}) =>
  post(`/rest-api/pull/${call}`, {uri, remoteStreamName, localStreamName});

/** Begins a pull; null, or what the server has against it. */
export async function startPull(pull) {
  const response = await ask('pull', pull);

  if (response.ok)
    return null;
  const body = await response.json().catch(() => null);
  return body?.message || `It answered ${response.status}.`;
}

/** True if it has been ended, or was not there any more. */
export const stopPull = async (pull) => hasEnded(await ask('terminate', pull));
