// SPDX-License-Identifier: GPL-3.0-or-later
// What every page does with its elements. Text from outside goes in by textContent only.

export const byId = (id) => document.getElementById(id);

/** Text and colour of a status badge; kind is "", "good", "warn" or "bad". */
export function setBadge(badge, text, kind = '') {
  badge.className = `badge ${kind}`.trim();
  badge.textContent = text;
}

/** Shows words ({title, text, href, link}) in a notice; null hides it. */
export function setNotice(notice, words, kind = '') {
  notice.replaceChildren();
  notice.hidden = !words;
  if (!words)
    return;
  notice.className = `notice ${kind}`.trim();
  const title = document.createElement('strong');
  title.textContent = words.title;
  notice.append(title);
  if (words.text)
    notice.append(words.text);
  if (words.href) {
    const link = document.createElement('a');
    link.href = words.href;
    link.textContent = words.link;
    notice.append(' ', link);
  }
}

/** Where a stream can be watched. */
export function playerUrl(name) {
  return new URL(`/player?name=${encodeURIComponent(name)}`, location.href).href;
}

/** Puts a stage into full screen, or out of it. iPhones only do that with the video itself. */
export function toggleFullscreen(stage) {
  const video = stage.querySelector('video');

  if (document.fullscreenElement)
    document.exitFullscreen();
  else if (stage.requestFullscreen)
    stage.requestFullscreen().catch(() => {});
  else if (video?.webkitEnterFullscreen)
    video.webkitEnterFullscreen();
}

/** 1 as "1 file", 2 as "2 files"; many: where it is not that simple. */
export const countOf = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** 1234567 bit/s as "1.2 Mbit/s". */
export function formatRate(bitsPerSecond) {
  if (bitsPerSecond >= 1e6)
    return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** 3 725 000 ms as "1 h 2 min". */
export function formatDuration(ms) {
  const seconds = Math.floor(ms / 1000), minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);

  if (days > 0)
    return `${days} d ${hours % 24} h`;
  if (hours > 0)
    return `${hours} h ${minutes % 60} min`;
  if (minutes > 0)
    return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}
