import type { AgentStatus } from "./types.ts";

/** How long a node has for its answer; no task of the bounds below takes as long. */
export const ASK_TIMEOUT_MS = 150_000;
/** Of a task as JSON: 4,096 targets in IPv4. */
export const MAX_TASK_BYTES = 248 << 10;
/** Of a result as JSON. */
export const MAX_RESULT_BYTES = 512 << 10;
/** Questions that one node may have open at a time, and tasks that one node does at a time; one more is `busy`. */
export const MAX_OPEN_TASKS = 16;

/**
 * What one node may ask of another, by way of the control plane: the parts of a self-test that only that node can do.
 * Every task is bounded in time and traffic, touches nothing but addresses of the mesh, and leaves nothing behind.
 *
 * agent.sock, control.sock    POST /v1/ask AskRequest → TaskResults[do], within ASK_TIMEOUT_MS
 *
 * Errors besides those of a task, whose message then begins with the name of the node: `not-found` with the nodes there
 * are; `busy`; `unavailable` for a node that is down, takes no tasks, or was lost meanwhile; `timeout`.
 */
export interface AskRequest {
  /** Name of the node that is to do it; may be the asking one. */
  readonly node: string;
  readonly task: Task;
}

export type Task = DescribeTask | ListenTask | SendTask | CaptureTask | AddPodTask | DeletePodTask;

/** The result of a task is told by its `do`. */
export interface TaskResults {
  readonly describe: DescribeResult;
  readonly listen: ListenResult;
  readonly send: SendResult;
  readonly capture: CaptureResult;
  readonly "add-pod": TestPod;
  readonly "delete-pod": object;
}

/** Where a probe is sent from or answered: the node's own namespace, or a pod's. */
export type ProbePlace =
  | { readonly kind: "node" }
  | { readonly kind: "pod"; readonly namespace: string; readonly name: string };

export interface DescribeTask {
  readonly do: "describe";
}

export interface DescribeResult {
  readonly status: AgentStatus;
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly addresses: readonly string[];
  }[];
  /** The node's own addresses in the overlay, one per pod CIDR. */
  readonly addresses: readonly string[];
  /** Milliseconds since the Unix epoch, by this node's clock. */
  readonly nowMs: number;
}

/**
 * Answers probes of `session` at the places for `seconds`. A probe that carries the session gets an answer that tells
 * the source address it came from, in a datagram as long as it asks for; nothing else gets one.
 */
export interface ListenTask {
  readonly do: "listen";
  /** 32 hex digits, made for one test: names it, and nobody else can make up a probe or an answer. */
  readonly session: string;
  /** 1 to 512. */
  readonly places: readonly ProbePlace[];
  /** 1 to 120. */
  readonly seconds: number;
}

export interface ListenResult {
  /** In the order of the places. `port` 0 with an `error` where nothing could be opened. */
  readonly listeners: readonly {
    readonly addresses: readonly string[];
    readonly port: number;
    readonly error?: string;
  }[];
}

/** Sends probes to listeners of `session`, with "don't fragment", and waits for the answers. */
export interface SendTask {
  readonly do: "send";
  readonly session: string;
  readonly from: ProbePlace;
  /** Addresses of the cluster's pools, 1 to 4,096. A node sends 2,000 probes a second, all tasks together. */
  readonly targets: readonly ProbeTarget[];
  /** For the answers, after which a probe counts as lost; 100 to 10,000. */
  readonly timeoutMs: number;
  /** Sent again after a third of the timeout where no answer came; then a lone lost packet is no finding. Default 3 tries. */
  readonly tries?: number;
}

export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  /**
   * Length of the IP packet of the probe and of the answer to it, headers included; at least 76 (IPv4) or 96 (IPv6).
   * Absent: as small as possible.
   */
  readonly sendBytes?: number;
  readonly answerBytes?: number;
}

export interface SendResult {
  /** In the order of the targets. */
  readonly answers: readonly ProbeAnswer[];
}

export interface ProbeAnswer {
  /**
   * `too-long`: this host's kernel refused the packet for its length, without sending it. `failed`: it could not be sent for
   * another reason, the answer was too long for the other side to send, or came from another address; see `error`.
   */
  readonly outcome: "answered" | "lost" | "too-long" | "failed";
  /** From the sending agent to the listening one and back: the event loops of both are in it, so no `ping`. */
  readonly rttMs: number | null;
  /** How many were sent until one was answered, or all of them. */
  readonly tries: number;
  /** The source address that the listener saw; another one than the sender's own is NAT. */
  readonly seenAs: string | null;
  /** The sender's own address for this target. */
  readonly sentFrom: string | null;
  readonly error?: string;
}

/**
 * Looks at what leaves and reaches this node's underlay interface to and from `peers`, for `seconds`: each UDP datagram
 * is named by its port and shape, and searched for the digest of `session` that every
 * probe carries in the clear.
 */
export interface CaptureTask {
  readonly do: "capture";
  readonly session: string;
  /** Underlay addresses of nodes or foreign peers. */
  readonly peers: readonly string[];
  /** 1 to 10. It begins soon after the task is given, and nobody says when: send probes until it is over. */
  readonly seconds: number;
}

export interface CaptureResult {
  readonly interface: string;
  readonly peers: readonly {
    readonly address: string;
    /** Datagrams by what they are; a run that leaves in one piece counts once. Of a flood some are missed. */
    readonly vxlan: number;
    readonly wireguard: number;
    /** Packets of the overlay's addresses with no encapsulation: a plain route. */
    readonly direct: number;
    readonly other: number;
    /** In how many of all of them the session was to be read. */
    readonly readable: number;
  }[];
}

/** Makes a pod for the test, with a name and label of its own; taken away after `seconds` (1 to 120), or when asked. */
export interface AddPodTask {
  readonly do: "add-pod";
  readonly seconds: number;
}

export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface DeletePodTask {
  readonly do: "delete-pod";
  readonly namespace: string;
  readonly name: string;
}
