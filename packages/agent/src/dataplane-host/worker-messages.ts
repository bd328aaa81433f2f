import type { MessagePort } from "node:worker_threads";
import type { Direction } from "../dataplane/stages.ts";
import type { ForwardingTableData } from "../route/forwarding-tables.ts";

/** What a worker is started with. Descriptors are opened and closed by the host; they are one process's. */
export interface WorkerStart {
  /** Which worker this is, from 0. */
  readonly worker: number;
  /** One, or both for a worker that does all. */
  readonly directions: readonly Direction[];
  readonly kernels: WebAssembly.Module;
  readonly counters: SharedArrayBuffer;
  /** One Int32: not 0 when the worker must end whatever messages say (the process is exiting). */
  readonly stopFlag: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly tunFd: number;
  readonly udpFd: number;
  readonly eventFd: number;
  readonly overlayMtu: number;
  readonly vni: number;
  readonly vtepMac: Uint8Array;
  readonly maxSegments: number;
  readonly tso: boolean;
  readonly uso: boolean;
}

/** Host → worker. After each message the host signals the worker's eventfd. */
export type ToWorker =
  | { readonly type: "tables"; readonly id: number; readonly tables: ForwardingTableData }
  /** Times the stages from now on, or ends that. */
  | { readonly type: "time-stages"; readonly id: number; readonly on: boolean }
  | { readonly type: "stop" };

/** Worker → host. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "applied"; readonly id: number }
  /** The device is gone; the worker ends. */
  | { readonly type: "failed"; readonly errno: number };
