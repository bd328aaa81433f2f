import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressFromValue, addressValue, formatAddress, type IpFamily, parseAddress } from "./address.ts";
import {
  formatPrefix,
  nthAddress,
  nthSubnet,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
  prefixSize,
  subnetCount,
  subnetIndex,
} from "./prefix.ts";

const anyPrefix = fc.constantFrom<IpFamily>(4, 6).chain((family) => {
  const bits = family === 4 ? 32 : 128;
  return fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), fc.integer({ min: 0, max: bits }))
    .map(([value, length]) => prefixOf(addressFromValue(family, value), length));
});

describe("parsePrefix", () => {
  test.each([
    "10.244.0.0",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "/8",
    "10.0.0.0/-1",
    "010.0.0.0/8",
    "x/8",
  ])("refuses %j", (text) => {
    expect(() => parsePrefix(text)).toThrow(expect.objectContaining({ code: "address-invalid" }));
  });

  test("shows both right forms when host bits are set", () => {
    expect(() => parsePrefix("10.244.7.1/16")).toThrow(/10\.244\.0\.0\/16.*10\.244\.7\.1\/32/);
    expect(() => parsePrefix("fd00:77::1/48")).toThrow(/fd00:77::\/48.*fd00:77::1\/128/);
  });

  test("refuses an IPv4-mapped prefix and shows the IPv4 one", () => {
    expect(() => parsePrefix("::ffff:10.0.0.0/104")).toThrow(/10\.0\.0\.0\/8/);
  });

  test("reads back what formatPrefix writes", () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        fc.pre(!formatPrefix(prefix).startsWith("::ffff:"));
        expect(parsePrefix(formatPrefix(prefix))).toEqual(prefix);
      }),
    );
  });

  test("reads the prefixes of everything", () => {
    expect(formatPrefix(parsePrefix("0.0.0.0/0"))).toBe("0.0.0.0/0");
    expect(formatPrefix(parsePrefix("::/0"))).toBe("::/0");
  });
});

describe("prefixes", () => {
  test("a prefix contains its first and last address and not their neighbours", () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const { family } = prefix.address;
        const first = addressValue(prefix.address);
        const last = first + prefixSize(prefix) - 1n;
        expect(prefixContains(prefix, addressFromValue(family, last))).toBe(true);
        expect(prefixContains(prefix, prefix.address)).toBe(true);
        if (first > 0n) expect(prefixContains(prefix, addressFromValue(family, first - 1n))).toBe(false);
        if ((last + 1n) >> BigInt(family === 4 ? 32 : 128) === 0n)
          expect(prefixContains(prefix, addressFromValue(family, last + 1n))).toBe(false);
      }),
    );
  });

  test("overlap is what comparing first and last addresses says", () => {
    const range = (p: Prefix) => [addressValue(p.address), addressValue(p.address) + prefixSize(p) - 1n] as const;
    fc.assert(
      fc.property(anyPrefix, anyPrefix, (a, b) => {
        const [a0, a1] = range(a);
        const [b0, b1] = range(b);
        const expected = a.address.family === b.address.family && a0 <= b1 && b0 <= a1;
        expect(prefixesOverlap(a, b)).toBe(expected);
        expect(prefixesOverlap(b, a)).toBe(expected);
      }),
    );
  });

  test("an address of the other family is in no prefix", () => {
    expect(prefixContains(parsePrefix("::/0"), parseAddress("10.0.0.1"))).toBe(false);
    expect(prefixesOverlap(parsePrefix("0.0.0.0/0"), parsePrefix("::/0"))).toBe(false);
  });
});

describe("cutting a pool", () => {
  const pool = parsePrefix("10.244.0.0/16");

  test("nthSubnet counts blocks from 0 and refuses what the pool has not", () => {
    expect(formatPrefix(nthSubnet(pool, 24, 0n))).toBe("10.244.0.0/24");
    expect(formatPrefix(nthSubnet(pool, 24, 255n))).toBe("10.244.255.0/24");
    expect(formatPrefix(nthSubnet(parsePrefix("fd00:77::/48"), 64, 65535n))).toBe("fd00:77:0:ffff::/64");
    expect(() => nthSubnet(pool, 24, 256n)).toThrow(RangeError);
    expect(() => nthSubnet(pool, 24, -1n)).toThrow(RangeError);
    expect(() => nthSubnet(pool, 15, 0n)).toThrow(RangeError);
    expect(() => nthSubnet(pool, 33, 0n)).toThrow(RangeError);
  });

  test("subnetCount is 0 when the block would be larger than the pool", () => {
    expect(subnetCount(pool, 24)).toBe(256n);
    expect(subnetCount(pool, 16)).toBe(1n);
    expect(subnetCount(pool, 8)).toBe(0n);
  });

  test("subnetIndex is the inverse of nthSubnet", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 32 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (length, share) => {
        const index = BigInt(Math.floor(Number(subnetCount(pool, length)) * share));
        expect(subnetIndex(pool, nthSubnet(pool, length, index))).toBe(index);
      }),
    );
    expect(subnetIndex(pool, parsePrefix("10.245.0.0/24"))).toBeUndefined();
    expect(subnetIndex(pool, parsePrefix("10.0.0.0/8"))).toBeUndefined();
  });

  test("nthAddress counts from the network address and stays inside", () => {
    const block = parsePrefix("10.244.7.0/24");
    expect(formatAddress(nthAddress(block, 1))).toBe("10.244.7.1");
    expect(formatAddress(nthAddress(block, 255n))).toBe("10.244.7.255");
    expect(() => nthAddress(block, 256)).toThrow(RangeError);
    expect(() => nthAddress(block, -1)).toThrow(RangeError);
  });
});
