import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { EchoNetwork, EchoSocket } from "./echo-network.ts";

export interface RoundTripsOptions {
  readonly network: EchoNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ProbeTarget {
  readonly nodeId: string;
  readonly address: string;
}

/** Requests are sent no denser than this, several at once where there are so many: a hundred a second cost nobody much. */
const LEAST_GAP_MS = 50;
/** Part of a round in which the requests go out; the rest is for the last answers. */
const SENDING = 0.8;

interface Probe extends ProbeTarget {
  readonly round: number;
}

/**
 * Round trips to peers, through the overlay, by rounds: in each, every peer is asked once. Who has not answered in the last
 * two rounds has none. Without the permission to ask there are none at all, which is said once.
 */
export class RoundTrips {
  readonly #options: RoundTripsOptions;
  #socket: EchoSocket | null = null;
  #isRefused = false;
  #round = 0;
  #sequence = 0;
  #cancel = (): void => {};
  /** What was sent and not answered, by sequence. */
  readonly #pending = new Map<number, Probe>();
  readonly #answered = new Map<string, { readonly round: number; readonly us: number }>();

  constructor(options: RoundTripsOptions) {
    this.#options = options;
  }

  /** Begins a round that lasts so long; what is left of the one before is not sent any more. */
  begin(targets: readonly ProbeTarget[], roundMs: number): void {
    this.#cancel();
    this.#round++;
    this.#forget();
    const socket = this.#open();
    if (!socket || targets.length === 0) return;
    const steps = Math.max(1, Math.min(targets.length, Math.floor((roundMs * SENDING) / LEAST_GAP_MS)));
    const gapMs = (roundMs * SENDING) / steps;
    // Not at once: a round begins with a report, and making one takes the CPU from who has to forward the request.
    this.#cancel = this.#options.clock.after(gapMs / 2, () => this.#send(socket, targets, 0, { steps, gapMs }));
  }

  /** The newest round trip of each peer that has one, in microseconds, by node id. */
  take(): ReadonlyMap<string, number> {
    for (const { address, sequence, roundTripUs } of this.#socket?.take() ?? []) {
      const probe = this.#pending.get(sequence);
      if (probe?.address !== address) continue;
      this.#pending.delete(sequence);
      const last = this.#answered.get(probe.nodeId);
      if (!last || last.round <= probe.round) this.#answered.set(probe.nodeId, { round: probe.round, us: roundTripUs });
    }
    return new Map([...this.#answered].map(([nodeId, { us }]) => [nodeId, us]));
  }

  /** Gives the socket back, until the next round. */
  close(): void {
    this.#cancel();
    this.#socket?.close();
    this.#socket = null;
    this.#pending.clear();
    this.#answered.clear();
  }

  #send(
    socket: EchoSocket,
    targets: readonly ProbeTarget[],
    step: number,
    pace: { steps: number; gapMs: number },
  ): void {
    const part = (at: number): number => Math.ceil((targets.length * at) / pace.steps);
    for (const target of targets.slice(part(step), part(step + 1))) {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.#pending.set(this.#sequence, { ...target, round: this.#round });
      socket.send(target.address, this.#sequence);
    }
    if (step + 1 < pace.steps)
      this.#cancel = this.#options.clock.after(pace.gapMs, () => this.#send(socket, targets, step + 1, pace));
  }

  #forget(): void {
    const oldest = this.#round - 1;
    for (const [sequence, { round }] of this.#pending) if (round < oldest) this.#pending.delete(sequence);
    for (const [nodeId, { round }] of this.#answered) if (round < oldest) this.#answered.delete(nodeId);
  }

  #open(): EchoSocket | null {
    if (this.#socket || this.#isRefused) return this.#socket;
    try {
      this.#socket = this.#options.network.open();
    } catch (error) {
      this.#isRefused = true;
      this.#options.logger.warn({ err: WarrenError.from(error) }, "round trips to peers cannot be measured");
    }
    return this.#socket;
  }
}
