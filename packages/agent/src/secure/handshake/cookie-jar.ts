import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { COOKIE_REPLY, COOKIE_REPLY_COOKIE, COOKIE_REPLY_NONCE, wireGuardType } from "@warren/common/wire/wireguard.ts";
import { type Bytes, MAC_BYTES } from "./blake2s.ts";
import { COOKIE_LIFE_MS } from "./cookie-maker.ts";
import { mac1Of, setMac2 } from "./mac.ts";
import { cookieKey } from "./static-key.ts";

/**
 * The initiator's side of cookies (paper §5.4.7): one jar for each peer. A cookie goes into the mac2 of every message to
 * the peer for as long as it is good; the reply itself is not answered, the next attempt is simply let through.
 */
export class CookieJar {
  readonly #key: Bytes;
  /** Of the last message that was sent; null once a reply to it was taken. */
  #lastMac1: Bytes | null = null;
  readonly #cookie: Bytes = new Uint8Array(MAC_BYTES);
  #cookieAtMs = Number.NEGATIVE_INFINITY;

  /** @param remotePublicKey of the peer, 32 bytes */
  constructor(remotePublicKey: Uint8Array) {
    this.#key = cookieKey(remotePublicKey);
  }

  /** Every message to the peer, initiation or response, passes here last before it is sent; it gets its mac2. */
  stamp(message: Uint8Array, nowMs: number): void {
    this.#lastMac1 = new Uint8Array(mac1Of(message));
    if (nowMs - this.#cookieAtMs < COOKIE_LIFE_MS) setMac2(message, this.#cookie);
  }

  /**
   * Takes the cookie out of a reply. The caller has found the peer by the receiver index.
   *
   * @returns false when it is not authentic, or not to the last message sent: a reply is good once
   */
  take(reply: Uint8Array, nowMs: number): boolean {
    if (this.#lastMac1 === null || wireGuardType(reply, 0, reply.length) !== COOKIE_REPLY) return false;
    const nonce = reply.subarray(COOKIE_REPLY_NONCE, COOKIE_REPLY_COOKIE);
    try {
      this.#cookie.set(
        xchacha20poly1305(this.#key, nonce, this.#lastMac1).decrypt(reply.subarray(COOKIE_REPLY_COOKIE)),
      );
    } catch {
      return false;
    }
    this.#cookieAtMs = nowMs;
    this.#lastMac1 = null;
    return true;
  }

  wipe(): void {
    this.#cookie.fill(0);
    this.#cookieAtMs = Number.NEGATIVE_INFINITY;
    this.#lastMac1 = null;
  }
}
