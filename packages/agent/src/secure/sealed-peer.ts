import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { Endpoint } from "./session.ts";

/** A peer to have sessions with, as the netmap tells of it. */
export interface SealedPeer {
  /** The peer's place among counters and in `Activity`: stays the same while the peer is known. */
  readonly slot: number;
  readonly nodeId: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, which both sides have to have; null without one. */
  readonly psk: Uint8Array | null;
  /** What new sessions are made with. */
  readonly cipher: SealingCipher;
  /** What the peer's initiations may be made with: while the cipher changes, the old one as well. */
  readonly acceptedCiphers: readonly SealingCipher[];
  /** Where the peer is; null when only its first message will tell. */
  readonly endpoint: Endpoint | null;
  /** An empty message is sent after so long a silence, for the sake of a NAT on the way; 0 for none. */
  readonly persistentKeepaliveMs: number;
  /** Whether the peer is where its last authentic message came from, rather than where the netmap says. */
  readonly allowRoaming: boolean;
}
