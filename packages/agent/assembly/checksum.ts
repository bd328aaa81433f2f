// The Internet checksum (RFC 1071) over the arena, 16 bytes at a time.
//
// All sums are in the byte order of WebAssembly (little-endian words), which RFC 1071 §2(B) allows: the folded result,
// stored little-endian, is the right field. So a sum made here must never meet one made from big-endian words.

/** Adds `length` bytes at `at` to a running sum that is not folded. An odd last byte counts as if a zero followed. */
export function sumBytes(at: usize, length: usize, sum: u64): u64 {
  // A lane takes at most 2 × 0xffff a step and 64 KiB are 4,096 steps, so 32 bits do not overflow.
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let rest = length;
  while (rest >= 32) {
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16)));
    at += 32;
    rest -= 32;
  }
  if (rest >= 16) {
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    at += 16;
    rest -= 16;
  }
  sum += sumLanes(i32x4.add(a, b));
  if (rest & 8) {
    sum += <u64>load<u32>(at) + <u64>load<u32>(at, 4);
    at += 8;
  }
  if (rest & 4) {
    sum += <u64>load<u32>(at);
    at += 4;
  }
  if (rest & 2) {
    sum += <u64>load<u16>(at);
    at += 2;
  }
  if (rest & 1) sum += <u64>load<u8>(at);
  return sum;
}

/**
 * Moves `length` bytes from `from` to `to`, with `to >= from`, and adds them to a running sum: one pass over memory
 * instead of two. It works from the end to the front, so the ranges may overlap.
 */
export function moveUpAndSum(to: usize, from: usize, length: usize, sum: u64): u64 {
  let rest = length & ~15;
  let tail = length & 15;
  if (tail) {
    // Read all of the tail before a byte of it is written.
    let at = from + rest;
    let put = to + rest;
    let eight: u64 = 0, four: u32 = 0, two: u16 = 0, one: u8 = 0;
    if (tail & 8) { eight = load<u64>(at); at += 8; }
    if (tail & 4) { four = load<u32>(at); at += 4; }
    if (tail & 2) { two = load<u16>(at); at += 2; }
    if (tail & 1) one = load<u8>(at);
    if (tail & 8) { store<u64>(put, eight); put += 8; }
    if (tail & 4) { store<u32>(put, four); put += 4; }
    if (tail & 2) { store<u16>(put, two); put += 2; }
    if (tail & 1) store<u8>(put, one);
    sum += (eight & 0xffffffff) + (eight >> 32) + <u64>four + <u64>two + <u64>one;
  }
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  while (rest >= 32) {
    rest -= 32;
    const high = v128.load(from + rest, 16);
    const low = v128.load(from + rest);
    v128.store(to + rest, high, 16);
    v128.store(to + rest, low);
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(high));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(low));
  }
  if (rest) {
    const last = v128.load(from);
    v128.store(to, last);
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(last));
  }
  return sum + sumLanes(i32x4.add(a, b));
}

// @ts-ignore: decorator
@inline
function sumLanes(v: v128): u64 {
  return <u64>i32x4.extract_lane(v, 0) + <u64>i32x4.extract_lane(v, 1)
    + <u64>i32x4.extract_lane(v, 2) + <u64>i32x4.extract_lane(v, 3);
}

/** The sum folded to 16 bits, not inverted. */
// @ts-ignore: decorator
@inline
export function fold(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u32>sum;
}

/** A 16-bit number as the little-endian word a big-endian field of it would be. */
// @ts-ignore: decorator
@inline
export function word(value: u32): u64 {
  return <u64>bswap<u16>(<u16>value);
}

/** Pseudo header of TCP or UDP (RFC 9293 §3.1, RFC 8200 §8.1); `ip` is the start of the IP header. */
export function pseudoHeader(ip: usize, v6: bool, protocol: u32, length: u32): u64 {
  if (v6) {
    const addresses = sumBytes(ip + 8, 32, 0);
    return addresses + word(length >> 16) + word(length & 0xffff) + word(protocol);
  }
  return <u64>load<u32>(ip, 12) + <u64>load<u32>(ip, 16) + word(length) + word(protocol);
}

/** Offset of the checksum in a UDP header, and so the `csum_offset` that tells UDP from all others. */
const UDP_CHECKSUM: u32 = 6;

/**
 * A transport checksum as it goes on the wire. Zero means "no checksum" in UDP and nothing but zero elsewhere: 0xffff, the
 * same number, is written for UDP only (RFC 768; RFC 1624 §3 for the others).
 */
// @ts-ignore: decorator
@inline
export function onWire(sum: u64, field: u32): u16 {
  const value = ~fold(sum) & 0xffff;
  return <u16>(value == 0 && field == UDP_CHECKSUM ? 0xffff : value);
}

/**
 * Does what the kernel left to the device (`VIRTIO_NET_HDR_F_NEEDS_CSUM`): `length` bytes from `at` are summed, with the
 * pseudo header that the field already holds, and the result goes to `at + field`.
 */
export function completeChecksum(at: usize, length: u32, field: u32): void {
  store<u16>(at + field, onWire(sumBytes(at, length, 0), field));
}

/** True when `length` bytes at `at`, checksum field included, together with `sum` are right. */
// @ts-ignore: decorator
@inline
export function isRight(at: usize, length: usize, sum: u64): bool {
  return fold(sumBytes(at, length, sum)) == 0xffff;
}
