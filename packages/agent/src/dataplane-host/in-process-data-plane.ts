import { parseMac } from "@warren/common/net/mac.ts";
import { createArena, RECEIVE_NAME } from "../dataplane/arena.ts";
import { Egress, MORE } from "../dataplane/egress.ts";
import { Ingress } from "../dataplane/ingress.ts";
import { CPU, type StageClock, StageTimer, WALL } from "../dataplane/stage-timer.ts";
import type { MemoryTun } from "../platform/memory/memory-tun.ts";
import { MEMORY_MAX_SEGMENTS, type MemoryUdp } from "../platform/memory/memory-udp.ts";
import { emptyTables, openTables } from "../route/forwarding-tables.ts";
import { compileView } from "./compile-view.ts";
import { CounterBook } from "./counter-book.ts";
import type { DataPlane, DataPlaneOptions, DataPlaneStats, ForwardingView, Offloads } from "./data-plane.ts";
import { loadKernels } from "./load-kernels.ts";

const BUDGET = 512;
const OFFLOADS: Offloads = { tunVnetHdr: true, tunTso: true, tunUso: true, udpSegment: true, udpGro: true };

/** Nobody measures speed here, so every round is timed. */
const TIMED_ROUNDS = 1;

/**
 * The data plane in the calling thread, on memory devices: the same pipeline as in the workers, run whenever a device
 * has something. For the simulator and for tests. The caller owns the devices.
 */
export function createInProcessDataPlane(options: DataPlaneOptions, tun: MemoryTun, udp: MemoryUdp): DataPlane {
  return new InProcessDataPlane(options, tun, udp);
}

class InProcessDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #tun: MemoryTun;
  readonly #udp: MemoryUdp;
  readonly #book = new CounterBook();
  #pipelines: readonly (Egress | Ingress)[] = [];
  #timer: StageTimer | null = null;
  #nodeIds: readonly string[] = [];

  constructor(options: DataPlaneOptions, tun: MemoryTun, udp: MemoryUdp) {
    this.#options = options;
    this.#tun = tun;
    this.#udp = udp;
  }

  start(): Promise<void> {
    const { overlayMtu, vni, vtepMac } = this.#options;
    const kernels = loadKernels();
    const counters = new Float64Array(this.#book.memory);
    const tables = openTables(emptyTables());
    const timer = new StageTimer(counters, 0, callingThreadClock(), TIMED_ROUNDS);
    this.#timer = timer;
    const out = createArena(kernels);
    const egress = new Egress(out, this.#tun.port(out), this.#udp.port(out, RECEIVE_NAME), counters, timer, tables, {
      overlayMtu,
      maxSegments: MEMORY_MAX_SEGMENTS,
    });
    const back = createArena(kernels);
    const ingress = new Ingress(
      back,
      this.#tun.port(back),
      this.#udp.port(back, RECEIVE_NAME),
      counters,
      timer,
      tables,
      {
        vni,
        vtepMac: parseMac(vtepMac),
        overlayMtu,
        tso: true,
        maxUdpSegments: MEMORY_MAX_SEGMENTS,
      },
    );
    this.#pipelines = [egress, ingress];
    const forward = (pipeline: Egress | Ingress) => (): boolean => {
      timer.round();
      return pipeline.run(BUDGET) === MORE;
    };
    this.#tun.onReadable(onceAtATime(forward(egress)));
    this.#udp.onReadable(onceAtATime(forward(ingress)));
    return Promise.resolve();
  }

  async apply(view: ForwardingView): Promise<void> {
    const nodeIds = view.peers.map((peer) => peer.nodeId);
    const tables = openTables(compileView(view, this.#options, this.#book.assign(nodeIds)));
    this.#nodeIds = nodeIds;
    for (const pipeline of this.#pipelines) pipeline.setTables(tables);
  }

  /** What the thread does between two rounds counts as `wait`: here it is everything else there is in the process. */
  timeStages(on: boolean): Promise<void> {
    if (on) this.#timer?.start();
    else this.#timer?.stop();
    return Promise.resolve();
  }

  stats(): DataPlaneStats {
    return this.#book.stats(this.#nodeIds, OFFLOADS, [["egress", "ingress"]]);
  }

  stop(): Promise<void> {
    this.#tun.onReadable(() => {});
    this.#udp.onReadable(() => {});
    this.#pipelines = [];
    this.#timer = null;
    return Promise.resolve();
  }

  /** Nothing can end by itself here. */
  onFailure(): void {}
}

/** Wall time for both: what Node tells of a thread's CPU time moves in steps of milliseconds. */
function callingThreadClock(): StageClock {
  const ns = new Float64Array(2);
  return {
    ns,
    readWall() {
      ns[WALL] = performance.now() * 1e6;
    },
    readCpu() {
      ns[CPU] = performance.now() * 1e6;
    },
  };
}

/**
 * Runs a pipeline until it is idle. A host's stack may answer a packet while the pipeline is still at work on it; the
 * answer then waits in the device, where the running loop finds it.
 */
function onceAtATime(run: () => boolean): () => void {
  let isRunning = false;
  let again = false;
  return () => {
    again = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (again) {
        again = false;
        if (run()) again = true;
      }
    } finally {
      isRunning = false;
    }
  };
}
