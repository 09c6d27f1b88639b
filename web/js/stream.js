// SPDX-License-Identifier: GPL-3.0-or-later
// What a publication and a playback have in common: one stream of the SDK, from the reader's wish to
// its end.

import {isOpen, sdk} from './connection.js';
import {setBadge, setNotice} from './page.js';
import {StatsLine} from './stats.js';
import {Told, lostWords, nameWords, silentWords, streamWords} from './words.js';

const ANSWER_TIMEOUT_MS = 25000; // the server's own bound on ICE is shorter

/*
 * States: idle -> starting -> publishing or playing -> idle. setState() makes every change and tells
 * onState, which gets the state and, when it ended or failed, the words for it (null: the reader
 * stopped it).
 */
export class Stream {
  #connection;
  #kind;
  #stats;
  #timer = null;
  #stopping = false;

  /**
   * kind: {verb, live, begun, ended, shown, idle, failed}: the SDK's method, our state's name, the
   *   SDK's statuses, what the badge says while it is live and while it is not, a failure's title
   * elements: status, notice, stats, and whatever a kind has besides
   */
  constructor(kind, connection, elements, onState) {
    this.#kind = kind;
    this.#connection = connection;
    this.elements = elements;
    this.#stats = new StatsLine(elements.stats);
    this.onState = onState;
    this.state = 'idle';
    this.stream = null; // the SDK's
  }

  /** prepare: asked with the SDK, gives the options of the SDK's createStream(). */
  async begin(name, prepare) {
    if (this.state !== 'idle')
      return;
    const wrong = nameWords(name);
    if (wrong) {
      this.setState('idle', wrong);
      return;
    }
    this.#stopping = false;
    this.setState('starting');
    try {
      const Flashphoner = await sdk();
      const options = await prepare(Flashphoner);
      const session = await this.#connection.session();
      if (this.#stopping)
        this.setState('idle');
      else
        this.#start(Flashphoner, session, {name, ...options});
    } catch (error) {
      this.setState('idle', error instanceof Told ? error.words :
        {title: this.#kind.failed, text: String(error?.message ?? error)});
    }
  }

  #start({constants: {STREAM_STATUS}}, session, options) {
    const {verb, live, begun, ended} = this.#kind;
    const stream = session.createStream(options);
    const isCurrent = () => this.stream === stream;

    this.stream = stream;
    this.#timer = setTimeout(() => {
      if (!isCurrent())
        return;
      this.#end(silentWords);
      stream.stop(); // as soon as the server has made up its mind
    }, ANSWER_TIMEOUT_MS);
    stream.on(STREAM_STATUS[begun], () => {
      if (!isCurrent())
        return;
      clearTimeout(this.#timer);
      this.#stats.start(stream, verb === 'publish');
      this.setState(live);
    }).on(STREAM_STATUS[ended], () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : streamWords(stream.getInfo()));
    }).on(STREAM_STATUS.FAILED, () => {
      if (isCurrent())
        this.#end(this.#stopping ? null : this.#failure(session, stream));
    });
    stream[verb]();
  }

  /* When the connection goes, the SDK fails the streams first, without a reason. */
  #failure(session, stream) {
    return isOpen(session) ? streamWords(stream.getInfo(), stream.getErrorInfo()) : lostWords();
  }

  #end(words) {
    clearTimeout(this.#timer);
    this.#stats.stop();
    this.stream = null;
    this.setState('idle', words);
  }

  /** A kind shows more of it before. */
  setState(state, words = null) {
    const {status, notice} = this.elements, {shown, idle} = this.#kind;

    this.state = state;
    if (state === 'starting')
      setBadge(status, 'Starting…', 'warn');
    else if (state === 'idle')
      setBadge(status, words ? 'Stopped' : idle, words ? 'bad' : '');
    else
      setBadge(status, shown, 'good');
    setNotice(notice, words);
    this.onState(state, words);
  }

  stop() {
    const stream = this.stream;

    if (this.state === 'idle')
      return;
    this.#stopping = true;
    if (stream) {
      this.#end(null);
      stream.stop();
    }
  }
}
