import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import type { Logger } from "pino";
import type { ClusterView } from "./cluster-view.ts";
import type { Timing } from "./timing.ts";
import type { Draft, Transactor } from "./transactor.ts";

/** Nodes that fall silent together are marked together; a write that failed is tried again after this. */
const LEAST_DELAY_MS = 1_000;

export interface LivenessOptions {
  readonly view: ClusterView;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly logger: Logger;
}

/**
 * Who was heard of, and when. Two clocks hang on it: liveness (a node is shown as down) and retention (its addresses may
 * go to others). Both run on time that never goes back, so a step of the wall clock takes nobody's address away; the
 * wall clock only bridges a restart of the control plane. A heartbeat writes nothing to the store.
 */
export class Liveness implements Startable {
  readonly #options: LivenessOptions;
  /** By the monotonic clock. */
  readonly #heardAt = new Map<string, number>();
  #startedAt = 0;
  #stopped = true;
  #armed = false;
  #cancel = () => {};
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { view, clock } = this.#options;
    this.#startedAt = clock.monotonicMs();
    for (const [id, heard] of view.heard.entries()) {
      // Who was ready when the last control plane ended is taken as heard now; who was down keeps its age.
      const ageMs = heard.state === "ready" ? 0 : Math.max(0, clock.nowMs() - heard.lastSeenMs);
      this.#heardAt.set(id, this.#startedAt - ageMs);
    }
    this.#stopped = false;
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#sweeping;
  }

  /** Notes a sign of life; the caller writes the record when the node was not ready (`markReady`). */
  heard(nodeId: string): void {
    this.#heardAt.set(nodeId, this.#options.clock.monotonicMs());
    this.#arm();
  }

  /** Makes the node ready in the caller's transaction, if it is not. */
  markReady(draft: Draft, nodeId: string): void {
    const { view, clock } = this.#options;
    if (draft.read(view.heard, nodeId)?.state === "ready") return;
    draft.put(view.heard, nodeId, { state: "ready", lastSeenMs: clock.nowMs() });
  }

  /** Makes the node down in the caller's transaction, as last heard of now. */
  markGone(draft: Draft, nodeId: string): void {
    this.heard(nodeId);
    draft.put(this.#options.view.heard, nodeId, { state: "down", lastSeenMs: this.#options.clock.nowMs() });
  }

  /** Wall-clock time of the last sign of life; null when there was none. */
  lastSeenMs(nodeId: string): number | null {
    const silent = this.#silentMs(nodeId);
    return silent === null ? null : this.#options.clock.nowMs() - silent;
  }

  /** Until when, by the wall clock, a node that is down keeps its pod CIDRs; null while it is ready. */
  retainedUntilMs(nodeId: string): number | null {
    const { view, clock, timing } = this.#options;
    const silent = this.#silentMs(nodeId);
    if (silent === null || view.heard.get(nodeId)?.state !== "down") return null;
    return clock.nowMs() - silent + timing.retentionMs;
  }

  /** When, by the monotonic clock, a node was last heard of whose retention is over; null while it is kept. */
  expiredSince(nodeId: string): number | null {
    const { view, clock, timing } = this.#options;
    if (view.heard.get(nodeId)?.state !== "down") return null;
    if (clock.monotonicMs() - this.#startedAt < timing.restartGraceMs) return null;
    const silent = this.#silentMs(nodeId) ?? 0;
    return silent >= timing.retentionMs ? clock.monotonicMs() - silent : null;
  }

  #silentMs(nodeId: string): number | null {
    const at = this.#heardAt.get(nodeId);
    return at === undefined ? null : this.#options.clock.monotonicMs() - at;
  }

  /** Sets the one timer to the moment at which the next node may be overdue. */
  #arm(): void {
    if (this.#stopped || this.#armed) return;
    const dueMs = this.#nextDueMs();
    if (dueMs === null) return;
    this.#armed = true;
    this.#cancel = this.#options.clock.after(Math.max(LEAST_DELAY_MS, dueMs), () => {
      this.#sweeping = this.#sweep().finally(() => {
        this.#armed = false;
        this.#arm();
      });
    });
  }

  /** How long until a node that was heard of is overdue; 0 when one is and still counts as ready; null when none can be. */
  #nextDueMs(): number | null {
    const { view, timing } = this.#options;
    let next: number | null = null;
    for (const id of this.#heardAt.keys()) {
      const leftMs = timing.livenessMs - this.#silentMs(id)!;
      if (leftMs <= 0 && view.heard.get(id)?.state !== "ready") continue;
      next = Math.min(next ?? Infinity, Math.max(0, leftMs));
    }
    return next;
  }

  async #sweep(): Promise<void> {
    const { view, transactor, logger, clock } = this.#options;
    for (const id of this.#heardAt.keys()) if (!view.nodes.get(id)) this.#heardAt.delete(id);
    if (this.#silent().length === 0) return;
    try {
      const lost = await transactor.run((draft) => {
        const silent = this.#silent();
        for (const id of silent) {
          draft.read(view.heard, id);
          const lastSeenMs = this.lastSeenMs(id) ?? clock.nowMs();
          draft.put(view.heard, id, { state: "down", lastSeenMs });
        }
        return silent;
      });
      for (const id of lost) logger.warn({ node: view.nodes.get(id)?.name, nodeId: id }, "node is down");
    } catch (error) {
      // Tried again at the next sweep; while the store is away nobody's state changes.
      logger.error({ err: error }, "nodes that are down could not be marked");
    }
  }

  /** Nodes that count as ready and were not heard of in time. */
  #silent(): string[] {
    const { view, timing } = this.#options;
    const ids: string[] = [];
    for (const [id, heard] of view.heard.entries()) {
      if (heard.state === "ready" && (this.#silentMs(id) ?? Infinity) >= timing.livenessMs) ids.push(id);
    }
    return ids;
  }
}
