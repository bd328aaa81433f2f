/** How traffic between nodes is sealed. A setting of the cluster; a pair of nodes may have another than `none`. */
export const CIPHERS = ["none", "chacha20-poly1305", "aes-256-gcm"] as const;

export type Cipher = (typeof CIPHERS)[number];

/** A cipher that seals: a session has one of these. */
export type SealingCipher = Exclude<Cipher, "none">;

export const SEALING_CIPHERS = ["chacha20-poly1305", "aes-256-gcm"] as const satisfies readonly SealingCipher[];

/** The one cipher of the WireGuard protocol: foreign peers know no other. */
export const WIREGUARD_CIPHER = "chacha20-poly1305" satisfies SealingCipher;

/** UDP port of sealed traffic where nothing else was said: WireGuard's. */
export const SEALED_PORT = 51820;

/** Whether a cluster with this cipher seals its traffic. What is not known counts as a cipher: it fails closed. */
export function isSealed(cipher: string): boolean {
  return cipher !== "" && cipher !== "none";
}
