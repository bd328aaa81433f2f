import { randomBytes } from "node:crypto";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { DataPlaneSealing, SealingOptions } from "../dataplane-host/data-plane.ts";
import { StaticKey } from "../secure/handshake/static-key.ts";
import type { OwnKeys } from "../secure/own-keys.ts";
import { type SealingKey, SealingKeyStore } from "../secure-keys/sealing-key-store.ts";
import { SealingTimesFile } from "../secure-keys/sealing-times-file.ts";

export interface AgentSealingOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What of sealing outlives the packet path: the keys of this node, and the times of handshakes. */
export class AgentSealing {
  readonly store: SealingKeyStore;
  readonly #times: SealingTimesFile;
  readonly #options: AgentSealingOptions;
  #path: DataPlaneSealing | null = null;

  constructor(options: AgentSealingOptions) {
    const { dataDir, clock, logger } = options;
    this.#options = options;
    this.store = new SealingKeyStore(dataDir, clock.nowMs());
    this.#times = new SealingTimesFile(dataDir, clock, logger, () => this.#path?.timestamps() ?? {});
  }

  /** What a packet path needs to seal. */
  pathOptions(port: number): SealingOptions {
    const { clock, logger } = this.#options;
    const times = this.#times;
    return {
      ...{ port, clock, randomBytes: (length) => new Uint8Array(randomBytes(length)), keys: this.#keys() },
      timestamps: { read: () => times.read(), touch: () => times.touch() },
      warn: (text) => logger.warn(text),
    };
  }

  /** The packet path that seals from now on. */
  serve(path: DataPlaneSealing | null): void {
    this.#path = path;
  }

  /** The keys in use are others now. */
  changed(): void {
    this.#path?.setKeys(this.#keys());
  }

  /** Writes what is not on the disk yet. */
  flush(): void {
    this.#times.flush();
  }

  #keys(): OwnKeys {
    const { current, previous } = this.store;
    return { current: ownKey(current), previous: previous && ownKey(previous) };
  }
}

function ownKey({ epoch, privateKey }: SealingKey): OwnKeys["current"] {
  return { epoch, key: new StaticKey(privateKey) };
}
