/**
 * Messages of WireGuard (paper §5.4). The numbers of a message are little-endian, unlike those of every other header here.
 *
 *   1 initiation              2 response                3 cookie reply            4 transport
 *    0  1, 0 0 0               0  2, 0 0 0               0  3, 0 0 0               0  4, 0 0 0
 *    4  sender index           4  sender index           4  receiver index         4  receiver index
 *    8  ephemeral    32        8  receiver index         8  nonce        24        8  counter       8
 *   40  static       32 + 16  12  ephemeral    32       32  cookie       16 + 16  16  packet, padded to 16
 *   88  timestamp    12 + 16  44  nothing       0 + 16  64                            tag          16
 *  116  mac1         16       60  mac1         16
 *  132  mac2         16       76  mac2         16
 *  148                        92
 *
 * An index is four bytes; "+ 16" is the tag of what is sealed.
 */
export const WIREGUARD_TYPE = 0;

export const INITIATION = 1;
export const RESPONSE = 2;
export const COOKIE_REPLY = 3;
export const TRANSPORT = 4;

export const INITIATION_BYTES = 148;
export const INITIATION_SENDER = 4;
/** From here to `INITIATION_MAC1`: the first message of the Noise handshake. */
export const INITIATION_NOISE = 8;
export const INITIATION_MAC1 = 116;
export const INITIATION_MAC2 = 132;

export const RESPONSE_BYTES = 92;
export const RESPONSE_SENDER = 4;
export const RESPONSE_RECEIVER = 8;
/** From here to `RESPONSE_MAC1`: the second message of the Noise handshake. */
export const RESPONSE_NOISE = 12;
export const RESPONSE_MAC1 = 60;
export const RESPONSE_MAC2 = 76;

export const COOKIE_REPLY_BYTES = 64;
export const COOKIE_REPLY_RECEIVER = 4;
export const COOKIE_REPLY_NONCE = 8;
export const COOKIE_REPLY_COOKIE = 32;

export const TRANSPORT_RECEIVER = 4;
export const TRANSPORT_COUNTER = 8;
export const TRANSPORT_HEADER = 16;
export const TRANSPORT_TAG = 16;
/** Packets are padded with zeros to a multiple of this, but never beyond the MTU. */
export const TRANSPORT_PADDING = 16;
/** The length of a keepalive, which carries no packet, and the least of any transport message. */
export const KEEPALIVE_BYTES = TRANSPORT_HEADER + TRANSPORT_TAG;

/** UDP port, by custom. */
export const WIREGUARD_PORT = 51820;

export type HandshakeType = typeof INITIATION | typeof RESPONSE | typeof COOKIE_REPLY;
export type WireGuardType = HandshakeType | typeof TRANSPORT;

/**
 * What the UDP payload of `length` bytes at `offset` claims to be; 0 when its length or one of the three reserved bytes,
 * which are zero, is wrong for every type.
 */
export function wireGuardType(buf: Uint8Array, offset: number, length: number): WireGuardType | 0 {
  if (length < KEEPALIVE_BYTES) return 0;
  switch (readU32Le(buf, offset + WIREGUARD_TYPE)) {
    case TRANSPORT:
      return TRANSPORT;
    case INITIATION:
      return length === INITIATION_BYTES ? INITIATION : 0;
    case RESPONSE:
      return length === RESPONSE_BYTES ? RESPONSE : 0;
    case COOKIE_REPLY:
      return length === COOKIE_REPLY_BYTES ? COOKIE_REPLY : 0;
    default:
      return 0;
  }
}

/** Writes the 16 bytes before a sealed packet; the counter is `high * 2^32 + low`. */
export function encodeTransport(buf: Uint8Array, offset: number, receiver: number, low: number, high: number): void {
  writeU32Le(buf, offset + WIREGUARD_TYPE, TRANSPORT);
  writeU32Le(buf, offset + TRANSPORT_RECEIVER, receiver);
  writeU32Le(buf, offset + TRANSPORT_COUNTER, low);
  writeU32Le(buf, offset + TRANSPORT_COUNTER + 4, high);
}

export function readU32Le(buf: Uint8Array, offset: number): number {
  return (buf[offset]! | (buf[offset + 1]! << 8) | (buf[offset + 2]! << 16) | (buf[offset + 3]! << 24)) >>> 0;
}

export function writeU32Le(buf: Uint8Array, offset: number, value: number): void {
  buf[offset] = value;
  buf[offset + 1] = value >>> 8;
  buf[offset + 2] = value >>> 16;
  buf[offset + 3] = value >>> 24;
}
