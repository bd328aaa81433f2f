import { describe, expect, test } from "vitest";
import { formatMac, parseMac } from "./mac.ts";

describe("parseMac", () => {
  test("reads either case, formatMac writes lower case", () => {
    expect(parseMac("02:1A:2b:00:0F:ff")).toEqual(Uint8Array.of(2, 0x1a, 0x2b, 0, 0x0f, 0xff));
    expect(formatMac(parseMac("02:1A:2b:00:0F:ff"))).toBe("02:1a:2b:00:0f:ff");
  });

  test.each([
    "",
    "02:1a:2b:3c:4d",
    "02:1a:2b:3c:4d:5e:6f",
    "2:1a:2b:3c:4d:5e",
    "02-1a-2b-3c-4d-5e",
    "02:1a:2b:3c:4d:5g",
  ])("refuses %j", (text) => {
    expect(() => parseMac(text)).toThrow(expect.objectContaining({ code: "address-invalid" }));
  });
});
