import type { PlainPath } from "./host-network.ts";

/** Longer than a netmap takes to reach every agent that is up, short enough to wait for at a terminal. */
const SETTLE_MS = 2_000;

export interface PathStep {
  /** Paths to send on. */
  readonly routed: readonly PlainPath[];
  /** Paths to accept plain packets from. */
  readonly accepted: readonly PlainPath[];
  /** When there is more to do although nothing changes; null when the step is the last. */
  readonly nextMs: number | null;
}

/**
 * Agents hear of a change one after the other, and who already sends plainly to one that does not accept it yet loses
 * packets. So accepting goes before sending and ends after it:
 *
 *     a path comes    accepted at once, routed SETTLE_MS later
 *     a path goes     not routed from now on, accepted for SETTLE_MS more
 *
 * The tunnel needs none of this: it is accepted in every mode, and a node that starts uses it until its paths are ripe.
 * Only what is `capable` is ever accepted, so a node that is removed, and a cluster that is sealed, end it at once.
 */
export class PathChange {
  /** When a wanted path is ripe to be sent on. */
  readonly #ripeMs = new Map<string, number>();
  /** Until when a path that is not wanted any more is accepted. */
  readonly #lingerMs = new Map<string, number>();

  step(nowMs: number, capable: readonly PlainPath[], wanted: readonly PlainPath[]): PathStep {
    const now = new Set(wanted.map(keyOf));
    for (const [key, ripeMs] of this.#ripeMs) {
      if (now.has(key)) continue;
      this.#ripeMs.delete(key);
      if (ripeMs <= nowMs) this.#lingerMs.set(key, nowMs + SETTLE_MS);
    }
    for (const key of now) {
      this.#lingerMs.delete(key);
      if (!this.#ripeMs.has(key)) this.#ripeMs.set(key, nowMs + SETTLE_MS);
    }
    for (const [key, untilMs] of this.#lingerMs) if (untilMs <= nowMs) this.#lingerMs.delete(key);
    const waiting = [...this.#ripeMs.values(), ...this.#lingerMs.values()].filter((ms) => ms > nowMs);
    return {
      routed: wanted.filter((path) => this.#ripeMs.get(keyOf(path))! <= nowMs),
      accepted: [...wanted, ...capable.filter((path) => this.#lingerMs.has(keyOf(path)))],
      nextMs: waiting.length > 0 ? waiting.reduce((least, ms) => Math.min(least, ms)) : null,
    };
  }
}

function keyOf({ prefix, underlay }: PlainPath): string {
  return `${prefix} ${underlay}`;
}
