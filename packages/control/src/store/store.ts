/**
 * The store seam: an ordered map from text keys to text values with one global, monotonic revision. Every write
 * transaction that changes something takes the next revision; all its events carry it.
 *
 * The only errors an implementation may surface are `conflict`, `compacted`, `unavailable` and `lease-lost`.
 * `testing/store-contract.ts` is the suite every implementation passes, error codes included.
 */

/** One key as it was at some revision. */
export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  /** Revision that made the key (since it was last absent). */
  readonly createRevision: number;
  /** Revision of the last change of the key. */
  readonly modRevision: number;
  /** The lease the key is bound to; 0 when none. */
  readonly lease: number;
}

export interface RangeResult {
  /** In key order. */
  readonly entries: readonly StoreEntry[];
  /** Revision of the store at the moment of the read. */
  readonly revision: number;
}

/** What must hold for a transaction to be applied. `modRevision: 0` means the key is absent. */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: string; readonly lease?: number }
  | { readonly type: "delete"; readonly key: string };

export type StoreEvent =
  | { readonly type: "put"; readonly entry: StoreEntry; readonly revision: number }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

/** All events of one revision, in the order of the transaction's operations. */
export interface WatchBatch {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

export interface StoreLease {
  readonly id: number;
  readonly ttlMs: number;
}

export interface Store {
  /** Every key that starts with `prefix` (the empty prefix: all), read at one revision. */
  range(prefix: string): Promise<RangeResult>;
  /**
   * Applies all operations or none. Throws `conflict` when a compare does not hold, `lease-lost` when a put names a
   * lease that is over.
   * @returns the revision of the store after it
   */
  txn(compares: readonly Compare[], operations: readonly Operation[]): Promise<number>;
  /**
   * Every change of keys under `prefix` with a revision greater than `afterRevision`, in order, each once. Throws
   * `compacted` when those are no longer kept. Ends, without an error, when `signal` aborts.
   */
  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch>;
  /** A lease; its keys are deleted when it is not renewed within `ttlMs`. */
  grantLease(ttlMs: number): Promise<StoreLease>;
  /** Starts the lease's time anew. Throws `lease-lost` when it is over. */
  renewLease(id: number): Promise<void>;
  /** Ends the lease and deletes its keys. No error when it is over already. */
  revokeLease(id: number): Promise<void>;
  /** Forgets the history up to and including `revision`. */
  compact(revision: number): Promise<void>;
  close(): Promise<void>;
}
