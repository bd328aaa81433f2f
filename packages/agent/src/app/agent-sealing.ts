import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { DataPlaneSealing, SealingOptions } from "../dataplane-host/data-plane.ts";
import type { Random } from "../secure/handshake/cookie-maker.ts";
import { StaticKey } from "../secure/handshake/static-key.ts";
import type { EpochTally } from "../secure/key-tally.ts";
import type { OwnKeys } from "../secure/own-keys.ts";
import { type SealingKey, SealingKeyStore } from "../secure-keys/sealing-key-store.ts";
import { SealingTimesFile } from "../secure-keys/sealing-times-file.ts";

export interface AgentSealingOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  /** How far the clock is ahead of the control plane's, by which the nodes' handshakes are dated; 0 while not known. */
  readonly clockOffMs: () => number;
  readonly logger: Logger;
  /** Unpredictable bytes. */
  readonly randomBytes: Random;
}

/** What of sealing outlives the packet path: the keys of this node, and the times of handshakes. */
export class AgentSealing {
  readonly store: SealingKeyStore;
  readonly #times: SealingTimesFile;
  readonly #options: AgentSealingOptions;
  #running: () => DataPlaneSealing | null = () => null;
  /** The last that ran: what it knows is good when none does. */
  #last: DataPlaneSealing | null = null;
  /** One object for each key, by its private half: handshakes that are under way know theirs by it. */
  readonly #ownKeys = new WeakMap<Uint8Array, StaticKey>();

  constructor(options: AgentSealingOptions) {
    const { dataDir, clock, logger } = options;
    this.#options = options;
    this.store = new SealingKeyStore(dataDir, clock.nowMs());
    this.#times = new SealingTimesFile(dataDir, clock, logger, () => this.#path()?.timestamps() ?? {});
  }

  /** What a packet path needs to seal. */
  pathOptions(port: number): SealingOptions {
    const { logger, randomBytes } = this.#options;
    const times = this.#times;
    return {
      ...{ port, clock: this.#clusterClock(), randomBytes, keys: () => this.#keys() },
      timestamps: { read: () => times.read(), touch: () => times.touch() },
      warn: (text) => logger.warn(text),
    };
  }

  /** @param running the packet path that seals at the moment; null while none does */
  serve(running: () => DataPlaneSealing | null): void {
    this.#running = running;
  }

  traffic(): EpochTally[] {
    return this.#path()?.traffic() ?? [];
  }

  /** The keys in use are others now. */
  changed(): void {
    this.#path()?.setKeys(this.#keys());
  }

  /** The sessions are older than they look, or may be, but those of the last `sinceMs`. */
  renew(sinceMs: number): void {
    this.#path()?.renew(sinceMs);
  }

  /** Writes what is not on the disk yet. */
  flush(): void {
    this.#times.flush();
  }

  /**
   * Handshakes carry the time, and a peer takes only later ones that are not ten minutes ahead: with a clock that was set
   * back, or is far off, none would be made. So they are dated by the clock that all nodes know of.
   */
  #clusterClock(): Clock {
    const { clock, clockOffMs } = this.#options;
    return {
      nowMs: () => clock.nowMs() - clockOffMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, fn) => clock.after(delayMs, fn),
    };
  }

  #path(): DataPlaneSealing | null {
    this.#last = this.#running() ?? this.#last;
    return this.#last;
  }

  #keys(): OwnKeys {
    const { current, previous, next } = this.store;
    return {
      current: this.#ownKey(current),
      previous: previous && this.#ownKey(previous),
      next: next && this.#ownKey(next),
    };
  }

  #ownKey({ epoch, privateKey }: SealingKey): OwnKeys["current"] {
    const key = this.#ownKeys.get(privateKey) ?? new StaticKey(privateKey);
    this.#ownKeys.set(privateKey, key);
    return { epoch, key };
  }
}
