import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { keyOf } from "../store/history.ts";
import type { Store, StoreEntry, WatchBatch } from "../store/store.ts";
import {
  type ClusterRecord,
  type HeardRecord,
  keys,
  type LeaseRecord,
  type NodeRecord,
  type PairCipherRecord,
  type ReservationRecord,
  type RevokedRecord,
  type TokenRecord,
} from "./keys.ts";
import { Table } from "./table.ts";

/** Told after every change, with the keys that changed; null when all may have (the view was read anew). */
export type ViewListener = (changed: readonly string[] | null, before: LeaseHolders) => void;

/** Holders of the changed leases as they were before the change. */
export type LeaseHolders = readonly string[];

/**
 * The store's content, decoded, kept up to date by one watch. Everything in the control plane reads here; a write says
 * which revisions it read (see `transactor.ts`), so an old view costs a retry and never a wrong decision.
 */
export class ClusterView {
  readonly nodes = new Table<NodeRecord>(keys.node(""));
  readonly heard = new Table<HeardRecord>(keys.heard(""));
  readonly names = new Table<string>(keys.name(""));
  readonly underlays = new Table<string>(keys.underlay(""));
  readonly sealingKeys = new Table<string>(keys.sealingKey(""));
  readonly pairCiphers = new Table<PairCipherRecord>(keys.pairCipher(""));
  readonly leases = new Table<LeaseRecord>(keys.lease(""));
  readonly reservations = new Table<ReservationRecord>(keys.reservation(""));
  readonly tokens = new Table<TokenRecord>(keys.token(""));
  readonly revoked = new Table<RevokedRecord>(keys.revoked(""));
  readonly singles = new Table<unknown>("");
  readonly #tables: readonly Table<unknown>[] = [
    this.nodes,
    this.heard,
    this.names,
    this.underlays,
    this.sealingKeys,
    this.pairCiphers,
    this.leases,
    this.reservations,
    this.tokens,
    this.revoked,
  ];
  readonly #store: Store;
  /** CIDRs by holder. */
  readonly #held = new Map<string, Set<string>>();
  readonly #listeners = new Set<ViewListener>();
  readonly #waiting = new Set<{ readonly revision: number; readonly settle: (error?: Error) => void }>();
  #revision = 0;
  /** Why the view follows no more. */
  #failure: Error | undefined;
  #stop: AbortController | undefined;
  #following: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  get revision(): number {
    return this.#revision;
  }

  /** What the cluster was made with. Absent only before it was made. */
  get cluster(): ClusterRecord {
    return this.singles.get(keys.cluster) as ClusterRecord;
  }

  /** The leases of a node, in the order of their CIDRs' text. */
  leasesOf(nodeId: string): LeaseRecord[] {
    return [...(this.#held.get(nodeId) ?? [])].sort().map((cidr) => this.leases.get(cidr)!);
  }

  onChange(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads everything, then follows. */
  async start(): Promise<void> {
    this.#stop = new AbortController();
    await this.#read();
    this.#following = this.#follow(this.#stop.signal).catch((error: Error) => this.#fail(error));
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#following;
    this.#fail(new WarrenError("unavailable", "the control plane is stopping"));
  }

  /** Resolves when the view shows `revision`; rejects when it follows the store no more. */
  reached(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting = {
        revision,
        settle: (error?: Error) => {
          this.#waiting.delete(waiting);
          if (error) reject(error);
          else resolve();
        },
      };
      this.#waiting.add(waiting);
      if (this.#failure) waiting.settle(this.#failure);
    });
  }

  /** Resolves when the view shows at least what the store holds now. */
  async catchUp(): Promise<void> {
    await this.reached((await this.#store.range(keys.cluster)).revision);
  }

  async #read(): Promise<void> {
    const { entries, revision } = await this.#store.range("");
    for (const table of [...this.#tables, this.singles]) table.clear();
    this.#held.clear();
    for (const entry of entries) this.#put(entry);
    this.#advance(revision, null, []);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch("", this.#revision, signal)) this.#apply(batch);
      } catch (error) {
        if (WarrenError.from(error).code !== "compacted") throw error;
        // Too slow: the same road as the start.
        await this.#read();
      }
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of [...this.#waiting]) waiting.settle(error);
  }

  #apply(batch: WatchBatch): void {
    const changed = batch.events.map(keyOf);
    const before = changed
      .filter((key) => key.startsWith(this.leases.prefix))
      .map((key) => this.leases.get(key.slice(this.leases.prefix.length))?.nodeId)
      .filter((id) => typeof id === "string");
    for (const event of batch.events) {
      if (event.type === "put") this.#put(event.entry);
      else this.#delete(event.key);
    }
    this.#advance(batch.revision, changed, before);
  }

  #put(entry: StoreEntry): void {
    const table = this.#tableOf(entry.key);
    if (table === this.leases) this.#unhold(entry.key);
    table.put(entry);
    if (table !== this.leases) return;
    const { cidr, nodeId } = this.leases.get(entry.key.slice(this.leases.prefix.length))!;
    if (nodeId === null) return;
    const held = this.#held.get(nodeId) ?? new Set<string>();
    this.#held.set(nodeId, held.add(cidr));
  }

  #delete(key: string): void {
    if (this.#tableOf(key) === this.leases) this.#unhold(key);
    this.#tableOf(key).delete(key);
  }

  #unhold(key: string): void {
    const old = this.leases.get(key.slice(this.leases.prefix.length));
    if (!old?.nodeId) return;
    const held = this.#held.get(old.nodeId);
    held?.delete(old.cidr);
    if (held?.size === 0) this.#held.delete(old.nodeId);
  }

  #tableOf(key: string): Table<unknown> {
    return this.#tables.find((table) => key.startsWith(table.prefix)) ?? this.singles;
  }

  #advance(revision: number, changed: readonly string[] | null, before: LeaseHolders): void {
    this.#revision = revision;
    for (const listener of this.#listeners) listener(changed, before);
    for (const waiting of [...this.#waiting]) if (waiting.revision <= revision) waiting.settle();
  }
}
