import { CIPHERS, type Cipher, SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import type { Framing } from "@warren/common/wire/overhead.ts";

/** Longer than a netmap takes to reach every agent that is up, short enough to wait for at a terminal. */
const SETTLE_MS = 2_000;

export interface CipherStep {
  /** How packets leave. */
  readonly framing: Framing;
  /** How they may arrive; both only during a change between plain and sealed. */
  readonly accepts: readonly Framing[];
  /** What new sessions are made with; null when none are, or when this agent does not know the cluster's cipher. */
  readonly cipher: SealingCipher | null;
  /** When there is more to do although nothing changes; null when the step is the last. */
  readonly nextMs: number | null;
}

/**
 * Agents hear of a change one after the other, and who sends in a way that the other does not take yet loses packets. So
 * taking goes before sending and ends after it:
 *
 *     plain ↔ sealed    both are taken at once; SETTLE_MS later packets leave in the new way; after another SETTLE_MS the
 *                       old way is not taken any more
 *     cipher → cipher   all stays sealed: new sessions are made at once, see `peer-ciphers.ts`
 *
 * A start knows of no change: it takes only what the cluster says. A cipher that this agent does not know is sealed with
 * nothing: no packet leaves, none is taken.
 */
export class CipherChange {
  #cipher: Cipher | "unknown";
  #framing: Framing;
  /** The last that sealed: what still leaves sealed while the cluster becomes plain. */
  #sealing: SealingCipher | null;
  /** When packets leave in the new way; and when the old way is closed. */
  #ripeMs = 0;
  #closesMs = 0;

  constructor(cipher: string) {
    this.#cipher = known(cipher);
    this.#framing = framingOf(this.#cipher);
    this.#sealing = sealing(this.#cipher);
  }

  step(nowMs: number, cipher: string): CipherStep {
    const wanted = known(cipher);
    if (wanted !== this.#cipher) this.#change(nowMs, wanted);
    const target = framingOf(this.#cipher);
    if (this.#framing !== target && nowMs >= this.#ripeMs) {
      this.#framing = target;
      this.#closesMs = nowMs + SETTLE_MS;
    }
    const isBoth = this.#framing !== target || nowMs < this.#closesMs;
    const nextMs = this.#framing === target ? this.#closesMs : this.#ripeMs;
    return {
      framing: this.#framing,
      accepts: isBoth ? ["plain", "sealed"] : [target],
      cipher: target === "sealed" ? sealing(this.#cipher) : isBoth ? this.#sealing : null,
      nextMs: nextMs > nowMs ? nextMs : null,
    };
  }

  #change(nowMs: number, wanted: Cipher | "unknown"): void {
    this.#sealing = sealing(wanted) ?? this.#sealing;
    if (framingOf(wanted) !== framingOf(this.#cipher)) this.#ripeMs = nowMs + SETTLE_MS;
    this.#cipher = wanted;
  }
}

function known(cipher: string): Cipher | "unknown" {
  return cipher === "" ? "none" : (CIPHERS.find((one) => one === cipher) ?? "unknown");
}

function framingOf(cipher: Cipher | "unknown"): Framing {
  return cipher === "none" ? "plain" : "sealed";
}

function sealing(cipher: Cipher | "unknown"): SealingCipher | null {
  return SEALING_CIPHERS.find((one) => one === cipher) ?? null;
}
