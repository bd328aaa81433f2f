import { parseAddress } from "@warren/common/net/address.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressMap } from "./address-map.ts";
import { encodeSockaddr, SOCKADDR_BYTES } from "./sockaddr.ts";

const addresses = fc.oneof(
  fc.ipV4(),
  fc
    .tuple(fc.nat({ max: 0xffff }), fc.nat({ max: 0xffff }))
    .map(([a, b]) => `fd00::${a.toString(16)}:${b.toString(16)}`),
);

function find(map: AddressMap, text: string): number {
  const name = new Uint8Array(SOCKADDR_BYTES + 3);
  encodeSockaddr(name, 3, parseAddress(text), 4789);
  return map.find(name, 3);
}

test("every address that was put in is found under its index, from any port, and no other is", () => {
  fc.assert(
    fc.property(fc.uniqueArray(addresses, { maxLength: 200, selector: (a) => parseAddress(a).bytes.join() }), (all) => {
      const absent = all.splice(0, all.length >>> 1);
      const map = new AddressMap(AddressMap.build(all.map((text) => parseAddress(text).bytes)).data);
      expect(all.map((text) => find(map, text))).toEqual([...all.keys()]);
      for (const text of absent) expect(find(map, text)).toBe(-1);
    }),
  );
});

test("an IPv4 address and an IPv6 address with the same first bytes are two", () => {
  const map = AddressMap.build([parseAddress("10.0.0.1").bytes]);
  expect(find(map, "10.0.0.1")).toBe(0);
  expect(find(map, "a00:1::")).toBe(-1);
});

test("when an address stands twice, the first counts", () => {
  const { bytes } = parseAddress("10.0.0.1");
  expect(find(AddressMap.build([bytes, bytes]), "10.0.0.1")).toBe(0);
});
