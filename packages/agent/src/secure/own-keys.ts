import type { StaticKey } from "./handshake/static-key.ts";

/** A static key of this node, and the number that rises by one with each rotation. */
export interface OwnKey {
  readonly epoch: number;
  readonly key: StaticKey;
}

/**
 * New handshakes begin with `current`. During a rotation initiations to `previous` are still answered, for the peers whose
 * netmap does not name the new key yet, and those to `next`: the control plane may have told the peers of it and fallen
 * silent before this node heard the answer. The private halves stay the owner's: it wipes them once they are not in here.
 */
export interface OwnKeys {
  readonly current: OwnKey;
  readonly previous: OwnKey | null;
  readonly next?: OwnKey | null;
}
