import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Peer } from "./peer.ts";

/** The peers, by what names them: their slot here, and their public key on the wire. */
export class PeerBook {
  readonly #bySlot = new Map<number, Peer>();
  #byKey = new Map<string, Peer>();
  #ciphers = new Set<SealingCipher>();

  bySlot(slot: number): Peer | undefined {
    return this.#bySlot.get(slot);
  }

  /** @param key public key in base64 */
  byKey(key: string): Peer | undefined {
    return this.#byKey.get(key);
  }

  /** Whether there is a peer of which initiations under this name are taken: else it need not be tried. */
  accepts(cipher: SealingCipher): boolean {
    return this.#ciphers.has(cipher);
  }

  all(): IterableIterator<Peer> {
    return this.#bySlot.values();
  }

  add(peer: Peer): void {
    this.#bySlot.set(peer.config.slot, peer);
  }

  remove(peer: Peer): void {
    this.#bySlot.delete(peer.config.slot);
  }

  /**
   * To be called when peers or what they have have changed.
   *
   * @returns those whose key another has had for longer: whoever shows up with it is the other. So nobody takes a key
   *   from its owner by claiming it, and whoever claims it cannot answer for it
   */
  reindex(): Peer[] {
    const before = this.#byKey;
    this.#byKey = new Map();
    this.#ciphers = new Set();
    for (const peer of this.all()) {
      if (before.get(peer.key) === peer) this.#byKey.set(peer.key, peer);
      this.#ciphers.add(peer.config.cipher);
      for (const cipher of peer.config.acceptedCiphers) this.#ciphers.add(cipher);
    }
    const late: Peer[] = [];
    for (const peer of this.all()) {
      const owner = this.#byKey.get(peer.key);
      if (owner === undefined) this.#byKey.set(peer.key, peer);
      else if (owner !== peer) late.push(peer);
    }
    return late;
  }
}
