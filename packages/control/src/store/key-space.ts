import type { StoreEntry } from "./store.ts";

/** Keys in order with their entries: a map for lookup, a sorted array for prefixes. */
export class KeySpace {
  readonly #entries = new Map<string, StoreEntry>();
  readonly #keys: string[] = [];

  get(key: string): StoreEntry | undefined {
    return this.#entries.get(key);
  }

  /** Entries whose key starts with `prefix`, in key order (by UTF-16 code unit). */
  range(prefix: string): StoreEntry[] {
    const found: StoreEntry[] = [];
    for (let i = this.#position(prefix); i < this.#keys.length; i++) {
      const key = this.#keys[i]!;
      if (!key.startsWith(prefix)) break;
      found.push(this.#entries.get(key)!);
    }
    return found;
  }

  set(entry: StoreEntry): void {
    if (!this.#entries.has(entry.key)) this.#keys.splice(this.#position(entry.key), 0, entry.key);
    this.#entries.set(entry.key, entry);
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#keys.splice(this.#position(key), 1);
  }

  /** Index of the first key that is not before `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
