/** Why a handshake message was not taken. The name is the label in status and metrics. */
export const REFUSALS = [
  /** No handshake message by type, reserved bytes and length. */
  "malformed",
  /** Made for another public key than ours: mac1 is wrong. */
  "mac1",
  /** Under load: no valid cookie, and more of such than is answered with one. */
  "load",
  /** Under load: the cookie is valid, but its address asks for too many handshakes. */
  "limited",
  /** A response or cookie reply to nothing that we sent. */
  "unknown-index",
  /** Forged, or made with another cipher or pre-shared key than we have for the peer. */
  "not-authentic",
  /** An authentic initiation of a key that is no peer's. */
  "unknown-peer",
  /** An initiation under the name of a cipher that is not taken from this peer. */
  "cipher",
  /** Its timestamp is not later than the last of this peer. */
  "replayed",
  /** Its timestamp lies more than ten minutes ahead of our clock: the peer's or ours is wrong. */
  "future",
  /** It came within 20 ms of the last one of this peer. */
  "flood",
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** What was sent, received and refused; of one peer, or of all and of nobody known. */
export interface HandshakeCounters {
  initiationsSent: number;
  initiationsReceived: number;
  responsesSent: number;
  responsesReceived: number;
  cookieRepliesSent: number;
  cookieRepliesReceived: number;
  /** Attempts that nobody answered for 90 s. */
  givenUp: number;
  readonly refused: Record<Refusal, number>;
}

/** All at zero. */
export function createHandshakeCounters(): HandshakeCounters {
  return {
    initiationsSent: 0,
    initiationsReceived: 0,
    responsesSent: 0,
    responsesReceived: 0,
    cookieRepliesSent: 0,
    cookieRepliesReceived: 0,
    givenUp: 0,
    refused: Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>,
  };
}
