import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import {
  COOKIE_REPLY,
  COOKIE_REPLY_BYTES,
  COOKIE_REPLY_COOKIE,
  COOKIE_REPLY_NONCE,
  COOKIE_REPLY_RECEIVER,
  INITIATION_SENDER,
  readU32Le,
  WIREGUARD_TYPE,
  writeU32Le,
} from "@warren/common/wire/wireguard.ts";
import type { Endpoint } from "../session.ts";
import { type Bytes, mac } from "./blake2s.ts";
import { checkMac2, mac1Of } from "./mac.ts";
import { addressOf, portOf } from "./source.ts";
import { cookieKey } from "./static-key.ts";

/** How long the secret behind cookies, and a cookie in the hands of its owner, is good for (paper §5.4.7). */
export const COOKIE_LIFE_MS = 120_000;

const SECRET_BYTES = 32;
const NONCE_BYTES = 24;

/** A source of random bytes: a new array of that length with every call. */
export type Random = (length: number) => Uint8Array;

/**
 * The responder's side of cookies (paper §5.4.7). Under load, an initiation is answered with a cookie instead of a
 * response: a MAC over the sender's address and port under a secret that changes. Only who receives at the address it
 * claims learns the cookie, and nothing is kept for it here.
 */
export class CookieMaker {
  readonly #key: Bytes;
  readonly #random: Random;
  #secret: Uint8Array = new Uint8Array(SECRET_BYTES);
  #secretAtMs = Number.NEGATIVE_INFINITY;

  /** @param publicKey of this node, which the replies are sealed under */
  constructor(publicKey: Uint8Array, random: Random) {
    this.#key = cookieKey(publicKey);
    this.#random = random;
  }

  /**
   * The reply to an initiation or response whose mac1 the caller has checked.
   *
   * @param from where it came from and the reply goes to
   * @returns 64 bytes
   */
  reply(message: Uint8Array, from: Endpoint, nowMs: number): Bytes {
    if (!this.#isFresh(nowMs)) {
      this.#secret.fill(0);
      this.#secret = this.#random(SECRET_BYTES);
      this.#secretAtMs = nowMs;
    }
    const nonce = this.#random(NONCE_BYTES);
    const reply = new Uint8Array(COOKIE_REPLY_BYTES);
    writeU32Le(reply, WIREGUARD_TYPE, COOKIE_REPLY);
    // Initiation and response have their sender in the same place.
    writeU32Le(reply, COOKIE_REPLY_RECEIVER, readU32Le(message, INITIATION_SENDER));
    reply.set(nonce, COOKIE_REPLY_NONCE);
    const sealed = xchacha20poly1305(this.#key, nonce, mac1Of(message)).encrypt(this.#cookieOf(from));
    reply.set(sealed, COOKIE_REPLY_COOKIE);
    return reply;
  }

  /** Whether the sender of the message showed the cookie of its address. */
  checkMac2(message: Uint8Array, from: Endpoint, nowMs: number): boolean {
    return this.#isFresh(nowMs) && checkMac2(message, this.#cookieOf(from));
  }

  wipe(): void {
    this.#secret.fill(0);
    this.#secretAtMs = Number.NEGATIVE_INFINITY;
  }

  #isFresh(nowMs: number): boolean {
    return nowMs - this.#secretAtMs < COOKIE_LIFE_MS;
  }

  #cookieOf(from: Endpoint): Bytes {
    return mac(this.#secret, addressOf(from), portOf(from));
  }
}
