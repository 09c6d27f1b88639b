// SPDX-License-Identifier: GPL-3.0-or-later
// The sizes a stream can be watched in: as it is published, and smaller ones that the server makes.

const SHORT_SIDES = [1080, 720, 480, 360, 240, 144];

const even = (pixels) => 2 * Math.floor(pixels / 2); // as the server rounds

/** The smaller sizes of the same shape, largest first: [{width, height, wish}]. wish is what to ask
 * for: the short side, the other one follows. */
export function smallerSizes({width, height}) {
  const short = Math.min(width, height);
  const name = height === short ? 'height' : 'width';

  return SHORT_SIDES.filter((side) => side < short).map((side) => ({wish: {[name]: side},
    width: even(width * side / short), height: even(height * side / short)}));
}

const words = ({width, height}) => `${width}\u00a0×\u00a0${height}`;

/** A select of sizes. What is chosen is the wish for a size, or null: as published. */
export class SizeChoice {
  #select;
  #published = null; // its size, as far as it is known
  #sizes = [];

  /** onChoice(): the reader has chosen another one */
  constructor(select, onChoice) {
    this.#select = select;
    select.addEventListener('change', onChoice);
  }

  get chosen() {
    return this.#sizes[this.#select.selectedIndex - 1]?.wish ?? null;
  }

  set disabled(disabled) {
    this.#select.disabled = disabled;
  }

  /** Another stream, of which nothing is known yet. */
  forget() {
    this.#published = null;
    this.#show([], null);
  }

  /** As published, though the sizes stay. */
  reset() {
    this.#select.selectedIndex = 0;
  }

  /** The picture of the stream as it is published has this size now. */
  note(published) {
    if (published.width === this.#published?.width && published.height === this.#published?.height)
      return;
    this.#published = published;
    this.#show(smallerSizes(published), published);
  }

  #show(sizes, published) {
    const options = sizes.map((size) => new Option(words(size)));

    this.#sizes = sizes;
    this.#select.replaceChildren(
      new Option(published ? `As published (${words(published)})` : 'As published'), ...options);
  }
}
