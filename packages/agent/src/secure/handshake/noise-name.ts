import type { SealingCipher } from "@warren/common/net/cipher.ts";

const NAMES: Readonly<Record<SealingCipher, string>> = {
  "chacha20-poly1305": "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s",
  "aes-256-gcm": "Noise_IKpsk2_25519_AESGCM_BLAKE2s",
};

/**
 * The protocol's name in the Noise framework (§8): WireGuard's, and the same with the other cipher. It is the first thing
 * that is hashed, so that a handshake under one name never ends under the other: nobody on the way can downgrade.
 */
export function noiseName(cipher: SealingCipher): string {
  return NAMES[cipher];
}

/** Prologue of every handshake (paper §5.4.2, "Identifier"). */
export const IDENTIFIER = Buffer.from("WireGuard v1 zx2c4 Jason@zx2c4.com");
