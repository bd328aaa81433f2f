/**
 * Who owns which of our 32-bit indices: those of initiations in flight and of sessions. They are drawn at random, so that
 * nobody who does not see our messages can name one (paper §5.4.2), and none has two owners. It holds at most four for
 * each peer, whatever comes in: three sessions and an initiation.
 */
export class IndexTable<Owner> {
  readonly #owners = new Map<number, Owner>();
  readonly #random: (bytes: number) => Uint8Array;

  constructor(random: (bytes: number) => Uint8Array) {
    this.#random = random;
  }

  get size(): number {
    return this.#owners.size;
  }

  /** An index that has no owner yet. */
  take(owner: Owner): number {
    for (;;) {
      const [a, b, c, d] = this.#random(4);
      const index = (a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0;
      if (this.#owners.has(index)) continue;
      this.#owners.set(index, owner);
      return index;
    }
  }

  owner(index: number): Owner | undefined {
    return this.#owners.get(index);
  }

  release(index: number): void {
    this.#owners.delete(index);
  }
}
