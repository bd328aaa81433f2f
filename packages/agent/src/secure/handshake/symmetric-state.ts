import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { type Bytes, hash, kdf } from "./blake2s.ts";
import { openFirst, sealFirst } from "./handshake-aead.ts";
import { noiseName } from "./noise-name.ts";

/**
 * SymmetricState of the Noise framework (§5.2): chaining key `ck`, transcript hash `h`, and the key `k` of the next
 * thing to be sealed. Handshakes of WireGuard seal once with each key, so there is no counter: `k` is gone once used.
 */
export class SymmetricState {
  readonly cipher: SealingCipher;
  #ck: Bytes;
  #h: Bytes;
  #k: Bytes | null = null;
  #isWiped = false;

  /** InitializeSymmetric with the name of the cipher's protocol. */
  constructor(cipher: SealingCipher) {
    this.cipher = cipher;
    // Both names are longer than a hash, which is when they are hashed.
    this.#h = hash(Buffer.from(noiseName(cipher)));
    this.#ck = new Uint8Array(this.#h);
  }

  /** A copy that goes its own way: what is not authentic must not spoil the state that waits for the true message. */
  fork(): SymmetricState {
    this.#checkAlive();
    const copy = new SymmetricState(this.cipher);
    copy.#ck.set(this.#ck);
    copy.#h.set(this.#h);
    copy.#k = this.#k && new Uint8Array(this.#k);
    return copy;
  }

  mixHash(data: Uint8Array): void {
    this.#h = hash(this.#h, data);
  }

  mixKey(input: Uint8Array): void {
    const [ck, k] = kdf(2, this.#ck, input);
    this.#replace(ck!, k!);
  }

  mixKeyAndHash(psk: Uint8Array): void {
    const [ck, tau, k] = kdf(3, this.#ck, psk);
    this.#replace(ck!, k!);
    this.mixHash(tau!);
    tau!.fill(0);
  }

  encryptAndHash(plaintext: Uint8Array): Bytes {
    const k = this.#takeKey();
    const sealed = sealFirst(this.cipher, k, this.#h, plaintext);
    k.fill(0);
    this.mixHash(sealed);
    return sealed;
  }

  /** @returns null when it is not authentic, and then the state is of no further use */
  decryptAndHash(sealed: Uint8Array): Bytes | null {
    const k = this.#takeKey();
    const plaintext = openFirst(this.cipher, k, this.#h, sealed);
    k.fill(0);
    if (plaintext !== null) this.mixHash(sealed);
    return plaintext;
  }

  /** The keys of the two directions, the initiator's first. The state is wiped. */
  split(): [initiatorKey: Bytes, responderKey: Bytes] {
    this.#checkAlive();
    const [first, second] = kdf(2, this.#ck, new Uint8Array(0));
    this.wipe();
    return [first!, second!];
  }

  /** GetHandshakeHash (§5.2): the same on both sides, and different in every handshake. */
  get handshakeHash(): Bytes {
    return this.#h;
  }

  /** All secrets are gone; nothing can be mixed in any more. */
  wipe(): void {
    this.#isWiped = true;
    this.#ck.fill(0);
    this.#h.fill(0);
    this.#k?.fill(0);
    this.#k = null;
  }

  #replace(ck: Bytes, k: Bytes): void {
    this.#checkAlive();
    this.#ck.fill(0);
    this.#k?.fill(0);
    this.#ck = ck;
    this.#k = k;
  }

  #takeKey(): Bytes {
    const k = this.#k;
    if (k === null) throw new WarrenError("internal", "a handshake had no unused key to seal or open with");
    this.#k = null;
    return k;
  }

  /** Keys out of a chaining key of zeros would be known to all. */
  #checkAlive(): void {
    if (this.#isWiped) throw new WarrenError("internal", "the state of a handshake was used after it was wiped");
  }
}
