import {
  COUNTER_BYTES,
  COUNTER_SLOTS,
  type Counters,
  EGRESS_DROPS,
  INGRESS_DROPS,
  peerCounters,
  STAGE_OWN_NS,
  STAGE_ROUNDS,
  STAGE_TIMED_ROUNDS,
  STAGE_TOTAL_NS,
  STAGE_UNPLACED_NS,
  SYSCALL_TUN_READ,
  SYSCALL_TUN_WRITE,
  SYSCALL_UDP_RECEIVE,
  SYSCALL_UDP_SEND,
  stageCounters,
  workerStages,
} from "../dataplane/counters.ts";
import { DROP_REASONS, type DropReason } from "../dataplane/drop.ts";
import { type Direction, STAGES } from "../dataplane/stages.ts";
import type { DataPlaneStats, Offloads, TrafficCounters, WorkerTimes } from "./data-plane.ts";

/**
 * The host's side of the shared counters: which node has which slot, and the numbers as objects. A node keeps its slot
 * when it leaves the view, so its counters go on when it comes back; only when all slots were given out once is the
 * slot of the node that left longest ago given to a new one, from zero.
 */
export class CounterBook {
  readonly memory = new SharedArrayBuffer(COUNTER_BYTES);
  readonly #counters: Counters = new Float64Array(this.memory);
  /** Node id → slot, in the order of use: the first key is the one least recently in a view. */
  readonly #slots = new Map<string, number>();

  /** Slots for a view, which becomes the current one. Nodes of the view are never displaced by one another. */
  assign(nodeIds: readonly string[]): (nodeId: string) => number {
    if (nodeIds.length > COUNTER_SLOTS)
      throw new RangeError(`${nodeIds.length} peers, expected at most ${COUNTER_SLOTS}`);
    const fresh: string[] = [];
    for (const nodeId of nodeIds) {
      const slot = this.#slots.get(nodeId);
      if (slot === undefined) fresh.push(nodeId);
      else this.#use(nodeId, slot);
    }
    for (const nodeId of fresh) this.#use(nodeId, this.#freeSlot());
    return (nodeId) => this.#slots.get(nodeId)!;
  }

  /**
   * @param nodeIds The peers of the current view.
   * @param workers The directions of each worker, in the order of their blocks of counters.
   */
  stats(nodeIds: readonly string[], offloads: Offloads, workers: readonly (readonly Direction[])[]): DataPlaneStats {
    const counters = this.#counters;
    const total = { txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0 };
    const read = (slot: number): TrafficCounters => {
      const at = peerCounters(slot);
      return {
        txPackets: counters[at]!,
        txBytes: counters[at + 1]!,
        rxPackets: counters[at + 2]!,
        rxBytes: counters[at + 3]!,
      };
    };
    for (const slot of this.#slots.values()) {
      const traffic = read(slot);
      total.txPackets += traffic.txPackets;
      total.txBytes += traffic.txBytes;
      total.rxPackets += traffic.rxPackets;
      total.rxBytes += traffic.rxBytes;
    }
    const drops = DROP_REASONS.map((reason, i) => [reason, counters[EGRESS_DROPS + i]! + counters[INGRESS_DROPS + i]!]);
    return {
      kind: "tun",
      total,
      peers: new Map(nodeIds.map((nodeId) => [nodeId, read(this.#slots.get(nodeId)!)])),
      drops: Object.fromEntries(drops) as Record<DropReason, number>,
      syscalls: {
        tunRead: counters[SYSCALL_TUN_READ]!,
        tunWrite: counters[SYSCALL_TUN_WRITE]!,
        udpSend: counters[SYSCALL_UDP_SEND]!,
        udpReceive: counters[SYSCALL_UDP_RECEIVE]!,
      },
      workers: workers.map((directions, worker) => this.#times(directions, workerStages(worker))),
      offloads,
    };
  }

  #times(directions: readonly Direction[], at: number): WorkerTimes {
    const counters = this.#counters;
    return {
      directions,
      cpuNs: counters[at + STAGE_TOTAL_NS]!,
      ownNs: counters[at + STAGE_OWN_NS]!,
      rounds: counters[at + STAGE_ROUNDS]!,
      timedRounds: counters[at + STAGE_TIMED_ROUNDS]!,
      unplacedNs: counters[at + STAGE_UNPLACED_NS]!,
      stages: STAGES.map((_, stage) => {
        const each = at + stageCounters(stage);
        return { ns: counters[each]!, visits: counters[each + 1]! };
      }),
    };
  }

  #use(nodeId: string, slot: number): void {
    this.#slots.delete(nodeId);
    this.#slots.set(nodeId, slot);
  }

  #freeSlot(): number {
    if (this.#slots.size < COUNTER_SLOTS) return this.#slots.size;
    const [nodeId, slot] = this.#slots.entries().next().value!;
    this.#slots.delete(nodeId);
    this.#counters.fill(0, peerCounters(slot), peerCounters(slot + 1));
    return slot;
  }
}
