import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { run } from "@warren/common/runtime/run.ts";
import type { Framing } from "@warren/common/wire/overhead.ts";
import { COUNTER_SLOTS } from "../dataplane/counters.ts";
import { gsoLimit } from "../dataplane/gso-limit.ts";
import type { Direction } from "../dataplane/stages.ts";
import { createDatagramSender } from "../platform/linux/datagram-sender.ts";
import { errnoName } from "../platform/linux/errno.ts";
import { type EventFd, openEventFd } from "../platform/linux/eventfd.ts";
import { type Libc, loadLibc } from "../platform/linux/libc.ts";
import { openTun, type TunHandle } from "../platform/linux/tun.ts";
import { openUdp, type UdpHandle } from "../platform/linux/udp.ts";
import { KEY_TALLY_BYTES } from "../secure/key-tally.ts";
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
import { HandshakeQueue } from "./handshake-queue.ts";
import { loadKernels } from "./load-kernels.ts";
import type { SessionOrder } from "./sealing-sides.ts";
import { SessionDriver } from "./session-driver.ts";
import { SessionMailbox } from "./session-mailbox.ts";
import { createSharedClock } from "./shared-clock.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/** A worker holds typed arrays, which are outside the heap; a small heap keeps an agent at rest small. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 48, stackSizeMb: 1 };

/**
 * Which worker does what. One for both directions where there are no processors to spare: a worker that just wrote to the
 * TUN device finds the answer there, and nobody need be woken for an acknowledgement (ADR 0009).
 */
function workerDirections(processors = availableParallelism()): readonly (readonly Direction[])[] {
  return processors <= 2 ? [["egress", "ingress"]] : [["egress"], ["ingress"]];
}

/** The data plane on kernel devices: worker threads that block in their own system calls. */
export function createWorkerDataPlane(options: DataPlaneOptions): DataPlane {
  return new WorkerDataPlane(options);
}

interface PathWorker {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly wake: EventFd;
  readonly exited: Promise<void>;
  readonly applied: Map<number, () => void>;
}

class WorkerDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #book = new CounterBook();
  readonly #stopFlag = new SharedArrayBuffer(4);
  readonly #activity = new SharedArrayBuffer(COUNTER_SLOTS * PER_SLOT * Float64Array.BYTES_PER_ELEMENT);
  readonly #tally = new SharedArrayBuffer(KEY_TALLY_BYTES);
  readonly #handshakes = HandshakeQueue.memory();
  readonly #queue = new HandshakeQueue(this.#handshakes);
  readonly #sealing: SessionDriver | null;
  readonly #listeners: ((error: Error) => void)[] = [];
  readonly #directions = workerDirections();
  #libc: Libc | undefined;
  #tun: TunHandle | undefined;
  /** The underlay sockets that are open, by framing. */
  readonly #sockets = new Map<Framing, UdpHandle>();
  #underlayAddress: string;
  #framing: Framing;
  #overlayMtu: number;
  #sendHandshake: (to: Uint8Array, message: Uint8Array) => void = () => {};
  #workers: PathWorker[] = [];
  #nodeIds: readonly string[] = [];
  #lastId = 0;
  #stopping = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#underlayAddress = options.underlayAddress;
    this.#framing = options.framing ?? "plain";
    this.#overlayMtu = options.overlayMtu;
    const path = new SessionMailbox({
      order: (order) => this.#order(order),
      send: (endpoint, message) => this.#sendHandshake(endpoint, message),
    });
    const [activity, tally] = [new Float64Array(this.#activity), new Float64Array(this.#tally)];
    const shared = { path, activity, tally, now: createSharedClock(loadLibc()) };
    this.#sealing = options.sealing ? new SessionDriver(options.sealing, shared) : null;
  }

  async start(): Promise<void> {
    this.#stopping = false;
    Atomics.store(new Int32Array(this.#stopFlag), 0, 0);
    const { tunName } = this.#options;
    const libc = loadLibc();
    this.#libc = libc;
    try {
      const kernels = loadKernels();
      const udp = this.#openSocket(this.#framing);
      this.#tun = openTun(libc, tunName);
      const limit = gsoLimit(this.#overlayMtu, udp.maxSegments);
      await run("ip", [
        ...["link", "set", "dev", tunName, "mtu", String(this.#overlayMtu)],
        ...["gso_max_segs", String(limit.maxSegments), "gso_max_size", String(limit.maxSize), "up"],
      ]);
      process.on("exit", this.#onExit);
      await Promise.all(this.#directions.map((_, worker) => this.#startWorker(worker, kernels)));
      await this.#tellSockets();
      this.#sealing?.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async apply(view: ForwardingView): Promise<void> {
    const framing = view.framing ?? this.#framing;
    const overlayMtu = view.overlayMtu ?? this.#overlayMtu;
    const nodeIds = view.peers.map((peer) => peer.nodeId);
    const tables = compileView({ ...view, framing, overlayMtu }, this.#options, this.#book.assign(nodeIds));
    const accepted = new Set<Framing>([framing, ...(view.accepts ?? [])]);
    // A socket opens before anything is sent through it, and closes after the last was.
    const fresh = [...accepted].filter((one) => !this.#sockets.has(one));
    for (const one of fresh) this.#openSocket(one);
    if (fresh.length > 0) await this.#tellSockets();
    this.#nodeIds = nodeIds;
    this.#framing = framing;
    this.#overlayMtu = overlayMtu;
    this.#sealing?.setPeers(view.peers, tables);
    await this.#tellAll({ type: "tables", id: ++this.#lastId, tables });
    const stale = [...this.#sockets].filter(([one]) => !accepted.has(one));
    for (const [one] of stale) this.#sockets.delete(one);
    if (stale.length > 0) await this.#tellSockets();
    for (const [, { fd }] of stale) this.#libc?.close(fd);
  }

  async rebind(underlayAddress: string): Promise<void> {
    const before = this.#underlayAddress;
    if (underlayAddress === before) return;
    this.#underlayAddress = underlayAddress;
    const old = [...this.#sockets];
    try {
      for (const [framing] of old) this.#openSocket(framing);
    } catch (error) {
      this.#underlayAddress = before;
      for (const [framing, socket] of old) {
        const opened = this.#sockets.get(framing);
        if (opened && opened !== socket) this.#libc?.close(opened.fd);
        this.#useSocket(framing, socket);
      }
      throw error;
    }
    if (old.length > 0) await this.#tellSockets();
    // Nobody reads or writes them any more: the workers have the new ones.
    for (const [, { fd }] of old) this.#libc?.close(fd);
  }

  sealing(): DataPlaneSealing | null {
    return this.#sealing;
  }

  async timeStages(on: boolean): Promise<void> {
    const id = ++this.#lastId;
    await this.#tellAll({ type: "time-stages", id, on });
  }

  stats(): DataPlaneStats {
    return this.#book.stats(this.#nodeIds, this.#offloads(), this.#directions);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    process.off("exit", this.#onExit);
    this.#sealing?.stop();
    for (const worker of this.#workers) this.#tell(worker, { type: "stop" });
    await Promise.all(this.#workers.map((worker) => worker.exited));
    for (const { wake, port } of this.#workers) {
      port.close();
      this.#libc?.close(wake.fd);
    }
    this.#workers = [];
    if (this.#tun) this.#libc?.close(this.#tun.fd);
    for (const { fd } of this.#sockets.values()) this.#libc?.close(fd);
    this.#sockets.clear();
    this.#sendHandshake = () => {};
    this.#tun = undefined;
  }

  onFailure(listener: (error: Error) => void): void {
    this.#listeners.push(listener);
  }

  #openSocket(framing: Framing): UdpHandle {
    const { port, sealing } = this.#options;
    if (framing === "sealed" && !sealing) throw new WarrenError("internal", "this packet path was given no keys");
    const udp = openUdp(this.#libc!, parseAddress(this.#underlayAddress), framing === "plain" ? port : sealing!.port);
    this.#useSocket(framing, udp);
    return udp;
  }

  #useSocket(framing: Framing, udp: UdpHandle): void {
    this.#sockets.set(framing, udp);
    if (framing === "sealed") this.#sendHandshake = createDatagramSender(this.#libc!, udp.fd);
  }

  #tellSockets(): Promise<void> {
    const [plain, sealed] = [this.#sockets.get("plain")?.fd ?? -1, this.#sockets.get("sealed")?.fd ?? -1];
    if (sealed < 0) this.#sendHandshake = () => {};
    return this.#tellAll({ type: "sockets", id: ++this.#lastId, plain, sealed });
  }

  #startWorker(number: number, kernels: WebAssembly.Module): Promise<void> {
    const directions = this.#directions[number]!;
    const what = `the ${directions.join(" and ")} worker`;
    const { overlayMtu, vni, vtepMac } = this.#options;
    const [udp] = this.#sockets.values();
    const wake = openEventFd(this.#libc!);
    const { port1: port, port2 } = new MessageChannel();
    const workerData: WorkerStart = {
      worker: number,
      directions,
      kernels,
      counters: this.#book.memory,
      stopFlag: this.#stopFlag,
      port: port2,
      tunFd: this.#tun!.fd,
      activity: this.#activity,
      tally: this.#tally,
      handshakes: this.#handshakes,
      eventFd: wake.fd,
      overlayMtu,
      slots: COUNTER_SLOTS,
      vni,
      vtepMac: parseMac(vtepMac),
      maxSegments: udp!.maxSegments,
      tso: this.#tun!.tso,
      uso: this.#tun!.uso,
    };
    const worker = new Worker(new URL("./worker-entry.ts", import.meta.url), {
      workerData,
      transferList: [port2],
      resourceLimits: WORKER_LIMITS,
      name: `warren-${directions.join("-")}`,
      execArgv: [],
      env: {},
    });
    let failure: Error | undefined;
    const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
    const { promise: ready, resolve: setReady, reject: setFailed } = Promise.withResolvers<void>();
    const entry: PathWorker = { worker, port, wake, exited, applied: new Map() };
    const hear = (message: FromWorker): void => {
      if (message.type === "ready") {
        setReady();
      } else if (message.type === "failed") {
        failure = new WarrenError(
          "internal",
          `${what} lost its device (${errnoName(message.errno)}): was ${this.#options.tunName} deleted?`,
        );
      } else if (message.type !== "applied") {
        this.#hearOfSessions(message);
      } else {
        entry.applied.get(message.id)?.();
        entry.applied.delete(message.id);
      }
    };
    port.on("message", hear);
    // Neither a port nor a blocked worker keeps the process up.
    port.unref();
    worker.on("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      // Its last words may still be on their way.
      for (let last = receiveMessageOnPort(port); last; last = receiveMessageOnPort(port)) hear(last.message);
      exit();
      const error = failure ?? new WarrenError("internal", `${what} ended by itself`);
      setFailed(error);
      if (!this.#stopping) for (const listener of this.#listeners) listener(error);
    });
    this.#workers.push(entry);
    return ready;
  }

  #hearOfSessions(message: Exclude<FromWorker, { readonly type: "ready" | "applied" | "failed" }>): void {
    const events = this.#sealing?.events;
    switch (message.type) {
      case "wanted":
        events?.wanted(message.slot);
        break;
      case "lost":
        events?.lost(message.slot);
        break;
      case "confirmed":
        events?.confirmed(message.localIndex);
        break;
      case "roamed":
        events?.roamed(message.localIndex, message.from);
        break;
      case "handshake":
        events?.handshake(message.message, message.from);
        this.#queue.leave();
        break;
    }
  }

  /** Keys are moved to the one worker whose business they are, so that no copy stays. */
  #order(order: SessionOrder): void {
    for (const [number, worker] of this.#workers.entries()) {
      if (order.type !== "install") {
        this.#tell(worker, { type: "session", order });
        continue;
      }
      const { session } = order;
      const has = (direction: Direction, key: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
        this.#directions[number]!.includes(direction) ? key : new Uint8Array(0);
      const sendKey = has("egress", session.sendKey);
      const receiveKey = has("ingress", session.receiveKey);
      const own = { ...session, sendKey, receiveKey };
      const moved = [sendKey.buffer, receiveKey.buffer].filter((buffer) => buffer.byteLength > 0);
      this.#tell(worker, { type: "session", order: { type: "install", session: own } }, moved);
    }
  }

  /** Resolves when every worker has done what it was told. */
  async #tellAll(message: Extract<ToWorker, { readonly id: number }>): Promise<void> {
    await Promise.all(
      this.#workers.map((worker) => {
        const applied = new Promise<void>((resolve) => worker.applied.set(message.id, resolve));
        this.#tell(worker, message);
        // A worker that ends meanwhile never says so; `onFailure` reports it.
        return Promise.race([applied, worker.exited]);
      }),
    );
  }

  #tell(worker: PathWorker, message: ToWorker, moved: ArrayBuffer[] = []): void {
    worker.port.postMessage(message, moved);
    worker.wake.signal();
  }

  /** Node joins its workers when the process exits, and a worker in `poll` would never come back. */
  readonly #onExit = (): void => {
    Atomics.store(new Int32Array(this.#stopFlag), 0, 1);
    for (const { wake } of this.#workers) wake.signal();
  };

  #offloads(): Offloads {
    const [udp] = this.#sockets.values();
    return {
      tunVnetHdr: this.#tun !== undefined,
      tunTso: this.#tun?.tso ?? false,
      tunUso: this.#tun?.uso ?? false,
      udpSegment: udp?.segment ?? false,
      udpGro: udp?.gro ?? false,
    };
  }
}
