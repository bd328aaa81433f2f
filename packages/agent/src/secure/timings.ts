/** Times of the WireGuard protocol (paper §6.1), in milliseconds. */
export const REKEY_AFTER_MS = 120_000;
export const REJECT_AFTER_MS = 180_000;
export const REKEY_ATTEMPT_MS = 90_000;
export const REKEY_TIMEOUT_MS = 5_000;
export const KEEPALIVE_MS = 10_000;

/** Most that is added at random to the time between two attempts, so that two sides do not stay in step (§6.4). */
export const REKEY_JITTER_MS = 333;

/** Age from which on the initiator makes a new session also when it only receives (§6.2). */
export const REKEY_ON_RECEIVE_MS = REJECT_AFTER_MS - KEEPALIVE_MS - REKEY_TIMEOUT_MS;

/**
 * Age from which on also the side that answered makes a new session when it sends. The paper leaves that to the initiator,
 * who is long done by then; if not, its initiations do not get through, because its key is new and not known here yet,
 * or because something on the way stops them, and the session would end amid packets.
 */
export const REKEY_BY_ANSWERER_MS = REKEY_ON_RECEIVE_MS + REKEY_TIMEOUT_MS;

/** Silence after a packet of ours, after which the peer is taken to have lost its keys (§6.5). */
export const SILENCE_MS = KEEPALIVE_MS + REKEY_TIMEOUT_MS;

/** An initiation that comes sooner after the last one accepted of its peer is a flood (the kernel's 50 a second). */
export const INITIATION_SPACING_MS = 20;

/**
 * How often the shared moments of a peer with a session are looked at. A keepalive may be late by this much; the other
 * side's patience (`SILENCE_MS`) has five seconds more than the wait for one.
 */
export const POLL_MS = 1_000;
