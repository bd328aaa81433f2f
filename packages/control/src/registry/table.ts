import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { StoreEntry } from "../store/store.ts";

export interface Versioned<T> {
  readonly value: T;
  /** Revision of the last change, for a compare. */
  readonly modRevision: number;
}

/** The decoded values of the keys under one prefix, by the rest of the key. */
export class Table<T> {
  readonly prefix: string;
  readonly #rows = new Map<string, Versioned<T>>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get(id: string): T | undefined {
    return this.#rows.get(id)?.value;
  }

  /** 0 when absent: what a compare calls "absent". */
  modRevision(id: string): number {
    return this.#rows.get(id)?.modRevision ?? 0;
  }

  /** All rows by id, without their revisions: a copy. */
  toMap(): Map<string, T> {
    return new Map(this.entries());
  }

  values(): T[] {
    return [...this.#rows.values()].map((row) => row.value);
  }

  ids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  *entries(): IterableIterator<[string, T]> {
    for (const [id, row] of this.#rows) yield [id, row.value];
  }

  get size(): number {
    return this.#rows.size;
  }

  put(entry: StoreEntry): void {
    const id = entry.key.slice(this.prefix.length);
    this.#rows.set(id, { value: decode<T>(entry), modRevision: entry.modRevision });
  }

  delete(key: string): void {
    this.#rows.delete(key.slice(this.prefix.length));
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** A value as the store keeps it. */
export function encode(value: unknown): string {
  return JSON.stringify(value);
}

/** @throws `state-corrupt`: nobody but us writes there */
export function decode<T>(entry: StoreEntry): T {
  try {
    return JSON.parse(entry.value) as T;
  } catch (cause) {
    throw new WarrenError("state-corrupt", `the store's value of ${entry.key} is not JSON; restore a backup`, {
      cause,
    });
  }
}
