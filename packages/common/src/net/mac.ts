import { WarrenError } from "../errors/warren-error.ts";

/**
 * Reads `02:1a:2b:3c:4d:5e`, upper or lower case.
 *
 * @returns 6 bytes.
 * @throws WarrenError `address-invalid`
 */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    const expected = "expected six pairs of hexadecimal digits, such as 02:1a:2b:3c:4d:5e";
    throw new WarrenError("address-invalid", `${JSON.stringify(text)} is not an Ethernet address: ${expected}`);
  }
  return Uint8Array.from(text.split(":"), (pair) => Number.parseInt(pair, 16));
}

/** Lower case, with colons. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
