import { timingSafeEqual } from "node:crypto";
import { INITIATION_BYTES, RESPONSE_BYTES } from "@warren/common/wire/wireguard.ts";
import { MAC_BYTES, mac } from "./blake2s.ts";
import type { StaticKey } from "./static-key.ts";

/**
 * The two fields at the end of an initiation and of a response (paper §5.4.4). mac1 proves that the sender knows the
 * receiver's public key: who does not gets no answer and costs no key agreement. mac2 proves, under load, that the
 * sender receives what is sent to its address.
 *
 *     │ type, index …          │ mac1  16 │ mac2  16 │
 *     ├────── under mac1 ──────┤          │
 *     ├───────────── under mac2 ──────────┤
 */
export function setMac1(message: Uint8Array, key: Uint8Array): void {
  const at = message.length - 2 * MAC_BYTES;
  message.set(mac(key, message.subarray(0, at)), at);
}

/** Whether the message was made for this key. False also for what is neither an initiation nor a response. */
export function checkMac1(local: StaticKey, message: Uint8Array): boolean {
  if (!hasMacs(message)) return false;
  const at = message.length - 2 * MAC_BYTES;
  return timingSafeEqual(mac(local.mac1Key, message.subarray(0, at)), mac1Of(message));
}

export function mac1Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - 2 * MAC_BYTES, message.length - MAC_BYTES);
}

/** @param cookie 16 bytes, from the receiver */
export function setMac2(message: Uint8Array, cookie: Uint8Array): void {
  const at = message.length - MAC_BYTES;
  message.set(mac(cookie, message.subarray(0, at)), at);
}

/** Whether the sender has the cookie. */
export function checkMac2(message: Uint8Array, cookie: Uint8Array): boolean {
  if (!hasMacs(message)) return false;
  const at = message.length - MAC_BYTES;
  return timingSafeEqual(mac(cookie, message.subarray(0, at)), message.subarray(at));
}

function hasMacs(message: Uint8Array): boolean {
  return message.length === INITIATION_BYTES || message.length === RESPONSE_BYTES;
}
