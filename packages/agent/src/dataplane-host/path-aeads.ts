import { SEALING_CIPHERS, type SealingCipher } from "@warren/common/net/cipher.ts";
import { openAead } from "../platform/aead/aead-factory.ts";
import type { Aead } from "../secure/aead.ts";

/** What the packet path seals and opens with on that arena: OpenSSL, the fastest there is in every Node. */
export function pathAeads(bytes: Uint8Array): Readonly<Record<SealingCipher, Aead>> {
  const entries = SEALING_CIPHERS.map((cipher) => [cipher, openAead("openssl", cipher, bytes)] as const);
  return Object.fromEntries(entries) as Record<SealingCipher, Aead>;
}
