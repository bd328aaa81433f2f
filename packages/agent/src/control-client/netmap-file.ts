import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { SEALED_PORT } from "@warren/common/net/cipher.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import type { Logger } from "pino";
import type { Netmap } from "./netmap.ts";

/** What a start without the control plane needs. */
export interface Knowledge {
  readonly netmap: Netmap;
  /** This node as it was last registered: its pod CIDRs and their epoch. */
  readonly self: NodeMessage;
  /** When the control plane last confirmed it. */
  readonly asOfMs: number;
}

interface StoredKnowledge {
  readonly revision: number;
  readonly cluster: Older<ClusterMessage, "sealed_port" | "pair_ciphers">;
  readonly nodes: readonly StoredNode[];
  readonly self: StoredNode;
  readonly asOfMs: number;
}

/** A message without the fields that files from before sealed traffic do not have. */
type Older<Message, Fields extends keyof Message> = Omit<Message, Fields> & Partial<Pick<Message, Fields>>;

/** JSON has no bytes: the key is base64. */
type StoredNode = Older<Omit<NodeMessage, "sealing_key">, "sealed_port" | "key_epoch"> & {
  readonly sealing_key?: string;
};

/** A mesh in motion changes many times a second; the disk need not follow each of them. */
const MIN_INTERVAL_MS = 1_000;
/** How much older than the truth `asOfMs` on the disk may be in a mesh where nothing changes. */
const TOUCH_INTERVAL_MS = 60_000;

/** The netmap on disk. A full disk does not stop the agent: it goes on with what it has in memory, and says so. */
export class NetmapFile {
  readonly #file: StateFile<StoredKnowledge>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #pending: Knowledge | null = null;
  #saved: Knowledge | null = null;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;
  #fault: WarrenError | null = null;

  constructor(dataDir: string, clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#file = new StateFile<StoredKnowledge>({
      path: join(dataDir, "netmap.json"),
      format: "warren-netmap/1",
      what: "the last known netmap",
      wayOut: "restore it from a copy; or remove it and start again while the control plane answers",
    });
  }

  /** Why the last write did not go through; null when it did. */
  get fault(): WarrenError | null {
    return this.#fault;
  }

  /** Null before the first netmap. Throws `state-corrupt`. */
  read(): Knowledge | null {
    const stored = this.#file.read();
    if (!stored) return null;
    const { revision, cluster, nodes, self, asOfMs } = stored;
    const known = new Map(nodes.map((node) => [node.id, restored(node)]));
    const netmap = { revision, cluster: { sealed_port: SEALED_PORT, pair_ciphers: [], ...cluster }, nodes: known };
    return { netmap, self: restored(self), asOfMs };
  }

  /** Has the disk follow soon: at once after a pause, at most once a second otherwise. */
  save(knowledge: Knowledge): void {
    const same = knowledge.netmap === this.#saved?.netmap && knowledge.self === this.#saved.self;
    this.#pending = knowledge;
    if (this.#cancel) return;
    const wait = this.#savedAtMs + (same ? TOUCH_INTERVAL_MS : MIN_INTERVAL_MS) - this.#clock.monotonicMs();
    if (wait <= 0) this.flush();
    else if (!same) this.#cancel = this.#clock.after(wait, () => this.flush());
  }

  /** Writes what is waiting, now. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const knowledge = this.#pending;
    if (!knowledge || knowledge === this.#saved) return;
    this.#savedAtMs = this.#clock.monotonicMs();
    const { netmap, self, asOfMs } = knowledge;
    try {
      this.#file.write({ ...netmap, nodes: [...netmap.nodes.values()].map(stored), self: stored(self), asOfMs });
      if (this.#fault) this.#logger.info("the netmap is on the disk again");
      this.#fault = null;
      this.#saved = knowledge;
      this.#pending = null;
    } catch (error) {
      const fault = WarrenError.from(error);
      if (!this.#fault) this.#logger.warn({ err: fault }, "the netmap could not be saved; trying again");
      this.#fault = fault;
    }
  }

  remove(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#pending = null;
    this.#file.remove();
  }
}

function stored(node: NodeMessage): StoredNode {
  return { ...node, sealing_key: Buffer.from(node.sealing_key).toString("base64") };
}

function restored(node: StoredNode): NodeMessage {
  const sealing_key = new Uint8Array(Buffer.from(node.sealing_key ?? "", "base64"));
  return { sealed_port: 0, key_epoch: 0, ...node, sealing_key };
}
