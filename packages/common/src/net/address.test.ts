import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import {
  addressFromValue,
  addressPlus,
  addressToU32,
  addressValue,
  compareAddresses,
  formatAddress,
  parseAddress,
} from "./address.ts";

const value4 = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n });
const value6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
/** Many zero groups, where the shortening of RFC 5952 is decided. */
const sparse6 = fc
  .array(fc.constantFrom(0n, 0n, 1n, 0xabcdn), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n));

const canonical = (text: string) => formatAddress(parseAddress(text));

describe("parseAddress", () => {
  test.each([
    "010.0.0.1",
    "1.2.3",
    "10.1",
    "0xa000001",
    "167772161",
    "256.0.0.1",
    "1.2.3.4.5",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4/32",
    "",
    "example",
    "fe80::1%eth0",
    "::%",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "12345::",
    "[::1]",
    "::ffff:010.0.0.1",
    "::ffff:0x1.2.3.4",
    "::ffff:1.2.3",
    "::1.2.3.256",
    "1.2.3.4::",
  ])("refuses %j", (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "address-invalid" }));
  });

  test("says why a zone or a prefix is not an address", () => {
    expect(() => parseAddress("fe80::1%eth0")).toThrow(/leave out the zone/);
    expect(() => parseAddress("10.0.0.0/8")).toThrow(/not a prefix/);
  });

  test("takes an IPv4-mapped address for the IPv4 address, so that both spellings of a peer are one", () => {
    expect(parseAddress("::ffff:10.0.0.1")).toEqual(parseAddress("10.0.0.1"));
    expect(parseAddress("::FFFF:a00:1")).toEqual(parseAddress("10.0.0.1"));
  });

  test("does not take an IPv4-compatible address for a mapped one", () => {
    expect(canonical("::1.2.3.4")).toBe("::102:304");
    expect(canonical("64:ff9b::192.0.2.33")).toBe("64:ff9b::c000:221");
  });
});

describe("formatAddress", () => {
  test.each([
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // the first of two equal runs
    ["2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // one zero group is not shortened
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["fd00:77:0:0:0:0:0:0", "fd00:77::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["255.255.255.255", "255.255.255.255"],
  ])("writes %s as %s (RFC 5952)", (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test("keeps the dotted tail of mapped bytes", () => {
    expect(formatAddress(addressFromValue(6, 0xffff_0a00_0001n))).toBe("::ffff:10.0.0.1");
  });

  test("agrees with ipaddr.js on every other IPv6 address", () => {
    fc.assert(
      fc.property(fc.oneof(value6, sparse6), (value) => {
        fc.pre(value >> 32n !== 0xffffn);
        const address = addressFromValue(6, value);
        const theirs = new ipaddr.IPv6([...address.bytes]).toRFC5952String();
        expect(formatAddress(address)).toBe(theirs);
        expect(parseAddress(theirs)).toEqual(address);
      }),
    );
  });

  test("is read back as the same IPv4 address", () => {
    fc.assert(
      fc.property(value4, (value) => {
        const address = addressFromValue(4, value);
        expect(parseAddress(formatAddress(address))).toEqual(address);
        expect(addressToU32(address)).toBe(Number(value));
      }),
    );
  });
});

describe("address arithmetic", () => {
  test("addressPlus adds across byte borders and back again", () => {
    expect(formatAddress(addressPlus(parseAddress("10.0.255.255"), 1))).toBe("10.1.0.0");
    expect(formatAddress(addressPlus(parseAddress("fd00::"), -1n))).toBe("fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  });

  test("addressPlus does not wrap around", () => {
    expect(() => addressPlus(parseAddress("255.255.255.255"), 1)).toThrow(RangeError);
    expect(() => addressPlus(parseAddress("::"), -1)).toThrow(RangeError);
  });

  test("an IPv6 address is no 32-bit number", () => {
    expect(() => addressToU32(parseAddress("::1"))).toThrow(RangeError);
  });

  test("compareAddresses orders by family, then by value", () => {
    fc.assert(
      fc.property(value6, value6, (a, b) => {
        const order = compareAddresses(addressFromValue(6, a), addressFromValue(6, b));
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
    expect(compareAddresses(parseAddress("255.0.0.0"), parseAddress("::"))).toBeLessThan(0);
  });

  test("addressValue is the inverse of addressFromValue", () => {
    fc.assert(
      fc.property(value6, (value) => {
        expect(addressValue(addressFromValue(6, value))).toBe(value);
      }),
    );
  });
});
