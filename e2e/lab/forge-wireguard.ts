/** Messages of the WireGuard protocol built by hand, with any field wrong: what an attacker would send. */
import { randomBytes } from "node:crypto";
import { setMac1 } from "@warren/agent/secure/handshake/mac.ts";
import { mac1Key } from "@warren/agent/secure/handshake/static-key.ts";
import {
  INITIATION,
  INITIATION_BYTES,
  RESPONSE,
  RESPONSE_BYTES,
  RESPONSE_RECEIVER,
  TRANSPORT,
  TRANSPORT_COUNTER,
  TRANSPORT_HEADER,
  TRANSPORT_RECEIVER,
} from "@warren/common/wire/wireguard.ts";

/**
 * An initiation of nobody: noise, but for a `mac1` that shows knowledge of the receiver's public key, so that it costs the
 * receiver a key agreement.
 */
export function forgeInitiation(receiver: Uint8Array): Buffer {
  return withMac1(header(INITIATION, INITIATION_BYTES), receiver);
}

/** A response of nobody to the initiation with that index. */
export function forgeResponse(receiver: Uint8Array, index: number): Buffer {
  const message = header(RESPONSE, RESPONSE_BYTES);
  message.writeUInt32LE(index, RESPONSE_RECEIVER);
  return withMac1(message, receiver);
}

/** A transport message that names a session, with noise where something sealed should be. */
export function forgeTransport(index: number, counter: number, length: number): Buffer {
  const message = header(TRANSPORT, TRANSPORT_HEADER + length);
  message.writeUInt32LE(index, TRANSPORT_RECEIVER);
  message.writeBigUInt64LE(BigInt(counter), TRANSPORT_COUNTER);
  return message;
}

function header(type: number, length: number): Buffer {
  const message = randomBytes(length);
  message.writeUInt32LE(type, 0);
  return message;
}

function withMac1(message: Buffer, receiver: Uint8Array): Buffer {
  setMac1(message, mac1Key(receiver));
  return message;
}
