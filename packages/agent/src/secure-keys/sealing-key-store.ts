import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { StaticKey } from "../secure/handshake/static-key.ts";

/** An X25519 key of this node: 32 raw bytes each. */
export interface SealingKey {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  /** As the netmap has it; grows with every new key. */
  readonly epoch: number;
  readonly madeMs: number;
}

/** A key whose time is over, still answered until then (wall clock). */
export interface PreviousKey extends SealingKey {
  readonly untilMs: number;
}

interface NextKey extends SealingKey {
  /** How long the key before it is still answered. */
  readonly overlapMs: number;
}

interface Keys {
  readonly current: SealingKey;
  readonly next: NextKey | null;
  readonly previous: PreviousKey | null;
}

/** A key as JSON has it: the private half in base64, from which the public one follows. */
type Stored<Key> = Omit<Key, "privateKey" | "publicKey"> & { readonly privateKey: string };

interface StoredKeys {
  readonly current: Stored<SealingKey>;
  readonly next: Stored<NextKey> | null;
  readonly previous: Stored<PreviousKey> | null;
}

/** For as long as the peers of a node may need to hear of its new key. */
export const OVERLAP_MS = 5 * 60_000;

/**
 * The keys that this node seals with: made here, and the private halves leave neither the file nor this process. A
 * rotation has two steps, each on the disk before it counts, so that a crash between any two moments loses no packet:
 *
 *     rotate    next is made        peers know current: handshakes begin with it; next is answered, should they know it
 *     confirm   next is current     the control plane has told the peers; previous is answered for a while longer
 *
 * Reads and writes are synchronous; a write that fails (`disk-full`) leaves everything as it was.
 */
export class SealingKeyStore {
  readonly #file: StateFile<StoredKeys>;
  #keys: Keys;

  /**
   * The keys of a data directory; the first is made when there is none.
   * @throws `state-corrupt`; `key-exposed` when others than the owner can read the file; `disk-full`
   */
  constructor(dataDir: string, nowMs: number) {
    this.#file = new StateFile<StoredKeys>({
      path: join(dataDir, "sealing-keys.json"),
      format: "warren-sealing-keys/1",
      what: "the keys that this node seals with",
      wayOut:
        "restore it from a copy; or remove it, and the agent makes a new key, which its peers learn of by themselves",
      secret: {
        holds: "private keys of this node",
        remedy: "remove it and start the agent, which makes a new key",
      },
    });
    const stored = this.#file.read();
    this.#keys = stored
      ? {
          current: restore(stored.current),
          next: stored.next && restore(stored.next),
          previous: stored.previous && restore(stored.previous),
        }
      : { current: { ...newKey(), epoch: 1, madeMs: nowMs }, next: null, previous: null };
    if (!stored) this.#write(this.#keys);
  }

  /** What handshakes begin with. */
  get current(): SealingKey {
    return this.#keys.current;
  }

  /** What is still answered beside it. */
  get previous(): PreviousKey | null {
    return this.#keys.previous;
  }

  /** What the control plane has yet to be told of, or has yet to answer: peers may know it already. */
  get next(): SealingKey | null {
    return this.#keys.next;
  }

  /** What to register with. */
  get offered(): SealingKey {
    return this.#keys.next ?? this.#keys.current;
  }

  /**
   * Makes the key that is to be the next. One that waits already stays, unless there is to be no overlap: who may have
   * the present key may have the one beside it.
   * @param overlapMs how long the present key is still answered once the next is in use; 0 stays 0 until it is
   */
  rotate(nowMs: number, overlapMs: number): void {
    const { current, next } = this.#keys;
    if (next && overlapMs > 0) return;
    this.#write({ ...this.#keys, next: { ...newKey(), epoch: current.epoch + 1, madeMs: nowMs, overlapMs } });
    next?.privateKey.fill(0);
  }

  /**
   * The control plane knows the key, as this epoch.
   * @returns whether anything is different now; false also for a key that is not the offered one
   */
  confirm(publicKey: Uint8Array, epoch: number, nowMs: number): boolean {
    const { current, next, previous } = this.#keys;
    if (Buffer.compare(publicKey, this.offered.publicKey) !== 0) return false;
    if (next) {
      const { overlapMs, ...key } = next;
      const over = overlapMs > 0 ? { ...current, untilMs: nowMs + overlapMs } : null;
      this.#write({ current: { ...key, epoch }, next: null, previous: over });
      previous?.privateKey.fill(0);
      if (!over) current.privateKey.fill(0);
      return true;
    }
    if (current.epoch === epoch) return false;
    this.#write({ ...this.#keys, current: { ...current, epoch } });
    return true;
  }

  /** Forgets the previous key once its time is over. @returns whether it did */
  prune(nowMs: number): boolean {
    const { previous } = this.#keys;
    if (!previous) return false;
    const leftMs = previous.untilMs - nowMs;
    // More than the whole of it is left only when the clock was set back.
    if (leftMs > 0 && leftMs <= OVERLAP_MS) return false;
    this.#write({ ...this.#keys, previous: null });
    previous.privateKey.fill(0);
    return true;
  }

  #write(keys: Keys): void {
    const { current, next, previous } = keys;
    this.#file.write({
      current: toStored(current),
      next: next && toStored(next),
      previous: previous && toStored(previous),
    });
    this.#keys = keys;
  }
}

function newKey(): Pick<SealingKey, "privateKey" | "publicKey"> {
  const key = StaticKey.create(randomBytes(32));
  return { privateKey: key.exportPrivateKey(), publicKey: key.publicKey };
}

function toStored<Key extends SealingKey>(key: Key): Stored<Key> {
  const { privateKey, publicKey: _, ...rest } = key;
  return { ...rest, privateKey: formatSealingKey(privateKey) };
}

function restore<Key extends SealingKey>({ privateKey: text, ...rest }: Stored<Key>): Key {
  const privateKey = new Uint8Array(Buffer.from(text, "base64"));
  return { ...rest, privateKey, publicKey: new StaticKey(privateKey).publicKey } as unknown as Key;
}
