import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import type {
  ClusterMessage,
  NetmapDelta,
  NetmapUpdate,
  NodeMessage,
  WatchNetmapRequest,
} from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import { keys } from "../registry/keys.ts";
import { clusterMessage, nodeMessage } from "./node-message.ts";

export interface NetmapOptions {
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly tickMs: number;
  /** How many removals are remembered for deltas; default 4096. */
  readonly removalLimit?: number;
}

interface Row {
  readonly message: NodeMessage;
  readonly text: string;
  /** Netmap revision of the last change. */
  readonly changedAt: number;
}

/**
 * What every node must know of the mesh, as rows that carry the revision of their last change. So a delta from any
 * revision is a scan, deltas merge by themselves, and a watcher is nothing but the revision it has: a slow one gets one
 * larger delta later, and holds no memory meanwhile. Everything within one tick is one revision.
 */
export class Netmap implements Startable {
  readonly #options: NetmapOptions;
  readonly #rows = new Map<string, Row>();
  /** The cluster's own settings: a row as well. */
  #cluster: { readonly message: ClusterMessage; readonly text: string; readonly changedAt: number } | null = null;
  /** Removed ids by the revision of their removal, oldest first. */
  readonly #removed = new Map<string, number>();
  /** Ids to look at again at the next tick; null for all. */
  #dirty: Set<string> | null = new Set();
  /**
   * Tells the revisions of this object from those of one before it: what was removed before is not known here, and a
   * store that was set back to a backup gives the same numbers again.
   */
  readonly #generation = randomId(12);
  /** Deltas are complete from here on; before it only a snapshot is. */
  #floor = 0;
  #revision = 0;
  /** Until the next change: all watchers that are new, and all that were up to date, are sent the same object. */
  #lastSnapshot: NetmapUpdate | null = null;
  #lastDelta: { readonly after: number; readonly update: NetmapUpdate } | null = null;
  readonly #waiting = new Set<() => void>();
  #watchers = 0;
  #running = false;
  #cancelTick: (() => void) | null = null;
  #unsubscribe = () => {};

  constructor(options: NetmapOptions) {
    this.#options = options;
  }

  /** The last revision at which anything in the netmap changed. */
  get revision(): number {
    return this.#revision;
  }

  get watchers(): number {
    return this.#watchers;
  }

  async start(): Promise<void> {
    const { view } = this.#options;
    this.#running = true;
    this.#unsubscribe = view.onChange((changed, before) => this.#note(changed, before));
    this.#dirty = null;
    this.#publish();
    this.#revision = Math.max(this.#revision, view.revision);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#unsubscribe();
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#wake();
  }

  /** Every node as the netmap shows it now. */
  nodes(): NodeMessage[] {
    return [...this.#rows.values()].map((row) => row.message);
  }

  /**
   * Updates for one watcher: first a snapshot, or a delta (perhaps empty) when the revision it has can be continued;
   * then deltas. Ends without an error when `signal` aborts.
   * @param check called before each update; throws to end the watch (`node-revoked`)
   * @throws `unavailable` when the control plane stops
   */
  async *watch(request: WatchNetmapRequest, signal: AbortSignal, check: () => void): AsyncGenerator<NetmapUpdate> {
    this.#watchers += 1;
    try {
      // Who has just registered is in its own first update.
      while (this.#cancelTick && !signal.aborted) await this.#change(signal);
      if (signal.aborted) return;
      for (let cursor = request.generation === this.#generation ? request.after_revision : 0; ; ) {
        check();
        const update = this.#since(cursor);
        yield update;
        cursor = update.revision;
        while (this.#revision <= cursor) {
          await this.#change(signal);
          if (signal.aborted) return;
          if (!this.#running) throw new WarrenError("unavailable", "the control plane is stopping");
          check();
        }
      }
    } finally {
      this.#watchers -= 1;
    }
  }

  #since(revision: number): NetmapUpdate {
    const numbers = { revision: this.#revision, generation: this.#generation };
    if (revision === 0 || revision < this.#floor || revision > this.#revision) {
      this.#lastSnapshot ??= {
        ...numbers,
        snapshot: { cluster: this.#cluster!.message, nodes: this.nodes() },
      };
      return this.#lastSnapshot;
    }
    if (this.#lastDelta?.after !== revision) {
      this.#lastDelta = { after: revision, update: { ...numbers, delta: this.#delta(revision) } };
    }
    return this.#lastDelta.update;
  }

  #delta(revision: number): NetmapDelta {
    const changed: NodeMessage[] = [];
    for (const row of this.#rows.values()) if (row.changedAt > revision) changed.push(row.message);
    const removed: string[] = [];
    for (const [id, at] of this.#removed) if (at > revision) removed.push(id);
    const cluster = this.#cluster!.changedAt > revision ? this.#cluster!.message : null;
    return { cluster, changed, removed_ids: removed };
  }

  #note(changed: readonly string[] | null, formerHolders: readonly string[]): void {
    const { view } = this.#options;
    if (changed === null) this.#dirty = null;
    for (const id of formerHolders) this.#dirty?.add(id);
    for (const key of changed ?? []) {
      if (key.startsWith(view.nodes.prefix)) this.#dirty?.add(key.slice(view.nodes.prefix.length));
      if (key.startsWith(view.heard.prefix)) this.#dirty?.add(key.slice(view.heard.prefix.length));
      if (!key.startsWith(view.leases.prefix)) continue;
      const holder = view.leases.get(key.slice(view.leases.prefix.length))?.nodeId;
      if (holder) this.#dirty?.add(holder);
    }
    const ofCluster = changed?.some((key) => key === keys.cluster || key.startsWith(view.pairCiphers.prefix));
    if (this.#dirty?.size === 0 && !ofCluster) return;
    this.#cancelTick ??= this.#options.clock.after(this.#options.tickMs, () => {
      this.#cancelTick = null;
      this.#publish();
    });
  }

  /** Brings the rows up to date. The revision moves only when a row really changed. */
  #publish(): void {
    const { view } = this.#options;
    const ids = this.#dirty ?? new Set([...this.#rows.keys(), ...view.nodes.ids()]);
    this.#dirty = new Set();
    const at = view.revision;
    let changes = this.#publishCluster(at) ? 1 : 0;
    for (const id of ids) {
      const message = nodeMessage(view, id);
      const text = JSON.stringify(message);
      if (text === (this.#rows.get(id)?.text ?? "null")) continue;
      changes += 1;
      this.#removed.delete(id);
      if (message) this.#rows.set(id, { message, text, changedAt: at });
      else {
        this.#rows.delete(id);
        this.#removed.set(id, at);
      }
    }
    if (changes > 0) {
      this.#revision = at;
      this.#lastSnapshot = null;
      this.#lastDelta = null;
      this.#forgetRemovals();
    }
    this.#wake();
  }

  /** @returns whether the cluster's settings changed */
  #publishCluster(at: number): boolean {
    const message = clusterMessage(this.#options.view);
    const text = JSON.stringify(message);
    if (text === this.#cluster?.text) return false;
    this.#cluster = { message, text, changedAt: at };
    return true;
  }

  #forgetRemovals(): void {
    const limit = this.#options.removalLimit ?? 4096;
    for (const [id, at] of this.#removed) {
      if (this.#removed.size <= limit) return;
      this.#removed.delete(id);
      // Who has an older revision would miss this removal.
      this.#floor = Math.max(this.#floor, at);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted || !this.#running) return resolve();
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
