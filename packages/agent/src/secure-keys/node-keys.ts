import type { KeysInfo, KeyTraffic } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatSealingKey } from "@warren/common/identity/sealing-key.ts";
import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import { OVERLAP_MS, type SealingKeyStore } from "./sealing-key-store.ts";

export interface NodeKeysOptions {
  readonly store: SealingKeyStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registers the node anew; resolves when the control plane has answered and `registered` was called. */
  readonly register: () => Promise<void>;
  /** What became of packets that were sealed to this node, by the epoch of the key. */
  readonly traffic: () => readonly KeyTraffic[];
  /** The keys in use are others now: handshakes go by the store's `current`, `previous` and `next`. */
  readonly onChange: () => void;
}

/** The life of this node's sealing keys: told to the control plane, rotated, and forgotten in time. */
export class NodeKeys {
  readonly #options: NodeKeysOptions;
  #cancelPrune: () => void = () => {};
  #rotating: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  /** Why the last answer of the control plane could not be kept. */
  #fault: WarrenError | null = null;

  constructor(options: NodeKeysOptions) {
    this.#options = options;
    this.#prune();
  }

  /** What to register with: 32 bytes. */
  get offered(): Uint8Array {
    return this.#options.store.offered.publicKey;
  }

  /**
   * The control plane's answer to a registration: the entry of this node. Where it cannot be kept (a full disk), the keys
   * stay as they are, and the next registration brings it again.
   */
  registered({ sealing_key, key_epoch }: NodeMessage): void {
    const { store, clock, logger, onChange } = this.#options;
    const before = store.current;
    this.#fault = null;
    try {
      if (!store.confirm(sealing_key, key_epoch, clock.nowMs())) return;
    } catch (error) {
      this.#fault = WarrenError.from(error);
      logger.warn({ err: this.#fault }, "the sealing key could not be changed");
      return;
    }
    if (store.current !== before) logger.info({ epoch: store.current.epoch }, "sealing with a new key");
    this.#prune();
    onChange();
  }

  /**
   * Has the node seal with a new key. Peers learn of it through the netmap, and what they seal to the old one is opened
   * for five minutes more.
   * @param now the old key is forgotten at once: packets on their way to it are lost
   * @throws what the registration throws; the new key then waits, and is told when the control plane answers again
   */
  rotate(options: { readonly now: boolean }): Promise<KeysInfo> {
    // One after the other: the answer for one key says nothing of the next.
    const mine = this.#rotating.then(() => this.#rotate(options));
    this.#rotating = mine.catch(() => {});
    return mine;
  }

  async #rotate({ now }: { readonly now: boolean }): Promise<KeysInfo> {
    const { store, clock, register, onChange } = this.#options;
    store.rotate(clock.nowMs(), now ? 0 : OVERLAP_MS);
    // Answered before anybody is told of it: peers may hear of it earlier than this node hears that they do.
    onChange();
    try {
      await register();
    } catch (thrown) {
      const isStopped = thrown instanceof Error && thrown.name === "AbortError";
      const error = isStopped
        ? new WarrenError("not-ready", "this agent is being stopped", { cause: thrown })
        : WarrenError.from(thrown);
      const rest = "the new key is made and waits until the control plane has taken it; until then the old one is used";
      throw new WarrenError(error.code, `${error.message}; ${rest}`, { cause: thrown });
    }
    if (this.#fault) throw this.#fault;
    if (store.next)
      throw new WarrenError(
        "version-mismatch",
        "the control plane does not know of sealing keys: it is older than this node",
      );
    return this.info();
  }

  /** `GET /v1/keys`. */
  info(): KeysInfo {
    const { store, clock, traffic } = this.#options;
    const { current, next, previous } = store;
    const nowMs = clock.nowMs();
    return {
      publicKey: formatSealingKey(current.publicKey),
      epoch: current.epoch,
      created: isoTime(current.madeMs),
      ageSeconds: Math.max(0, Math.round((nowMs - current.madeMs) / 1000)),
      next: next && { publicKey: formatSealingKey(next.publicKey), created: isoTime(next.madeMs) },
      previous: previous && {
        publicKey: formatSealingKey(previous.publicKey),
        epoch: previous.epoch,
        answeredUntil: isoTime(previous.untilMs),
      },
      traffic: [...traffic()].sort((a, b) => b.epoch - a.epoch),
    };
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelPrune();
  }

  /** Forgets the previous key when its time is over, and looks again when it will be. */
  #prune(): void {
    const { store, clock, logger, onChange } = this.#options;
    this.#cancelPrune();
    try {
      if (store.prune(clock.nowMs())) onChange();
    } catch (error) {
      // It stays until the disk takes the change: the next look is not far.
      logger.warn({ err: WarrenError.from(error) }, "the previous sealing key could not be forgotten; trying again");
    }
    // An answer of the control plane may come in the middle of a stop.
    if (!store.previous || this.#isStopped) return;
    const leftMs = store.previous.untilMs - clock.nowMs();
    this.#cancelPrune = clock.after(Math.max(leftMs, PRUNE_RETRY_MS), () => this.#prune());
  }
}

const PRUNE_RETRY_MS = 1_000;

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
