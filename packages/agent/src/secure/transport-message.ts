/**
 * A transport message (WireGuard paper §5.4.6): what a packet is inside of, once it is sealed.
 *
 *     0 type = 4, three zero octets   4 receiver's index   8 counter, 64 bits   16 ciphertext … tag (16)
 *
 * All numbers little-endian.
 */
export const TRANSPORT_TYPE = 4;
export const TRANSPORT_INDEX = 4;
export const TRANSPORT_COUNTER = 8;
export const TRANSPORT_HEADER = 16;
