import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { parseMac } from "@warren/common/net/mac.ts";
import { run } from "@warren/common/runtime/run.ts";
import { gsoLimit } from "../dataplane/gso-limit.ts";
import type { Direction } from "../dataplane/stages.ts";
import { errnoName } from "../platform/linux/errno.ts";
import { type EventFd, openEventFd } from "../platform/linux/eventfd.ts";
import { type Libc, loadLibc } from "../platform/linux/libc.ts";
import { openTun, type TunHandle } from "../platform/linux/tun.ts";
import { openUdp, type UdpHandle } from "../platform/linux/udp.ts";
import { compileView } from "./compile-view.ts";
import { CounterBook } from "./counter-book.ts";
import type { DataPlane, DataPlaneOptions, DataPlaneStats, ForwardingView, Offloads } from "./data-plane.ts";
import { loadKernels } from "./load-kernels.ts";
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
  readonly #listeners: ((error: Error) => void)[] = [];
  readonly #directions = workerDirections();
  #libc: Libc | undefined;
  #tun: TunHandle | undefined;
  #udp: UdpHandle | undefined;
  #workers: PathWorker[] = [];
  #nodeIds: readonly string[] = [];
  #lastId = 0;
  #stopping = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stopping = false;
    Atomics.store(new Int32Array(this.#stopFlag), 0, 0);
    const { tunName, overlayMtu, underlayAddress, port } = this.#options;
    const libc = loadLibc();
    this.#libc = libc;
    try {
      const kernels = loadKernels();
      this.#udp = openUdp(libc, parseAddress(underlayAddress), port);
      this.#tun = openTun(libc, tunName);
      const limit = gsoLimit(overlayMtu, this.#udp.maxSegments);
      await run("ip", [
        ...["link", "set", "dev", tunName, "mtu", String(overlayMtu)],
        ...["gso_max_segs", String(limit.maxSegments), "gso_max_size", String(limit.maxSize), "up"],
      ]);
      process.on("exit", this.#onExit);
      await Promise.all(this.#directions.map((_, worker) => this.#startWorker(worker, kernels)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async apply(view: ForwardingView): Promise<void> {
    const nodeIds = view.peers.map((peer) => peer.nodeId);
    const tables = compileView(view, this.#options, this.#book.assign(nodeIds));
    this.#nodeIds = nodeIds;
    const id = ++this.#lastId;
    await this.#tellAll({ type: "tables", id, tables });
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
    for (const worker of this.#workers) this.#tell(worker, { type: "stop" });
    await Promise.all(this.#workers.map((worker) => worker.exited));
    for (const { wake, port } of this.#workers) {
      port.close();
      this.#libc?.close(wake.fd);
    }
    this.#workers = [];
    if (this.#tun) this.#libc?.close(this.#tun.fd);
    if (this.#udp) this.#libc?.close(this.#udp.fd);
    this.#tun = undefined;
    this.#udp = undefined;
  }

  onFailure(listener: (error: Error) => void): void {
    this.#listeners.push(listener);
  }

  #startWorker(number: number, kernels: WebAssembly.Module): Promise<void> {
    const directions = this.#directions[number]!;
    const what = `the ${directions.join(" and ")} worker`;
    const { overlayMtu, vni, vtepMac } = this.#options;
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
      udpFd: this.#udp!.fd,
      eventFd: wake.fd,
      overlayMtu,
      vni,
      vtepMac: parseMac(vtepMac),
      maxSegments: this.#udp!.maxSegments,
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

  #tell(worker: PathWorker, message: ToWorker): void {
    worker.port.postMessage(message);
    worker.wake.signal();
  }

  /** Node joins its workers when the process exits, and a worker in `poll` would never come back. */
  readonly #onExit = (): void => {
    Atomics.store(new Int32Array(this.#stopFlag), 0, 1);
    for (const { wake } of this.#workers) wake.signal();
  };

  #offloads(): Offloads {
    return {
      tunVnetHdr: this.#tun !== undefined,
      tunTso: this.#tun?.tso ?? false,
      tunUso: this.#tun?.uso ?? false,
      udpSegment: this.#udp?.segment ?? false,
      udpGro: this.#udp?.gro ?? false,
    };
  }
}
