import { AF_INET, SOCKADDR_V4, SOCKADDR_V6 } from "./sockaddr.ts";

/**
 * Exact map from an underlay address to a small number: who sent this datagram. Open addressing with linear probing in
 * one array of five words an entry (four of address, one of value + 1), at most half full. IPv4 stands as ::ffff:a.b.c.d,
 * which is no other address: a text of that form is read as IPv4. Immutable once built, typed arrays only.
 */
export interface AddressMapData {
  readonly words: Int32Array<ArrayBuffer>;
}

const ENTRY = 5;
const MAPPED = 0xffff;

export class AddressMap {
  readonly data: AddressMapData;
  readonly #words: Int32Array;
  readonly #mask: number;

  constructor(data: AddressMapData) {
    this.data = data;
    this.#words = data.words;
    this.#mask = data.words.length / ENTRY - 1;
  }

  /** @param addresses 4 or 16 bytes each; the value is the index. When one stands twice, the first counts. */
  static build(addresses: readonly Uint8Array[]): AddressMap {
    let capacity = 16;
    while (capacity < addresses.length * 2) capacity *= 2;
    const map = new AddressMap({ words: new Int32Array(capacity * ENTRY) });
    addresses.forEach((bytes, value) => {
      const key =
        bytes.length === 4
          ? ([0, 0, MAPPED, word(bytes, 0)] as const)
          : ([word(bytes, 0), word(bytes, 4), word(bytes, 8), word(bytes, 12)] as const);
      const at = map.#probe(...key);
      if (map.#words[at + 4] === 0) map.#words.set([...key, value + 1], at);
    });
    return map;
  }

  /** The value of the address in the socket address at `offset`, or -1. */
  find(buf: Uint8Array, offset: number): number {
    if (buf[offset] === AF_INET)
      return this.#words[this.#probe(0, 0, MAPPED, word(buf, offset + SOCKADDR_V4)) + 4]! - 1;
    const at = offset + SOCKADDR_V6;
    const found = this.#probe(word(buf, at), word(buf, at + 4), word(buf, at + 8), word(buf, at + 12));
    return this.#words[found + 4]! - 1;
  }

  /** Where the address stands, or the free entry where it would. */
  #probe(a: number, b: number, c: number, d: number): number {
    const words = this.#words;
    let hash = Math.imul(
      a ^ Math.imul(b ^ Math.imul(c ^ Math.imul(d, 0x9e3779b1), 0x9e3779b1), 0x9e3779b1),
      0x9e3779b1,
    );
    hash ^= hash >>> 15;
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = i * ENTRY;
      if (words[at + 4] === 0) return at;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return at;
    }
  }
}

/** Four bytes as a signed word. */
function word(buf: Uint8Array, at: number): number {
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}
