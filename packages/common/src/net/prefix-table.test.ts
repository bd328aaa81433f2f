import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heapGrowth, SMALLEST_OBJECT } from "../wire/testing/heap-growth.ts";
import { addressFromValue, addressToU32, type IpAddress, type IpFamily, parseAddress } from "./address.ts";
import { formatPrefix, nthSubnet, parsePrefix, prefixContains, prefixOf } from "./prefix.ts";
import { PrefixTable, type PrefixTableEntry } from "./prefix-table.ts";

function lookup(table: PrefixTable, address: IpAddress): number {
  return address.family === 4 ? table.lookup4(addressToU32(address)) : table.lookup6(address.bytes, 0);
}

/** What the table must equal: look at every prefix, take the longest. */
function naiveLookup(entries: readonly PrefixTableEntry[], address: IpAddress): number {
  let best: PrefixTableEntry | undefined;
  for (const entry of entries) {
    if (prefixContains(entry.prefix, address) && entry.prefix.length >= (best?.prefix.length ?? 0)) best = entry;
  }
  return best?.value ?? -1;
}

function unique(entries: readonly PrefixTableEntry[]): PrefixTableEntry[] {
  return [...new Map(entries.map((entry) => [formatPrefix(entry.prefix), entry])).values()];
}

/** Few distinct bytes, so that random prefixes nest and random addresses hit them. */
const byte = fc.constantFrom(0n, 1n, 10n, 127n, 128n, 254n, 255n);
const address = (family: IpFamily) => {
  const length = family === 4 ? 4 : 16;
  return fc.array(byte, { minLength: length, maxLength: length }).map((bytes) =>
    addressFromValue(
      family,
      bytes.reduce<bigint>((value, next) => (value << 8n) | next, 0n),
    ),
  );
};
const anyAddress = fc.oneof(address(4), address(6));
const anyEntries = fc
  .array(
    fc
      .tuple(anyAddress, fc.nat({ max: 128 }), fc.nat({ max: 0xffff }))
      .map(([a, length, value]) => ({ prefix: prefixOf(a, a.family === 4 ? length % 33 : length), value })),
    { maxLength: 40 },
  )
  .map(unique);

const entriesOf = (rows: readonly (readonly [string, number])[]) =>
  rows.map(([text, value]) => ({ prefix: parsePrefix(text), value }));

describe("PrefixTable", () => {
  test("finds what a search through all prefixes finds, in any order of entries", () => {
    fc.assert(
      fc.property(anyEntries, fc.array(anyAddress, { minLength: 1, maxLength: 40 }), (entries, addresses) => {
        const table = PrefixTable.build(entries);
        const inside = entries.map((entry) => entry.prefix.address);
        for (const a of [...addresses, ...inside]) expect(lookup(table, a)).toBe(naiveLookup(entries, a));
      }),
      { numRuns: 300 },
    );
  });

  test("is -1 everywhere when empty", () => {
    const table = PrefixTable.build([]);
    expect(table.lookup4(0)).toBe(-1);
    expect(table.lookup4(0xffffffff)).toBe(-1);
    expect(table.lookup6(new Uint8Array(16).fill(0xff), 0)).toBe(-1);
  });

  test("keeps the extremes: a default route, a host route, and the values 0 and 65535", () => {
    const table = PrefixTable.build(
      entriesOf([
        ["0.0.0.0/0", 0],
        ["255.255.255.255/32", 0xffff],
        ["::/0", 1],
        ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2],
      ]),
    );
    expect(table.lookup4(0xffffffff)).toBe(0xffff);
    expect(table.lookup4(-1)).toBe(0xffff); // the same 32 bits, signed
    expect(table.lookup4(0xfffffffe)).toBe(0);
    expect(lookup(table, parseAddress("::"))).toBe(1);
    expect(table.lookup6(new Uint8Array(16).fill(0xff), 0)).toBe(2);
  });

  test("reads an IPv6 address in the middle of a packet", () => {
    const table = PrefixTable.build(entriesOf([["fd00:77::/48", 7]]));
    const packet = new Uint8Array(60).fill(0xa5);
    packet.set(parseAddress("fd00:77::1").bytes, 24);
    expect(table.lookup6(packet, 24)).toBe(7);
    expect(table.lookup6(packet, 25)).toBe(-1);
  });

  test("answers the same after it was cloned to another thread", () => {
    const table = PrefixTable.build(
      entriesOf([
        ["10.244.3.0/24", 3],
        ["fd00:77:0:3::/64", 4],
      ]),
    );
    const there = PrefixTable.from(structuredClone(table.data));
    expect(lookup(there, parseAddress("10.244.3.9"))).toBe(3);
    expect(lookup(there, parseAddress("fd00:77:0:3::9"))).toBe(4);
    expect(lookup(there, parseAddress("10.244.4.9"))).toBe(-1);
  });

  test.each([-1, 0x10000, 1.5, Number.NaN])("refuses the value %d", (value) => {
    expect(() => PrefixTable.build(entriesOf([["10.0.0.0/8", value]]))).toThrow(RangeError);
  });

  test("refuses one prefix with two values", () => {
    expect(() =>
      PrefixTable.build(
        entriesOf([
          ["10.0.0.0/8", 1],
          ["10.0.0.0/8", 2],
        ]),
      ),
    ).toThrow(/10\.0\.0\.0\/8 stands twice/);
  });

  test("allocates nothing in a lookup", () => {
    const table = PrefixTable.build(
      entriesOf([
        ["10.244.3.0/24", 3],
        ["10.244.3.7/32", 4],
        ["fd00:77:0:3::/64", 5],
      ]),
    );
    const six = Uint8Array.from(parseAddress("fd00:77:0:3::9").bytes);
    const lookups = 20_000;
    const growth = heapGrowth(() => {
      for (let i = 0; i < lookups; i++) {
        table.lookup4(0x0af4_0300 + (i & 0xff));
        table.lookup6(six, 0);
      }
    });
    expect(growth).toBeLessThan(lookups * SMALLEST_OBJECT);
  });

  test("takes the memory its comment promises for 5,000 nodes", () => {
    const [pool4, pool6] = [parsePrefix("10.0.0.0/8"), parsePrefix("fd00:77::/48")];
    const nodes = Array.from({ length: 5000 }, (_, value) => value);
    const kib = (entries: PrefixTableEntry[]) => {
      const { top4, nodes: blocks } = PrefixTable.build(entries).data;
      return (top4.byteLength + blocks.byteLength) / 1024;
    };
    expect(kib([])).toBe(257);
    expect(kib(nodes.map((value) => ({ prefix: nthSubnet(pool4, 24, BigInt(value)), value })))).toBe(277);
    expect(kib(nodes.map((value) => ({ prefix: nthSubnet(pool6, 64, BigInt(value)), value })))).toBe(283);
  });
});
