import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { ReportRequest } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import { sleep } from "../control-client/retry.ts";
import type { AgentView } from "../observe/agent-status.ts";
import type { EchoNetwork } from "./echo-network.ts";
import { nodeReport, probeTargets, reportedPeers } from "./node-report.ts";
import { RoundTrips } from "./round-trips.ts";

export interface ReporterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly echoes: EchoNetwork;
  readonly view: () => AgentView;
  readonly send: (report: ReportRequest, signal: AbortSignal) => Promise<void>;
}

/**
 * Tells the control plane what the live page shows of this node, for as long as it asks for that, and measures the round
 * trips to the peers meanwhile. What goes wrong here is of no consequence to anything else.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #roundTrips: RoundTrips;
  #intervalMs = 0;
  /** Ends the reporting that is under way. */
  #current: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#roundTrips = new RoundTrips({ network: options.echoes, clock: options.clock, logger: options.logger });
  }

  /** How often to report from now on; 0: not at all. */
  every(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    if (intervalMs === 0) {
      this.#current?.abort();
      this.#current = null;
    } else if (!this.#current) {
      const current = new AbortController();
      this.#current = current;
      this.#running = this.#running.then(() => this.#run(current.signal));
    }
  }

  /** Resolves when nothing is sent any more. */
  async stop(): Promise<void> {
    this.every(0);
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const dueMs = clock.monotonicMs() + this.#intervalMs;
      await this.#report(signal);
      await sleep(clock, Math.max(0, dueMs - clock.monotonicMs()), signal);
    }
    this.#roundTrips.close();
  }

  /** One report, and the round of requests whose answers the next one tells. */
  async #report(signal: AbortSignal): Promise<void> {
    const { clock, logger, view, send } = this.#options;
    try {
      const seen = view();
      const peers = reportedPeers(seen);
      const report = nodeReport(seen, peers, this.#roundTrips.take(), clock.monotonicMs());
      this.#roundTrips.begin(probeTargets(seen, peers), this.#intervalMs);
      await send(report, signal);
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: WarrenError.from(error) }, "a report was not taken");
    }
  }
}
