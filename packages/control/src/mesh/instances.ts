import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { IdentityClone } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import type { NodeRecord } from "../registry/keys.ts";

/** How long the node that was there first is told of one that was refused. */
const CLONE_TOLD_MS = 600_000;
/** Of what an agent says of itself, for a message. */
const MAX_WORD = 64;

/** One run of an agent, as it says of itself. */
export interface Instance {
  /** Random; empty from an agent that does not know of it. */
  readonly id: string;
  /** Name of the machine; empty when not known. */
  readonly host: string;
  readonly underlayAddress: string;
}

interface Holder extends Instance {
  /** By the monotonic clock. */
  heardAt: number;
  /** Open watches: while there is one, the connection of this run has not ended. */
  watches: number;
  clone: (IdentityClone & { readonly at: number }) | null;
}

export interface InstancesOptions {
  readonly view: ClusterView;
  readonly clock: Clock;
  /** Not heard of for this long, an instance counts as gone. */
  readonly livenessMs: number;
}

/**
 * Which run of an agent has a node's identity: one at a time, or two machines would forward for one pod CIDR. A state
 * directory that was copied to a second host makes two of them; so does every restart, whose first run is gone.
 *
 *     who asks                                   is let in
 *     the holder                                 always, from wherever it is now
 *     another from the holder's place            when the holder has no connection any more
 *     another from another place                 when the holder was not heard of for the liveness time
 *
 * A place is an underlay address and the name of a host. The second host of a copied directory has another address, so it
 * does not slip in while the first one only connects anew. Kept in memory: after a restart of the control plane the place
 * is the address of the node's record, for the liveness time.
 */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #holders = new Map<string, Holder>();
  readonly #startedAt: number;

  constructor(options: InstancesOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonicMs();
  }

  /** Makes the instance the holder of the node's identity. @throws `identity-in-use`, naming both */
  claim(node: NodeRecord, asked: Instance): void {
    const { clock, livenessMs } = this.#options;
    const next = { ...asked, host: printable(asked.host), id: asked.id.slice(0, MAX_WORD) };
    const now = clock.monotonicMs();
    const holder = this.#holders.get(node.id) ?? this.#before(node);
    if (!holder || holder.id === next.id) {
      const { watches, clone } = holder ?? { watches: 0, clone: null };
      this.#put(node.id, holder, { ...next, heardAt: now, watches, clone });
      return;
    }
    const gone = now - holder.heardAt >= livenessMs || (holder.watches === 0 && isSamePlace(holder, next));
    if (!gone) {
      const { host, underlayAddress: underlay_address } = next;
      holder.clone = { host, underlay_address, last_tried_ms: clock.nowMs(), at: now };
      throw this.#refusal(node, holder, next);
    }
    this.#holders.set(node.id, { ...next, heardAt: now, watches: 0, clone: null });
  }

  /** That this instance has the node's identity, or nobody is known to. @throws `identity-in-use` */
  require(node: NodeRecord, id = ""): void {
    const holder = this.#holders.get(node.id);
    if (!holder || holder.id === id) return;
    throw new WarrenError(
      "identity-in-use",
      `the identity of node ${node.name} (${node.id}) is in use by ${nameOf(holder)}; this one registers to learn more`,
    );
  }

  /** A sign of life of the holder. */
  heard(nodeId: string): void {
    const holder = this.#holders.get(nodeId);
    if (holder) holder.heardAt = this.#options.clock.monotonicMs();
  }

  /** A watch of this instance has begun; the returned function is called when it ends. */
  watching(nodeId: string, id = ""): () => void {
    const holder = this.#holders.get(nodeId);
    if (holder?.id !== id) return () => {};
    holder.watches += 1;
    return () => {
      holder.watches -= 1;
    };
  }

  /** The holder has left, or the node is gone: whoever comes next may have it. */
  forget(nodeId: string): void {
    this.#holders.delete(nodeId);
  }

  /** Who was refused because of this node's holder, for as long as that is news. */
  cloneOf(nodeId: string): IdentityClone | null {
    const clone = this.#holders.get(nodeId)?.clone;
    if (!clone || this.#options.clock.monotonicMs() - clone.at > CLONE_TOLD_MS) return null;
    const { host, underlay_address, last_tried_ms } = clone;
    return { host, underlay_address, last_tried_ms };
  }

  /** Who had it when this control plane was started; its name is not known, and it has no connection. */
  #before(node: NodeRecord): Holder | null {
    if (!node.joined || this.#options.view.heard.get(node.id)?.state !== "ready") return null;
    const { underlayAddress } = node;
    return { id: UNKNOWN, host: "", underlayAddress, heardAt: this.#startedAt, watches: 0, clone: null };
  }

  /** The same object for the same run: its watches count themselves off there. */
  #put(nodeId: string, holder: Holder | null, next: Holder): void {
    this.#holders.set(nodeId, holder ? Object.assign(holder, next) : next);
  }

  #refusal(node: NodeRecord, holder: Holder, next: Instance): WarrenError {
    const seconds = Math.round(this.#options.livenessMs / 1000);
    return new WarrenError(
      "identity-in-use",
      `the identity of node ${node.name} (${node.id}) is in use: ${nameOf(holder)} has it, so ${nameOf(next)} cannot. ` +
        "If the second one is a copy of the first, stop it, remove its state directory (data-dir) and join it with a new " +
        'token ("warren token create") and a name of its own. If it is the same node, moved or started again, it is let ' +
        `in ${seconds} s after the first one was heard of last`,
    );
  }
}

/** No instance says this of itself: it would have to be empty or longer. */
const UNKNOWN = "?";

function isSamePlace(a: Instance, b: Instance): boolean {
  return a.underlayAddress === b.underlayAddress && (a.host === b.host || a.host === "" || b.host === "");
}

function nameOf({ host, underlayAddress }: Instance): string {
  return host === "" ? `the host at ${underlayAddress}` : `host ${host} at ${underlayAddress}`;
}

function printable(text: string): string {
  return text.replace(/[^\w.-]/g, "").slice(0, MAX_WORD);
}
