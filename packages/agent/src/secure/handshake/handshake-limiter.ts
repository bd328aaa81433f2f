import { readU32 } from "@warren/common/wire/field.ts";
import type { Endpoint } from "../session.ts";
import { addressOf } from "./source.ts";

/** Handshakes that one address may start: 20 a second in the long run, 5 at once. */
const COST_MS = 1000 / 20;
const FULL_MS = 5 * COST_MS;

interface Bucket {
  /** Saved up, in ms; a handshake costs `COST_MS`. */
  savedMs: number;
  atMs: number;
}

/**
 * What one address may cost, under load: a token bucket for each IPv4 address and each /64 of IPv6, which is what one host
 * has to itself. Asked after mac2 was checked, so that nobody empties the bucket of another or fills the table with
 * addresses that it does not have.
 */
export class HandshakeLimiter {
  readonly #capacity: number;
  /** The one that was asked for last is last. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param capacity addresses that are kept in mind; while so many are busy, others are refused */
  constructor(capacity = 8192) {
    this.#capacity = capacity;
  }

  /** Whether one more handshake from this address is dealt with. */
  allow(from: Endpoint, nowMs: number): boolean {
    const source = sourceOf(from);
    let bucket = this.#buckets.get(source);
    if (bucket === undefined) {
      if (!this.#makeRoom(nowMs)) return false;
      bucket = { savedMs: FULL_MS, atMs: nowMs };
    } else {
      this.#buckets.delete(source);
      bucket.savedMs = Math.min(FULL_MS, bucket.savedMs + nowMs - bucket.atMs);
      bucket.atMs = nowMs;
    }
    this.#buckets.set(source, bucket);
    if (bucket.savedMs < COST_MS) return false;
    bucket.savedMs -= COST_MS;
    return true;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Lets go the buckets that are full again, which says no more than none. */
  #makeRoom(nowMs: number): boolean {
    for (const [source, bucket] of this.#buckets) {
      if (nowMs - bucket.atMs < FULL_MS) break;
      this.#buckets.delete(source);
    }
    return this.#buckets.size < this.#capacity;
  }
}

function sourceOf(from: Endpoint): string {
  const address = addressOf(from);
  const first = readU32(address, 0).toString(36);
  return address.length === 4 ? first : `${first}:${readU32(address, 4).toString(36)}`;
}
