import { type Bytes, hash } from "./blake2s.ts";
import { KeyPair } from "./x25519.ts";

const LABEL_MAC1 = Buffer.from("mac1----");
const LABEL_COOKIE = Buffer.from("cookie--");

/** The key of a node in the WireGuard protocol: its private half never leaves the node. */
export class StaticKey extends KeyPair {
  /** What `checkMac1` needs of it, once and for all. */
  readonly mac1Key: Bytes = mac1Key(this.publicKey);

  /**
   * A new key.
   *
   * @param random 32 random bytes, wiped by the call
   */
  static create(random: Uint8Array): StaticKey {
    // Clamping (RFC 7748 §5). OpenSSL does it as well; done here, the exported bytes are those that `wg` shows.
    random[0]! &= 0xf8;
    random[31] = (random[31]! & 0x7f) | 0x40;
    const key = new StaticKey(random);
    random.fill(0);
    return key;
  }

  /** The 32 private bytes, for the file they are kept in. The caller wipes them. */
  exportPrivateKey(): Bytes {
    return this.privateBytes();
  }
}

/** Key of the mac1 of all messages to the owner of the public key (paper §5.4.4). */
export function mac1Key(publicKey: Uint8Array): Bytes {
  return hash(LABEL_MAC1, publicKey);
}

/** Key under which the owner of the public key sends cookies (paper §5.4.7). */
export function cookieKey(publicKey: Uint8Array): Bytes {
  return hash(LABEL_COOKIE, publicKey);
}
