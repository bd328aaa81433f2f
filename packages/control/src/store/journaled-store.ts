import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { History } from "./history.ts";
import { KeySpace } from "./key-space.ts";
import type {
  Compare,
  Operation,
  RangeResult,
  Store,
  StoreEntry,
  StoreEvent,
  StoreLease,
  WatchBatch,
} from "./store.ts";

/** The net effect of one write. */
export interface StoreChange {
  readonly revision: number;
  readonly puts: readonly StoreEntry[];
  readonly deletes: readonly string[];
  readonly granted?: StoreLease;
  readonly ended?: number;
}

export interface StoreContent {
  readonly revision: number;
  readonly entries: readonly StoreEntry[];
  readonly leases: readonly StoreLease[];
  /** Greater than every lease id ever granted. */
  readonly nextLease: number;
}

/** Where changes are made durable. */
export interface Journal {
  /** Returns once the change survives a crash; throws `unavailable`, with nothing changed, when it cannot be written. */
  commit(change: StoreChange): void;
  close(): void;
}

export interface JournaledStoreOptions {
  readonly clock: Clock;
  readonly content: StoreContent;
  readonly journal: Journal;
  /** How many revisions a watch may lag behind at least; default 4096. */
  readonly historyLimit?: number;
}

/** How long to wait before a lease whose end could not be written is ended again. */
const RETRY_MS = 1_000;

/**
 * A store whose whole content is in memory, with every change written to a journal before anybody can see it. The
 * cluster state of 5,000 nodes is a few megabytes. Between reading and committing nothing else runs (no `await`), so a
 * transaction needs no lock.
 */
export class JournaledStore implements Store {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #keys = new KeySpace();
  readonly #history: History;
  readonly #leases = new Map<number, Lease>();
  #nextLease: number;
  #closed = false;

  constructor(options: JournaledStoreOptions) {
    const { content } = options;
    this.#clock = options.clock;
    this.#journal = options.journal;
    this.#history = new History(content.revision, options.historyLimit ?? 4096);
    this.#nextLease = content.nextLease;
    for (const lease of content.leases) this.#startLease(lease);
    for (const entry of content.entries) this.#insert(entry);
  }

  async range(prefix: string): Promise<RangeResult> {
    this.#checkOpen();
    return { entries: this.#keys.range(prefix), revision: this.#history.revision };
  }

  async txn(compares: readonly Compare[], operations: readonly Operation[]): Promise<number> {
    this.#checkOpen();
    for (const { key, modRevision } of compares) {
      const found = this.#keys.get(key)?.modRevision ?? 0;
      if (found !== modRevision) {
        throw new WarrenError("conflict", `${key} expected at revision ${modRevision}, found ${found}`);
      }
    }
    for (const operation of operations) {
      if (operation.type === "put" && operation.lease) this.#liveLease(operation.lease);
    }
    this.#write(operations);
    return this.#history.revision;
  }

  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    return this.#history.watch(prefix, afterRevision, signal);
  }

  async grantLease(ttlMs: number): Promise<StoreLease> {
    this.#checkOpen();
    const lease = { id: this.#nextLease, ttlMs };
    this.#journal.commit({ revision: this.#history.revision, puts: [], deletes: [], granted: lease });
    this.#nextLease += 1;
    this.#startLease(lease);
    return lease;
  }

  async renewLease(id: number): Promise<void> {
    this.#checkOpen();
    const lease = this.#liveLease(id);
    lease.cancel();
    this.#startLease(lease);
  }

  async revokeLease(id: number): Promise<void> {
    this.#checkOpen();
    if (this.#leases.has(id)) this.#endLease(id);
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    this.#history.compact(revision);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const lease of this.#leases.values()) lease.cancel();
    this.#history.close();
    this.#journal.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new WarrenError("unavailable", "the store is closed");
  }

  /** Applies operations in order; takes a revision only when something changes. */
  #write(operations: readonly Operation[], ended?: number): void {
    const revision = this.#history.revision + 1;
    const pending = new Map<string, StoreEntry | null>();
    const events: StoreEvent[] = [];
    for (const operation of operations) {
      const { key } = operation;
      const before = pending.has(key) ? pending.get(key)! : (this.#keys.get(key) ?? null);
      if (operation.type === "put") {
        const entry: StoreEntry = {
          key,
          value: operation.value,
          createRevision: before?.createRevision ?? revision,
          modRevision: revision,
          lease: operation.lease ?? 0,
        };
        pending.set(key, entry);
        events.push({ type: "put", entry, revision });
      } else if (before) {
        pending.set(key, null);
        events.push({ type: "delete", key, revision });
      }
    }
    if (events.length === 0 && ended === undefined) return;
    const puts = [...pending.values()].filter((entry) => entry !== null);
    const deletes = [...pending].filter(([, entry]) => entry === null).map(([key]) => key);
    this.#journal.commit({
      revision: events.length > 0 ? revision : this.#history.revision,
      puts,
      deletes,
      ...(ended !== undefined && { ended }),
    });
    for (const entry of puts) this.#insert(entry);
    for (const key of deletes) this.#remove(key);
    if (events.length > 0) this.#history.append({ revision, events });
  }

  #insert(entry: StoreEntry): void {
    this.#remove(entry.key);
    this.#keys.set(entry);
    this.#leases.get(entry.lease)?.keys.add(entry.key);
  }

  #remove(key: string): void {
    const before = this.#keys.get(key);
    if (before) this.#leases.get(before.lease)?.keys.delete(key);
    this.#keys.delete(key);
  }

  #liveLease(id: number): Lease {
    const lease = this.#leases.get(id);
    if (!lease || this.#clock.monotonicMs() >= lease.endsMs) {
      throw new WarrenError("lease-lost", `lease ${id} is over: it was not renewed in time, or was revoked`);
    }
    return lease;
  }

  #startLease({ id, ttlMs }: StoreLease): void {
    const keys = this.#leases.get(id)?.keys ?? new Set<string>();
    const endsMs = this.#clock.monotonicMs() + ttlMs;
    this.#leases.set(id, { id, ttlMs, keys, endsMs, cancel: this.#clock.after(ttlMs, () => this.#expire(id)) });
  }

  #expire(id: number): void {
    try {
      this.#endLease(id);
    } catch {
      // A full disk: nobody can renew the lease any more (`endsMs`), so only its keys wait.
      const lease = this.#leases.get(id);
      if (lease) lease.cancel = this.#clock.after(RETRY_MS, () => this.#expire(id));
    }
  }

  #endLease(id: number): void {
    const lease = this.#leases.get(id)!;
    this.#write(
      [...lease.keys].sort().map((key) => ({ type: "delete", key })),
      id,
    );
    lease.cancel();
    this.#leases.delete(id);
  }
}

interface Lease extends StoreLease {
  readonly keys: Set<string>;
  /** By the monotonic clock. */
  readonly endsMs: number;
  cancel: () => void;
}
