import type { SealingCipher } from "@warren/common/net/cipher.ts";
import { OpensslAead } from "../platform/aead/openssl-aead.ts";
import type { Aead } from "../secure/aead.ts";

/** What the packet path seals and opens with on that arena: OpenSSL, the fastest there is in every Node. */
export function pathAeads(bytes: Uint8Array): Readonly<Record<SealingCipher, Aead>> {
  return {
    "chacha20-poly1305": new OpensslAead("chacha20-poly1305", bytes),
    "aes-256-gcm": new OpensslAead("aes-256-gcm", bytes),
  };
}
