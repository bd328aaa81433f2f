import type { SealingCipher } from "@warren/common/net/cipher.ts";
import type { HandshakeCounters, Refusal } from "./handshake-counters.ts";
import type { Peer } from "./peer.ts";
import type { Endpoint } from "./session.ts";
import type { HeldSession } from "./session-set.ts";

/**
 * - `idle`: no session, and nobody wants one
 * - `handshaking`: no session; an initiation was sent or waits for its turn
 * - `up`: a session is in use
 * - `renewing`: one is in use while the next is made
 */
export type SealedState = "idle" | "handshaking" | "up" | "renewing";

/** How things stand with one peer. Moments are of the monotonic clock; 0 is never. */
export interface SealedPeerStatus {
  readonly slot: number;
  readonly nodeId: string;
  readonly state: SealedState;
  /** Of the session in use; without one, what the next will have. */
  readonly cipher: SealingCipher;
  /** Epoch of our static key in the session in use; null without one. */
  readonly keyEpoch: number | null;
  readonly endpoint: Endpoint | null;
  readonly lastHandshakeMs: number;
  /** Initiations of the attempt that is under way. */
  readonly attempts: number;
  readonly sessions: {
    readonly previous: HeldSession | null;
    readonly current: HeldSession | null;
    readonly next: HeldSession | null;
  };
  readonly counters: HandshakeCounters;
  readonly lastRefusal: { readonly reason: Refusal; readonly atMs: number } | null;
}

/** A copy of how things stand; the peer goes on without it. */
export function peerStatus(peer: Peer): SealedPeerStatus {
  const { config, sessions, timers } = peer;
  const { previous, current, next } = sessions;
  return {
    slot: config.slot,
    nodeId: config.nodeId,
    state: stateOf(peer),
    cipher: current?.cipher ?? config.cipher,
    keyEpoch: current?.keyEpoch ?? null,
    endpoint: peer.endpoint,
    lastHandshakeMs: peer.lastHandshakeMs,
    attempts: timers.attempts,
    sessions: { previous, current, next },
    counters: { ...peer.counters, refused: { ...peer.counters.refused } },
    lastRefusal: peer.lastRefusal,
  };
}

function stateOf(peer: Peer): SealedState {
  const tries = peer.pending !== null || peer.turnMs !== null;
  if (peer.sessions.current !== null) return tries ? "renewing" : "up";
  return tries ? "handshaking" : "idle";
}
