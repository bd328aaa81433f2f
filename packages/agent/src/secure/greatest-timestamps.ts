import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isLater, TAI64N_BYTES, unixMsOf } from "./handshake/tai64n.ts";

/** A clock may be wrong by this much. What claims to be later is refused, and what was kept so is not believed. */
export const FUTURE_MS = 600_000;

/** Entries at most; the one that was renewed longest ago goes first. Twice the peers that a node can have. */
const CAPACITY = 32_768;

/** Public key and timestamp, both in base64, as they stand in a file. */
export type TimestampRecord = Readonly<Record<string, string>>;

/**
 * The greatest timestamp that each static key has shown in an initiation (paper §5.1): a recorded one is no good again,
 * also after a restart, for which the table is kept in a file. Peers that go stay in it: they may come back.
 *
 * One initiation from a clock far ahead would lock the peer out for as long (CVE-2021-46873), so such a timestamp is
 * neither taken nor, where our own clock was ahead as well when it came, believed later.
 */
export class GreatestTimestamps {
  readonly #greatest = new Map<string, Uint8Array>();
  readonly #capacity: number;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /**
   * Whether an authentic initiation with this timestamp is to be answered; if so, it is the greatest from now on.
   *
   * @param key public key in base64
   * @param timestamp 12 bytes
   * @param wallMs what our clock says
   */
  take(key: string, timestamp: Uint8Array, wallMs: number): "new" | "replayed" | "future" {
    if (isFuture(timestamp, wallMs)) return "future";
    const last = this.#greatest.get(key);
    if (last !== undefined && !isFuture(last, wallMs) && !isLater(timestamp, last)) return "replayed";
    this.#set(key, new Uint8Array(timestamp));
    return "new";
  }

  /** Everything, to be written to a file as it is. */
  snapshot(): TimestampRecord {
    return Object.fromEntries([...this.#greatest].map(([key, timestamp]) => [key, toBase64(timestamp)]));
  }

  /**
   * What was kept, before the first initiation is taken.
   *
   * @returns how many of them lie in the future by our clock, and count for nothing while they do
   * @throws `state-corrupt` when an entry is not a public key and a timestamp
   */
  restore(record: TimestampRecord, wallMs: number): number {
    let future = 0;
    for (const [key, text] of Object.entries(record)) {
      const timestamp = new Uint8Array(Buffer.from(text, "base64"));
      if (timestamp.length !== TAI64N_BYTES || Buffer.from(key, "base64").length !== 32) {
        throw new WarrenError(
          "state-corrupt",
          `"${key}": "${text}" is not a public key and a timestamp of 12 bytes; without the file, initiations that ` +
            "somebody recorded are answered once more, which lets nobody in",
        );
      }
      if (isFuture(timestamp, wallMs)) future++;
      this.#set(key, timestamp);
    }
    return future;
  }

  #set(key: string, timestamp: Uint8Array): void {
    this.#greatest.delete(key);
    this.#greatest.set(key, timestamp);
    if (this.#greatest.size <= this.#capacity) return;
    for (const oldest of this.#greatest.keys()) {
      this.#greatest.delete(oldest);
      return;
    }
  }
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function isFuture(timestamp: Uint8Array, wallMs: number): boolean {
  return unixMsOf(timestamp) > wallMs + FUTURE_MS;
}
