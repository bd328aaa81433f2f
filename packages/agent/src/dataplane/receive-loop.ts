import { PACKETS, PACKETS_END } from "./arena.ts";
import { type Counters, SYSCALL_UDP_RECEIVE } from "./counters.ts";
import type { Delivery } from "./delivery.ts";
import { BUDGET_SHIFT, IDLE, MORE } from "./egress.ts";
import { isFatal, type UdpPort, WOULD_BLOCK } from "./ports.ts";
import type { StageTimer } from "./stage-timer.ts";
import { INGRESS_STAGE as STAGE } from "./stages.ts";

const MAX_RECEIVE = 65_536;
const ALIGN = 64;

/** Looks at `length` bytes of one sender at `from`: datagrams of `stride` bytes, the last may be shorter. */
export type Accept = (from: number, length: number, stride: number) => void;

/** The first half of ingress that is the same for every framing: receives, and sees to it that all is written in time. */
export class ReceiveLoop {
  readonly #udp: UdpPort;
  readonly #delivery: Delivery;
  readonly #counters: Counters;
  readonly #stages: StageTimer;
  readonly #accept: Accept;

  /** Where the next receive goes. What lies before it belongs to slots that are not written yet. */
  #tail = PACKETS;

  constructor(udp: UdpPort, delivery: Delivery, counters: Counters, stages: StageTimer, accept: Accept) {
    this.#udp = udp;
    this.#delivery = delivery;
    this.#counters = counters;
    this.#stages = stages;
    this.#accept = accept;
  }

  /**
   * Forwards until the socket has no more, or `budget` is used up.
   *
   * @param budget in small datagrams received alone; 4 KiB cost as much as one
   * @returns `IDLE`, `MORE`, or `-errno` when the socket or the TUN device is gone
   */
  run(budget: number): number {
    let gone = 0;
    for (let left = budget; left > 0 && gone === 0; left--) {
      if (this.#tail + MAX_RECEIVE > PACKETS_END) gone = this.#flush();
      const length = this.#udp.receive(this.#tail, MAX_RECEIVE);
      this.#stages.mark(STAGE.receive);
      this.#counters[SYSCALL_UDP_RECEIVE]!++;
      if (length < 0) {
        gone ||= this.#flush();
        // Other errors are news of an earlier send (ECONNREFUSED, EHOSTUNREACH), told once.
        if (length === WOULD_BLOCK || !isFatal(length)) return gone || IDLE;
        return length;
      }
      left -= length >>> BUDGET_SHIFT;
      this.#accept(this.#tail, length, this.#udp.segmentSize || length);
      this.#tail += (length + ALIGN - 1) & -ALIGN;
      if (!this.#delivery.mayGrow()) gone ||= this.#flush();
    }
    return this.#flush() || gone || MORE;
  }

  /** Writes what was collected; afterwards the arena is empty. @returns 0, or `-errno` when the TUN device is gone. */
  #flush(): number {
    const gone = this.#delivery.flush();
    this.#tail = PACKETS;
    return gone;
  }
}
