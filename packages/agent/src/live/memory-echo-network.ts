import type { Clock } from "@warren/common/runtime/clock.ts";
import type { EchoNetwork, EchoReply, EchoSocket } from "./echo-network.ts";

/** A network whose hosts answer after as many milliseconds as the test says, or do not. */
export class MemoryEchoNetwork implements EchoNetwork {
  readonly #clock: Clock;
  /** By address; who is not there does not answer. */
  readonly roundTripMs = new Map<string, number>();
  /** Every request, in order. */
  readonly requests: { readonly address: string; readonly atMs: number }[] = [];
  /** What `open` throws, when it does. */
  refusal: Error | null = null;
  /** How many are not closed yet. */
  openSockets = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(): EchoSocket {
    if (this.refusal) throw this.refusal;
    const replies: EchoReply[] = [];
    let isOpen = true;
    this.openSockets++;
    return {
      send: (address, sequence) => {
        if (!isOpen) return;
        this.requests.push({ address, atMs: this.#clock.monotonicMs() });
        const tookMs = this.roundTripMs.get(address);
        if (tookMs === undefined) return;
        this.#clock.after(tookMs, () => {
          if (isOpen) replies.push({ address, sequence, roundTripUs: Math.max(1, Math.round(tookMs * 1_000)) });
        });
      },
      take: () => replies.splice(0),
      close: () => {
        if (isOpen) this.openSockets--;
        isOpen = false;
      },
    };
  }
}
