import type { ReportRequest } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import { checkReport } from "./check-report.ts";
import { elapsedMs, type Rates, ratesBetween } from "./rates.ts";

/** The newest report of a node, and what it says together with the one before. */
export interface LiveReport {
  readonly report: ReportRequest;
  readonly receivedMs: number;
  readonly rates: Rates;
  /** By node id of the peer. */
  readonly peerRates: ReadonlyMap<string, Rates>;
}

export interface LiveReportsOptions {
  readonly view: ClusterView;
  readonly clock: Clock;
}

/** Somebody who has not asked for so long looks no more. */
const WATCHED_MS = 10_000;
/** A small mesh is shown as it is a second ago. */
const INTERVAL_MS = 1_000;
const SMALL_MESH = 50;
/** What the control plane takes, in a large one. */
const REPORTS_PER_SECOND = 100;

/**
 * What the nodes tell of themselves while somebody looks, in memory only: nodes learn from the answers to their
 * heartbeats whether to report, and how often. When nobody looks any more, nothing is kept.
 */
export class LiveReports {
  readonly #options: LiveReportsOptions;
  readonly #reports = new Map<string, LiveReport>();
  #lookedMs = -Infinity;

  constructor(options: LiveReportsOptions) {
    this.#options = options;
  }

  /** Somebody looks now. */
  look(): void {
    // Whatever is left from the last time says nothing of now.
    this.#forgetIfUnwatched();
    this.#forgetRemoved();
    this.#lookedMs = this.#options.clock.monotonicMs();
  }

  /** How often nodes are to report; 0 when nobody looks. */
  intervalMs(): number {
    this.#forgetIfUnwatched();
    if (!this.#isWatched) return 0;
    const nodes = this.#options.view.nodes.size;
    if (nodes <= SMALL_MESH) return INTERVAL_MS;
    return Math.max(2 * INTERVAL_MS, Math.ceil((nodes * 1_000) / REPORTS_PER_SECOND));
  }

  /**
   * A report of a node that is in the mesh, in the place of the one before. While nobody looks it is let go.
   * @throws `usage`, `name-invalid`
   */
  take(nodeId: string, report: ReportRequest): void {
    checkReport(report);
    this.#forgetIfUnwatched();
    if (!this.#isWatched) return;
    const receivedMs = this.#options.clock.monotonicMs();
    const before = this.#reports.get(nodeId);
    const ms = before
      ? elapsedMs(
          { measuredMs: before.report.measured_ms, receivedMs: before.receivedMs },
          { measuredMs: report.measured_ms, receivedMs },
        )
      : null;
    const peersBefore = new Map(before?.report.peers.map((peer) => [peer.node_id, peer.traffic]));
    this.#reports.set(nodeId, {
      report,
      receivedMs,
      rates: ratesBetween(before?.report.traffic ?? null, report.traffic, ms),
      peerRates: new Map(
        report.peers.map(({ node_id: id, traffic }) => [id, ratesBetween(peersBefore.get(id) ?? null, traffic, ms)]),
      ),
    });
  }

  /** The newest of a node; undefined until it has reported. */
  of(nodeId: string): LiveReport | undefined {
    return this.#reports.get(nodeId);
  }

  /** How many are kept. */
  get size(): number {
    return this.#reports.size;
  }

  get #isWatched(): boolean {
    return this.#options.clock.monotonicMs() - this.#lookedMs <= WATCHED_MS;
  }

  #forgetIfUnwatched(): void {
    if (!this.#isWatched) this.#reports.clear();
  }

  #forgetRemoved(): void {
    const { nodes } = this.#options.view;
    for (const id of this.#reports.keys()) if (!nodes.get(id)?.joined) this.#reports.delete(id);
  }
}
