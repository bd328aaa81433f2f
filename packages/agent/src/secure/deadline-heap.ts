/** What waits in a heap. Both fields are the heap's while it does. */
export interface Waiting {
  dueMs: number;
  /** Place in the heap; -1 outside. */
  heapIndex: number;
}

/**
 * Which peer's timers run out first: a binary heap that knows where each of its members stands, so that a deadline that
 * moves costs O(log n) and leaves nothing behind. A mesh of thousands is not walked through for one peer's keepalive.
 */
export class DeadlineHeap<T extends Waiting> {
  readonly #items: T[] = [];

  /** The moment of the first deadline; Infinity when nothing waits. */
  get nextMs(): number {
    return this.#items[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** The member that is due first, if it is due by now. It stays; `set` or `remove` moves it on. */
  first(nowMs: number): T | null {
    const item = this.#items[0];
    return item !== undefined && item.dueMs <= nowMs ? item : null;
  }

  /** The member is due then, whether it waited before or not. Infinity takes it out. */
  set(item: T, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      this.remove(item);
      return;
    }
    const sooner = dueMs < item.dueMs;
    item.dueMs = dueMs;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
      this.#up(item);
    } else if (sooner) this.#up(item);
    else this.#down(item);
  }

  remove(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#place(last, at);
    this.#up(last);
    this.#down(last);
  }

  #up(item: T): void {
    for (;;) {
      const at = item.heapIndex;
      const parent = this.#items[(at - 1) >> 1];
      if (at === 0 || parent === undefined || parent.dueMs <= item.dueMs) return;
      this.#place(parent, at);
      this.#place(item, (at - 1) >> 1);
    }
  }

  #down(item: T): void {
    for (;;) {
      const at = item.heapIndex;
      const left = this.#items[2 * at + 1];
      const right = this.#items[2 * at + 2];
      const child = right !== undefined && right.dueMs < left!.dueMs ? right : left;
      if (child === undefined || child.dueMs >= item.dueMs) return;
      const below = child.heapIndex;
      this.#place(child, at);
      this.#place(item, below);
    }
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
