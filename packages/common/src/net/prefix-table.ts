import { formatPrefix, type Prefix } from "./prefix.ts";

/**
 * Longest-prefix table from address to a small number (a peer index), immutable once built.
 *
 * IPv4 is indexed directly by the first 16 bits, then by the next 8, then by the last 8; a second or third step exists
 * only below a prefix that is longer than /16 or /24. So a /16 costs one load, a /24 two, a /32 three. (A second step of
 * 16 bits at once would save the third load and cost 256 KiB for each /16 in use: 5,000 scattered /24s would need
 * 1.3 GB; here they need 5 MB.) IPv6 takes 8 bits a step.
 *
 *     top4  65,536 entries                nodes  blocks of 256 entries, block 0 is the root of IPv6
 *     ┌────────────────────┐              ┌──────────────┬──────────────┬──────────────┬───
 *     │ address >>> 16 ────┼─ -2-block ─► │ 0: IPv6 root │ 1: next byte │ 2: next byte │ …
 *     └────────────────────┘              └──────────────┴──────────────┴──────────────┴───
 *
 * An entry is a value (0…65535), -1 for "none", or -2-block for "go on in that block". A block is filled with what it
 * replaces, so a lookup never goes back.
 *
 * Memory: 257 KiB, and at most 1 KiB for each whole byte of a prefix past the first two (IPv4) or the first (IPv6):
 * 5,000 /24s of 10.0.0.0/8 take 277 KiB, 5,000 /64s of one /48 take 283 KiB.
 */
export interface PrefixTableData {
  readonly top4: Int32Array<ArrayBuffer>;
  readonly nodes: Int32Array<ArrayBuffer>;
}

export interface PrefixTableEntry {
  readonly prefix: Prefix;
  /** Integer, 0…65535. */
  readonly value: number;
}

const NONE = -1;
const BLOCK = 256;
const MAX_VALUE = 0xffff;

export class PrefixTable {
  /** Plain typed arrays: may be cloned or transferred to a worker, where `PrefixTable.from` takes them up. */
  readonly data: PrefixTableData;
  readonly #top4: Int32Array;
  readonly #nodes: Int32Array;

  private constructor(data: PrefixTableData) {
    this.data = data;
    this.#top4 = data.top4;
    this.#nodes = data.nodes;
  }

  /**
   * Compiles a table. Cold path.
   *
   * @throws RangeError when a value is out of range or one prefix stands twice.
   */
  static build(entries: readonly PrefixTableEntry[]): PrefixTable {
    const builder = new Builder();
    // Short prefixes first: a longer one then overwrites part of what a shorter one has filled.
    for (const entry of entries.toSorted((a, b) => a.prefix.length - b.prefix.length)) builder.insert(entry);
    return new PrefixTable(builder.finish());
  }

  static from(data: PrefixTableData): PrefixTable {
    return new PrefixTable(data);
  }

  /** Value of the longest prefix that holds the IPv4 address (32 bits, signed or unsigned), -1 when none does. */
  lookup4(address: number): number {
    const nodes = this.#nodes;
    let entry = this.#top4[address >>> 16]!;
    if (entry >= NONE) return entry;
    entry = nodes[(-2 - entry) * BLOCK + ((address >>> 8) & 0xff)]!;
    if (entry >= NONE) return entry;
    return nodes[(-2 - entry) * BLOCK + (address & 0xff)]!;
  }

  /** The same for the 16 bytes at `offset`, which the caller has checked to be there. */
  lookup6(bytes: Uint8Array, offset: number): number {
    const nodes = this.#nodes;
    let entry = nodes[bytes[offset]!]!;
    for (let i = offset + 1; entry < NONE; i++) entry = nodes[(-2 - entry) * BLOCK + bytes[i]!]!;
    return entry;
  }
}

class Builder {
  readonly #top4 = new Int32Array(1 << 16).fill(NONE);
  #nodes = new Int32Array(16 * BLOCK).fill(NONE);
  #blocks = 1;
  readonly #seen = new Set<string>();

  insert({ prefix, value }: PrefixTableEntry): void {
    const text = formatPrefix(prefix);
    if (!Number.isInteger(value) || value < 0 || value > MAX_VALUE) {
      throw new RangeError(`the value of ${text} is ${value}, expected an integer from 0 to ${MAX_VALUE}`);
    }
    if (this.#seen.has(text)) throw new RangeError(`${text} stands twice in one table`);
    this.#seen.add(text);

    const { bytes, family } = prefix.address;
    const inTop = family === 4;
    let array: "top4" | "nodes" = inTop ? "top4" : "nodes";
    let base = 0;
    let index = inTop ? (bytes[0]! << 8) | bytes[1]! : bytes[0]!;
    let bits = inTop ? 16 : 8;
    let next = inTop ? 2 : 1;
    while (prefix.length > bits) {
      base = this.#descend(array, base + index) * BLOCK;
      array = "nodes";
      index = bytes[next++]!;
      bits += 8;
    }
    const span = 1 << (bits - prefix.length);
    (array === "top4" ? this.#top4 : this.#nodes).fill(value, base + index, base + index + span);
  }

  /** The block an entry leads to; makes it, filled with what the entry held, when there is none. */
  #descend(array: "top4" | "nodes", at: number): number {
    const entry = (array === "top4" ? this.#top4 : this.#nodes)[at]!;
    if (entry < NONE) return -2 - entry;
    const block = this.#blocks++;
    if ((block + 1) * BLOCK > this.#nodes.length) {
      const larger = new Int32Array(this.#nodes.length * 2);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    this.#nodes.fill(entry, block * BLOCK, (block + 1) * BLOCK);
    (array === "top4" ? this.#top4 : this.#nodes)[at] = -2 - block;
    return block;
  }

  finish(): PrefixTableData {
    return { top4: this.#top4, nodes: this.#nodes.slice(0, this.#blocks * BLOCK) };
  }
}
