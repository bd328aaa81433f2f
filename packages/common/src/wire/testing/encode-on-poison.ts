const MARGIN = 16;

/**
 * Runs an encoder on a buffer full of 0xa5 and on one full of 0x5a and returns the `length` bytes it wrote. Throws when
 * it left one of them as it was, or wrote outside of them.
 */
export function encodeOnPoison(length: number, encode: (buf: Uint8Array, offset: number) => void): Uint8Array {
  const [first, second] = [0xa5, 0x5a].map((poison) => {
    const buf = new Uint8Array(length + 2 * MARGIN).fill(poison);
    encode(buf, MARGIN);
    const outside = [...buf.subarray(0, MARGIN), ...buf.subarray(MARGIN + length)];
    if (outside.some((byte) => byte !== poison)) throw new Error("the encoder wrote outside of its header");
    return buf.slice(MARGIN, MARGIN + length);
  }) as [Uint8Array, Uint8Array];
  const left = first.findIndex((byte, i) => byte !== second[i]);
  if (left >= 0) throw new Error(`the encoder did not write byte ${left}`);
  return first;
}
