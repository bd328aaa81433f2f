import { DROP_REASONS, type DropReason } from "../dataplane/drop.ts";
import { STAGES } from "../dataplane/stages.ts";
import type {
  DataPlane,
  DataPlaneOptions,
  DataPlaneStats,
  ForwardingView,
  TrafficCounters,
  WorkerTimes,
} from "../dataplane-host/data-plane.ts";

const NO_TIMES: WorkerTimes = {
  ...{ directions: ["egress", "ingress"], cpuNs: 0, ownNs: 0, rounds: 0, timedRounds: 0, unplacedNs: 0 },
  stages: STAGES.map(() => ({ ns: 0, visits: 0 })),
};

/** A packet path that only remembers what it was told. */
export class FakeDataPlane implements DataPlane {
  readonly options: DataPlaneOptions;
  view: ForwardingView | null = null;
  running = false;
  timing = false;
  startError: Error | null = null;
  rebindError: Error | null = null;
  underlayAddress: string;
  traffic: TrafficCounters = { txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0 };
  /** By node id. */
  readonly peerTraffic = new Map<string, TrafficCounters>();
  #fail: (error: Error) => void = () => {};

  constructor(options: DataPlaneOptions) {
    this.options = options;
    this.underlayAddress = options.underlayAddress;
  }

  async start(): Promise<void> {
    if (this.startError) throw this.startError;
    this.running = true;
  }

  async apply(view: ForwardingView): Promise<void> {
    this.view = view;
  }

  async rebind(underlayAddress: string): Promise<void> {
    if (this.rebindError) throw this.rebindError;
    this.underlayAddress = underlayAddress;
  }

  async timeStages(on: boolean): Promise<void> {
    this.timing = on;
  }

  stats(): DataPlaneStats {
    return {
      kind: "tun",
      total: this.traffic,
      peers: this.peerTraffic,
      drops: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
      syscalls: { tunRead: 0, tunWrite: 0, udpSend: 0, udpReceive: 0 },
      workers: [NO_TIMES],
      offloads: { tunVnetHdr: true, tunTso: true, tunUso: true, udpSegment: true, udpGro: true },
    };
  }

  async stop(): Promise<void> {
    this.running = false;
  }

  onFailure(listener: (error: Error) => void): void {
    this.#fail = listener;
  }

  /** Ends the path, as a worker that dies does. */
  break(error: Error): void {
    this.running = false;
    this.#fail(error);
  }
}
