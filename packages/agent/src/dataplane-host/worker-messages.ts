import type { MessagePort } from "node:worker_threads";
import type { Direction } from "../dataplane/stages.ts";
import type { ForwardingTableData } from "../route/forwarding-tables.ts";
import type { Endpoint } from "../secure/session.ts";
import type { SessionOrder } from "./sealing-sides.ts";

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
  /** Moments of sessions (`secure/session.ts`). */
  readonly activity: SharedArrayBuffer;
  /** What became of messages, by key (`secure/key-tally.ts`). */
  readonly tally: SharedArrayBuffer;
  /** Two Int32: handshake messages that workers have handed on, and those that were worked on. */
  readonly handshakes: SharedArrayBuffer;
  readonly eventFd: number;
  /** Longest packet that the device of this overlay can ever hand over. */
  readonly overlayMtu: number;
  /** How many peers there can be. */
  readonly slots: number;
  readonly vni: number;
  readonly vtepMac: Uint8Array;
  readonly maxSegments: number;
  readonly tso: boolean;
  readonly uso: boolean;
}

/** Host → worker. After each message the host signals the worker's eventfd. */
export type ToWorker =
  /** The sockets that are open from now on; -1 for none. Those before are not used any more once it is applied. */
  | { readonly type: "sockets"; readonly id: number; readonly plain: number; readonly sealed: number }
  | { readonly type: "session"; readonly order: SessionOrder }
  | { readonly type: "tables"; readonly id: number; readonly tables: ForwardingTableData }
  /** Times the stages from now on, or ends that. */
  | { readonly type: "time-stages"; readonly id: number; readonly on: boolean }
  | { readonly type: "stop" };

/** Worker → host. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "applied"; readonly id: number }
  | { readonly type: "wanted"; readonly slot: number }
  | { readonly type: "lost"; readonly slot: number }
  | { readonly type: "confirmed"; readonly localIndex: number }
  | { readonly type: "roamed"; readonly localIndex: number; readonly from: Endpoint }
  | { readonly type: "handshake"; readonly message: Uint8Array<ArrayBuffer>; readonly from: Endpoint }
  /** The device is gone; the worker ends. */
  | { readonly type: "failed"; readonly errno: number };
