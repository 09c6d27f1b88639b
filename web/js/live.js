// SPDX-License-Identifier: GPL-3.0-or-later
// What is live, to choose from: the list for the operators of the server, the built-in stream for
// everyone. Names come from strangers: textContent only.

import {demoName} from './connection.js';
import {countOf, playerUrl, setBadge} from './page.js';
import {get} from './rest.js';
import {signIn} from './sign-in.js';

const REFRESH_MS = 3000;
const SHOWN_MAX = 50;

const sizeOf = ({width, height}) => width > 0 ? ` ${width}\u00a0×\u00a0${height}` : '';

function describe(stream) {
  const parts = [stream.videoCodec && stream.videoCodec + sizeOf(stream), stream.audioCodec,
    countOf(stream.players, 'player')];

  return stream.kind === undefined ? 'built in' : parts.filter(Boolean).join(', ');
}

export class LiveList {
  #elements;
  #onChoice;
  #shown = false;
  #timer = null;
  #listed = ''; // what the items were made of
  #round = 0; // of asking; an answer that a later one has overtaken is not shown

  /** elements: section, list, count, words, signIn, signInButton; onChoice(name) */
  constructor(elements, onChoice) {
    this.#elements = elements;
    this.#onChoice = onChoice;
    elements.signInButton.addEventListener('click', () => {
      signIn();
      this.#refresh();
    });
    document.addEventListener('visibilitychange', () => {
      if (this.#shown && !document.hidden)
        this.#refresh();
    });
  }

  /** Kept up to date from now on. */
  show() {
    if (this.#shown)
      return;
    this.#shown = true;
    this.#refresh();
  }

  hide() {
    this.#shown = false;
    this.#round++;
    clearTimeout(this.#timer);
    this.#elements.section.hidden = true;
  }

  /* {streams, total, all}; all: it is the whole list, and not what everyone may know. */
  async #ask() {
    const response = await get(`/api/v1/streams?limit=${SHOWN_MAX}`);

    if (response.ok)
      return {...await response.json(), all: true};
    const name = await demoName();
    return {streams: name ? [{name}] : [], total: name ? 1 : 0, all: false,
      canSignIn: response.status === 401};
  }

  async #refresh() {
    const mine = ++this.#round;

    clearTimeout(this.#timer);
    const found = await this.#ask().catch(() => null); // it is asked again
    if (mine !== this.#round)
      return;
    if (found)
      this.#showFound(found);
    else
      this.#elements.section.hidden = true;
    if (!document.hidden && (found?.all ?? true))
      this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
  }

  #showFound({streams, total, all, canSignIn = false}) {
    const {section, list, count, words, signIn: signInLine} = this.#elements;

    section.hidden = total === 0 && !all && !canSignIn;
    setBadge(count, countOf(total, 'stream'), total > 0 ? 'good' : '');
    count.hidden = !all;
    words.hidden = total > 0 && total <= streams.length;
    words.textContent = total > streams.length ? `The first ${streams.length} of them:` :
      all ? 'Nobody is publishing right now. Streams appear here as soon as they are live.' :
        'What is live is for the operators of the server to see.';
    list.hidden = total === 0;
    signInLine.hidden = !canSignIn;
    this.#showItems(list, streams.map((stream) => ({name: stream.name, about: describe(stream)})));
  }

  /* What has not changed stays, or a click would miss it. */
  #showItems(list, items) {
    const listed = JSON.stringify(items);
    const chosen = list.contains(document.activeElement) ? document.activeElement.title : null;

    if (listed === this.#listed)
      return;
    this.#listed = listed;
    list.replaceChildren(...items.map((item) => this.#elementOf(item)));
    for (const link of list.querySelectorAll('a')) {
      if (link.title === chosen)
        link.focus(); // keyboards are not thrown back
    }
  }

  #elementOf({name: streamName, about: aboutText}) {
    const item = document.createElement('li');
    const link = document.createElement('a');
    const name = document.createElement('strong');
    const about = document.createElement('span');

    link.href = playerUrl(streamName);
    link.title = streamName;
    name.textContent = streamName;
    about.textContent = aboutText;
    link.append(name, about);
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey)
        return; // a tab of its own
      event.preventDefault();
      this.#onChoice(streamName);
    });
    item.append(link);
    return item;
  }
}
