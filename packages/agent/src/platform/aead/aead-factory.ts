import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Aead } from "../../secure/aead.ts";
import { OpensslAead } from "./openssl-aead.ts";
import { ReferenceAead } from "./reference-aead.ts";

export const AEAD_IMPLEMENTATIONS = ["openssl", "reference"] as const;

export type AeadImplementation = (typeof AEAD_IMPLEMENTATIONS)[number];

/** An `Aead` of the named implementation on `bytes`. */
export function openAead(implementation: AeadImplementation, cipher: SealingCipher, bytes: Uint8Array): Aead {
  return implementation === "openssl" ? new OpensslAead(cipher, bytes) : new ReferenceAead(cipher, bytes);
}
