import { CookieMaker, type Random } from "./handshake/cookie-maker.ts";
import { HandshakeLimiter } from "./handshake/handshake-limiter.ts";
import { checkMac1 } from "./handshake/mac.ts";
import { LoadMeter } from "./load-meter.ts";
import type { OwnKey, OwnKeys } from "./own-keys.ts";
import type { Endpoint } from "./session.ts";

/** Cookie replies a second, as a multiple of the handshakes: above it, nothing is said at all. */
const REPLIES_PER_HANDSHAKE = 10;

/** `admitted`: dealt with, as one for this key. `cookie`: not dealt with, but the sender is told how it would be. */
export type Admission =
  | { readonly verdict: "admitted"; readonly own: OwnKey }
  | { readonly verdict: "cookie"; readonly reply: Uint8Array }
  | { readonly verdict: "mac1" | "limited" | "load" };

/**
 * Stands before everything that costs a key agreement (paper §5.3): whoever does not know our public key is not heard;
 * under load, whoever does not receive at the address it claims gets a cookie instead of an answer, and whoever does is
 * held to a rate. Nothing is kept of senders that have shown no cookie.
 */
export class HandshakeGuard {
  readonly #random: Random;
  readonly #load: LoadMeter;
  readonly #limiter = new HandshakeLimiter();
  #doors: readonly { readonly own: OwnKey; readonly cookies: CookieMaker }[] = [];

  /** @param perSecond initiations a second from which on there is load */
  constructor(keys: OwnKeys, random: Random, perSecond: number) {
    this.#random = random;
    this.#load = new LoadMeter(perSecond, perSecond * REPLIES_PER_HANDSHAKE);
    this.setKeys(keys);
  }

  setKeys({ current, previous, next }: OwnKeys): void {
    const owns = [current, previous, next].filter((own) => own != null);
    const before = this.#doors;
    this.#doors = owns.map(
      (own) =>
        before.find((door) => door.own.key === own.key) ?? {
          own,
          cookies: new CookieMaker(own.key.publicKey, this.#random),
        },
    );
    for (const door of before) if (!this.#doors.includes(door)) door.cookies.wipe();
  }

  /**
   * @param unasked the message is no answer to one of ours, or another that claimed to be turned out to be forged. The
   *   first response to an initiation needs no cookie: nobody off the path can name its index
   */
  admit(message: Uint8Array, from: Endpoint, nowMs: number, unasked: boolean): Admission {
    const door = this.#doors.find(({ own }) => checkMac1(own.key, message));
    if (door === undefined) return { verdict: "mac1" };
    const { own, cookies } = door;
    if (!unasked || !this.#load.arrived(nowMs)) return { verdict: "admitted", own };
    if (cookies.checkMac2(message, from, nowMs)) {
      return this.#limiter.allow(from, nowMs) ? { verdict: "admitted", own } : { verdict: "limited" };
    }
    if (this.#load.isOverwhelmed) return { verdict: "load" };
    return { verdict: "cookie", reply: cookies.reply(message, from, nowMs) };
  }
}
