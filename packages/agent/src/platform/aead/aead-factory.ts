import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import type { Aead } from "../../secure/aead.ts";
import { OpensslAead } from "./openssl-aead.ts";
import { ReferenceAead } from "./reference-aead.ts";
import { SodiumAead } from "./sodium-aead.ts";
import { loadSodium } from "./sodium-heap.ts";

/** From the fastest. */
export const AEAD_IMPLEMENTATIONS = ["openssl", "sodium", "reference"] as const;

export type AeadImplementation = (typeof AEAD_IMPLEMENTATIONS)[number];

/** What this host has of an implementation and a cipher. */
export interface AeadOffer {
  readonly implementation: AeadImplementation;
  readonly cipher: SealingCipher;
  /** Why it is not to be had; undefined when it is. */
  readonly missing: string | undefined;
}

/**
 * The named implementation of the cipher, on `bytes`.
 *
 * @throws `cipher-missing` with the reason when this host does not have it
 */
export async function openAead(
  implementation: AeadImplementation,
  cipher: SealingCipher,
  bytes: Uint8Array,
): Promise<Aead> {
  try {
    if (implementation === "openssl") return new OpensslAead(cipher, bytes);
    if (implementation === "reference") return new ReferenceAead(cipher, bytes);
    if (cipher === "aes-256-gcm") throw new Error("libsodium has no AES-256-GCM in WebAssembly");
    return new SodiumAead(await loadSodium(), bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WarrenError("cipher-missing", `${cipher} of ${implementation} cannot be used on this host: ${reason}`, {
      cause,
    });
  }
}

/** Every implementation of every cipher, the fastest first, and what this host has of them. */
export async function listAeads(): Promise<AeadOffer[]> {
  const pairs = AEAD_IMPLEMENTATIONS.flatMap((implementation) =>
    SEALING_CIPHERS.map((cipher) => ({ implementation, cipher })),
  );
  return Promise.all(pairs.map(async (pair) => ({ ...pair, missing: await whyMissing(pair) })));
}

async function whyMissing(pair: Omit<AeadOffer, "missing">): Promise<string | undefined> {
  try {
    await openAead(pair.implementation, pair.cipher, new Uint8Array(0));
    return undefined;
  } catch (error) {
    return WarrenError.from(error).message;
  }
}
