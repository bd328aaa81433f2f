import { parseMac } from "@warren/common/net/mac.ts";
import type { Framing } from "@warren/common/wire/overhead.ts";
import { type Arena, createArena, RECEIVE_NAME } from "../dataplane/arena.ts";
import { COUNTER_SLOTS } from "../dataplane/counters.ts";
import { Egress, MORE } from "../dataplane/egress.ts";
import { Ingress } from "../dataplane/ingress.ts";
import { CLOSED_UDP, type UdpPort } from "../dataplane/ports.ts";
import { SealedIngress } from "../dataplane/sealed-ingress.ts";
import { CPU, type StageClock, StageTimer, WALL } from "../dataplane/stage-timer.ts";
import type { MemoryTun } from "../platform/memory/memory-tun.ts";
import { MEMORY_MAX_SEGMENTS, type MemoryUdp } from "../platform/memory/memory-udp.ts";
import { emptyTables, openTables } from "../route/forwarding-tables.ts";
import { KEY_TALLY_BYTES } from "../secure/key-tally.ts";
import { ReceiveSessions } from "../secure/receive-sessions.ts";
import { SendSessions } from "../secure/send-sessions.ts";
import { PER_SLOT } from "../secure/session.ts";
import { compileView } from "./compile-view.ts";
import { CounterBook } from "./counter-book.ts";
import type {
  DataPlane,
  DataPlaneOptions,
  DataPlaneSealing,
  DataPlaneStats,
  ForwardingView,
  Offloads,
} from "./data-plane.ts";
import { loadKernels } from "./load-kernels.ts";
import { pathAeads } from "./path-aeads.ts";
import { createOpener, createSealer, obeyOrder, type SealingNews, type SealingSides } from "./sealing-sides.ts";
import { SessionDriver } from "./session-driver.ts";
import { SessionMailbox } from "./session-mailbox.ts";

const BUDGET = 512;
const OFFLOADS: Offloads = { tunVnetHdr: true, tunTso: true, tunUso: true, udpSegment: true, udpGro: true };

/** Nobody measures speed here, so every round is timed. */
const TIMED_ROUNDS = 1;

/** What the world of the data plane in the calling thread is. The caller closes the TUN device. */
export interface InProcessWorld {
  readonly tun: MemoryTun;
  /** A socket at the underlay address; throws `port-in-use`. */
  bind(port: number, underlayAddress: string): MemoryUdp;
}

/**
 * The data plane in the calling thread, on memory devices: the same pipelines as in the workers, run whenever a device
 * has something. For the simulator and for tests.
 */
export function createInProcessDataPlane(options: DataPlaneOptions, world: InProcessWorld): DataPlane {
  return new InProcessDataPlane(options, world);
}

type Pipeline = Egress | Ingress | SealedIngress;

/** The socket of a framing, as the two directions see it. */
interface OpenSocket {
  readonly udp: MemoryUdp;
  readonly egress: UdpPort;
  readonly ingress: Ingress | SealedIngress;
}

class InProcessDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #world: InProcessWorld;
  readonly #book = new CounterBook();
  readonly #counters = new Float64Array(this.#book.memory);
  readonly #activity = new Float64Array(COUNTER_SLOTS * PER_SLOT);
  readonly #tally = new Float64Array(KEY_TALLY_BYTES / Float64Array.BYTES_PER_ELEMENT);
  readonly #sealing: SessionDriver | null;
  readonly #sockets = new Map<Framing, OpenSocket>();
  #underlayAddress: string;
  #framing: Framing;
  #overlayMtu: number;
  #tables = openTables(emptyTables());
  #egress: { readonly arena: Arena; readonly pipeline: Egress } | null = null;
  #sides: SealingSides = {};
  #timer: StageTimer | null = null;
  #nodeIds: readonly string[] = [];
  /** Take back news that are still on their way. */
  readonly #untold = new Set<() => void>();

  constructor(options: DataPlaneOptions, world: InProcessWorld) {
    this.#options = options;
    this.#world = world;
    this.#underlayAddress = options.underlayAddress;
    this.#framing = options.framing ?? "plain";
    this.#overlayMtu = options.overlayMtu;
    const path = new SessionMailbox({
      order: (order) => obeyOrder(this.#sides, order),
      send: (endpoint, message) => this.#sockets.get("sealed")?.udp.sendTo(endpoint, message),
    });
    this.#sealing = options.sealing
      ? new SessionDriver(options.sealing, {
          ...{ path, activity: this.#activity, tally: this.#tally, now: () => this.#now() },
        })
      : null;
  }

  start(): Promise<void> {
    const timer = new StageTimer(this.#counters, 0, callingThreadClock(), TIMED_ROUNDS);
    this.#timer = timer;
    const arena = createArena(loadKernels());
    const tun = this.#world.tun.port(arena);
    const pipeline = new Egress(arena, tun, CLOSED_UDP, this.#counters, timer, this.#tables, {
      maxSegments: MEMORY_MAX_SEGMENTS,
    });
    this.#egress = { arena, pipeline };
    this.#open(this.#framing);
    this.#tellSockets();
    this.#world.tun.onReadable(this.#forward(pipeline));
    this.#sealing?.start();
    return Promise.resolve();
  }

  async apply(view: ForwardingView): Promise<void> {
    const framing = view.framing ?? this.#framing;
    const overlayMtu = view.overlayMtu ?? this.#overlayMtu;
    const nodeIds = view.peers.map((peer) => peer.nodeId);
    const data = compileView({ ...view, framing, overlayMtu }, this.#options, this.#book.assign(nodeIds));
    const accepted = new Set<Framing>([framing, ...(view.accepts ?? [])]);
    for (const one of accepted) if (this.#egress && !this.#sockets.has(one)) this.#open(one);
    this.#nodeIds = nodeIds;
    this.#framing = framing;
    this.#overlayMtu = overlayMtu;
    this.#tables = openTables(data);
    for (const [one] of [...this.#sockets]) if (!accepted.has(one)) this.#close(one);
    this.#tellSockets();
    this.#sealing?.setPeers(view.peers, data);
    this.#egress?.pipeline.setTables(this.#tables);
    for (const { ingress } of this.#sockets.values()) ingress.setTables(this.#tables);
  }

  async rebind(underlayAddress: string): Promise<void> {
    const before = this.#underlayAddress;
    if (underlayAddress === before) return;
    this.#underlayAddress = underlayAddress;
    const old = [...this.#sockets];
    try {
      for (const [framing] of old) this.#open(framing);
    } catch (error) {
      this.#underlayAddress = before;
      for (const [framing, socket] of old) {
        if (this.#sockets.get(framing) !== socket) this.#close(framing);
        this.#sockets.set(framing, socket);
      }
      throw error;
    }
    this.#tellSockets();
    for (const [, { udp }] of old) {
      udp.onReadable(() => {});
      udp.close();
    }
  }

  sealing(): DataPlaneSealing | null {
    return this.#sealing;
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
    this.#sealing?.stop();
    for (const cancel of this.#untold) cancel();
    this.#untold.clear();
    this.#world.tun.onReadable(() => {});
    for (const framing of [...this.#sockets.keys()]) this.#close(framing);
    this.#egress = null;
    this.#sides = {};
    this.#timer = null;
    this.#tables = openTables(emptyTables());
    return Promise.resolve();
  }

  /** Nothing can end by itself here. */
  onFailure(): void {}

  #open(framing: Framing): void {
    const { port, sealing, vni, vtepMac } = this.#options;
    if (framing === "sealed") this.#enableSealing();
    const udp = this.#world.bind(framing === "plain" ? port : sealing!.port, this.#underlayAddress);
    const arena = framing === "plain" ? createArena(loadKernels()) : this.#sealedArena!;
    const tun = this.#world.tun.port(arena);
    const device = udp.port(arena, RECEIVE_NAME);
    const delivery = { vni, tso: true, maxUdpSegments: MEMORY_MAX_SEGMENTS };
    const rest = [this.#counters, this.#timer!, this.#tables] as const;
    const ingress =
      framing === "plain"
        ? new Ingress(arena, tun, device, ...rest, { ...delivery, vtepMac: parseMac(vtepMac) })
        : new SealedIngress(arena, tun, device, this.#opener(arena), ...rest, delivery);
    this.#sockets.set(framing, { udp, ingress, egress: udp.port(this.#egress!.arena, RECEIVE_NAME) });
    udp.onReadable(this.#forward(ingress));
  }

  #close(framing: Framing): void {
    const socket = this.#sockets.get(framing);
    socket?.udp.onReadable(() => {});
    socket?.udp.close();
    this.#sockets.delete(framing);
  }

  #tellSockets(): void {
    const [plain, sealed] = [this.#sockets.get("plain"), this.#sockets.get("sealed")];
    this.#egress?.pipeline.setSockets(plain?.egress ?? CLOSED_UDP, sealed?.egress ?? CLOSED_UDP);
  }

  #sealedArena: Arena | null = null;

  /** Once for each start: sessions outlive a socket that is closed and opened again. */
  #enableSealing(): void {
    if (this.#sides.send) return;
    const { arena, pipeline } = this.#egress!;
    const activity = this.#activity;
    const sessions = new SendSessions({
      ...{ aeads: pathAeads(arena.bytes), bytes: arena.bytes, activity, slots: COUNTER_SLOTS },
    });
    pipeline.enableSealing(
      createSealer(sessions, () => this.#now(), this.#news()),
      this.#options.overlayMtu,
    );
    const sealed = createArena(loadKernels());
    this.#sealedArena = sealed;
    const tally = this.#tally;
    const receive = new ReceiveSessions({ aeads: pathAeads(sealed.bytes), bytes: sealed.bytes, activity, tally });
    this.#sides = { send: { egress: pipeline, sessions }, receive };
  }

  #opener(arena: Arena) {
    return createOpener(this.#sides.receive!, arena, () => this.#now(), this.#news());
  }

  /** Told a moment later, as a message to another thread would be: the core must not be called from within itself. */
  #news(): SealingNews {
    const events = this.#sealing!.events;
    const later = (tell: () => void): void => {
      const cancel = this.#options.sealing!.clock.after(0, () => {
        this.#untold.delete(cancel);
        tell();
      });
      this.#untold.add(cancel);
    };
    return {
      wanted: (slot) => later(() => events.wanted(slot)),
      lost: (slot) => later(() => events.lost(slot)),
      confirmed: (localIndex) => later(() => events.confirmed(localIndex)),
      roamed: (localIndex, from) => later(() => events.roamed(localIndex, from)),
      handshake(message, from) {
        later(() => events.handshake(message, from));
        return true;
      },
    };
  }

  #now(): number {
    return this.#options.sealing!.clock.monotonicMs();
  }

  #forward(pipeline: Pipeline): () => void {
    return onceAtATime(() => {
      this.#timer?.round();
      return pipeline.run(BUDGET) === MORE;
    });
  }
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
