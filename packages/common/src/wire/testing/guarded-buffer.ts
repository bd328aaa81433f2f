/**
 * A view for tests of decoders: bytes `offset`…`offset + bytes.length` of a larger buffer, where any read outside of
 * them, and any write at all, throws. So "never reads outside" is tested, not only "returns the right thing".
 */
export interface GuardedBuffer {
  readonly buf: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

export function guardedBuffer(bytes: Uint8Array, offset = 7): GuardedBuffer {
  const inside = new Uint8Array(offset + bytes.length + 64).fill(0xa5);
  inside.set(bytes, offset);
  const buf = new Proxy(inside, {
    get(target, key) {
      const index = typeof key === "string" ? Number(key) : Number.NaN;
      if (!Number.isInteger(index)) throw new Error(`a decoder touched ${String(key)} of the buffer`);
      if (index < offset || index >= offset + bytes.length) {
        throw new Error(`read of byte ${index - offset} of a packet of ${bytes.length}`);
      }
      return target[index];
    },
    set(_target, key) {
      throw new Error(`a decoder wrote to ${String(key)}`);
    },
  });
  return { buf, offset, length: bytes.length };
}
