import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { StoreEvent, WatchBatch } from "./store.ts";

/**
 * The recent batches, shared by every watch. A watch holds no queue, only the revision it has come to: a slow one costs
 * nothing, and when it falls behind the oldest batch kept it is told `compacted`.
 */
export class History {
  /** Consecutive revisions; the first is `#compacted + 1`. */
  readonly #batches: WatchBatch[] = [];
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #compacted: number;
  #closed = false;

  constructor(revision: number, limit: number) {
    this.#compacted = revision;
    this.#limit = limit;
  }

  get revision(): number {
    return this.#compacted + this.#batches.length;
  }

  append(batch: WatchBatch): void {
    this.#batches.push(batch);
    // Cut in strides, so that a full history does not shift its array at every write.
    if (this.#batches.length >= this.#limit * 2) this.compact(this.revision - this.#limit);
    this.#wake();
  }

  compact(revision: number): void {
    const count = Math.min(revision, this.revision) - this.#compacted;
    if (count <= 0) return;
    this.#batches.splice(0, count);
    this.#compacted += count;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let cursor = afterRevision;
    while (!signal.aborted) {
      if (this.#closed) throw new WarrenError("unavailable", "the store is closed");
      if (cursor < this.#compacted) {
        throw new WarrenError(
          "compacted",
          `changes after revision ${cursor} are no longer kept, only those after ${this.#compacted}; read again`,
        );
      }
      const batch = this.#next(prefix, cursor);
      if (batch) {
        cursor = batch.revision;
        yield batch;
        continue;
      }
      // Everything up to here was looked at. A cursor in the future stays there.
      cursor = Math.max(cursor, this.revision);
      await this.#change(signal);
    }
  }

  #next(prefix: string, cursor: number): WatchBatch | undefined {
    for (let i = cursor - this.#compacted; i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      const events = batch.events.filter((event) => keyOf(event).startsWith(prefix));
      if (events.length > 0) return { revision: batch.revision, events };
    }
    return undefined;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** The key an event is about. */
export function keyOf(event: StoreEvent): string {
  return event.type === "put" ? event.entry.key : event.key;
}
