import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";

/** Implementations of `Aead`, fastest first. */
export const IMPLEMENTATIONS = ["openssl", "libsodium", "node-crypto"] as const;
export type Implementation = (typeof IMPLEMENTATIONS)[number];

/** From the smallest packet to the largest datagram there is; 1408 is a full packet of a 1500-byte underlay. */
export const SIZES = [64, 256, 512, 1408, 4096, 8192, 16_384, 65_472] as const;
const QUICK_SIZES = [64, 1408, 16_384] as const;

/** What is measured by itself: sealing and opening take turns in one cell. */
export interface Cell {
  readonly cipher: SealingCipher;
  readonly implementation: Implementation;
  /** Bytes of a message's plaintext. */
  readonly size: number;
  readonly threads: number;
}

export interface CryptoOptions {
  readonly ciphers: readonly SealingCipher[];
  readonly implementations: readonly Implementation[];
  readonly sizes: readonly number[];
  readonly threads: readonly number[];
  readonly repeats: number;
  /** Of one sample of one cell. */
  readonly seconds: number;
}

/** What is measured unless the user chooses; `quick` is done in ten seconds. */
export function defaultOptions(cores: number, quick: boolean): CryptoOptions {
  return {
    ciphers: SEALING_CIPHERS,
    implementations: IMPLEMENTATIONS,
    sizes: quick ? QUICK_SIZES : SIZES,
    threads: quick ? [1] : threadCounts(cores),
    repeats: quick ? 8 : 10,
    seconds: quick ? 0.03 : 0.1,
  };
}

/** 1, 2, 4 … and all cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) counts.push(threads);
  return [...counts, cores];
}

/** Every combination, in the order of the table. */
export function matrix({ ciphers, implementations, sizes, threads }: CryptoOptions): Cell[] {
  return threads.flatMap((count) =>
    ciphers.flatMap((cipher) =>
      implementations.flatMap((implementation) =>
        sizes.map((size) => ({ cipher, implementation, size, threads: count })),
      ),
    ),
  );
}
