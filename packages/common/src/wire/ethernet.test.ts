import { expect, test } from "vitest";
import { formatMac, parseMac } from "../net/mac.ts";
import {
  checkEthernet,
  ETHERNET_DST,
  ETHERNET_HEADER,
  ETHERNET_SRC,
  ETHERTYPE_ARP,
  encodeEthernet,
  etherType,
  isGroupDestination,
} from "./ethernet.ts";
import { encodeOnPoison } from "./testing/encode-on-poison.ts";
import { goldenWith } from "./testing/golden-packets.ts";

const VXLAN = 8;

test.each(goldenWith("ethernet"))("reads and writes the inner Ethernet header of $name", ({ bytes, fields }) => {
  const macAt = (offset: number) => formatMac(bytes.subarray(VXLAN + offset, VXLAN + offset + 6));
  expect(checkEthernet(bytes, VXLAN, bytes.length - VXLAN)).toBe(true);
  expect(macAt(ETHERNET_DST)).toBe(fields.dst);
  expect(macAt(ETHERNET_SRC)).toBe(fields.src);
  expect(etherType(bytes, VXLAN)).toBe(fields.etherType);
  const written = encodeOnPoison(ETHERNET_HEADER, (buf, offset) =>
    encodeEthernet(buf, offset, { ...fields, dst: parseMac(fields.dst), src: parseMac(fields.src) }),
  );
  expect(written).toEqual(bytes.slice(VXLAN, VXLAN + ETHERNET_HEADER));
});

test("a frame shorter than its header is refused", () => {
  expect(checkEthernet(new Uint8Array(13), 0, 13)).toBe(false);
});

test("broadcast and multicast are group destinations, a locally administered address is not", () => {
  const frame = (dst: string) =>
    encodeOnPoison(ETHERNET_HEADER, (buf, offset) =>
      encodeEthernet(buf, offset, { dst: parseMac(dst), src: parseMac("02:00:00:00:00:01"), etherType: ETHERTYPE_ARP }),
    );
  expect(isGroupDestination(frame("ff:ff:ff:ff:ff:ff"), 0)).toBe(true);
  expect(isGroupDestination(frame("33:33:00:00:00:01"), 0)).toBe(true);
  expect(isGroupDestination(frame("02:00:00:00:00:02"), 0)).toBe(false);
});
