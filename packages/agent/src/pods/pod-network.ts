/** A pod's network as it shall be. Names follow from the pod (`pod-names.ts`), so making it twice makes it once. */
export interface PodWiring {
  /** Name of the network namespace. */
  readonly netns: string;
  readonly hostInterface: string;
  readonly hostMac: string;
  readonly podMac: string;
  /** At most one of each family. */
  readonly addresses: readonly string[];
  /** Overlay MTU, for both ends. */
  readonly mtu: number;
  /** Most segments of one super-packet that TCP in the pod may make (`dataplane/gso-limit.ts`). */
  readonly gsoMaxSegments: number;
}

export interface PodCommand {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** File that takes standard output and standard error. */
  readonly logFile: string;
}

export interface StartedProcess {
  readonly pid: number;
  readonly startTime: number;
  /** Exit code or signal name; pending for ever when the agent ends first. */
  readonly exited: Promise<number | string>;
}

/** Makes and takes away the namespaces of pods. Linux, and memory for the simulator. */
export interface PodNetwork {
  /** Path under which others find the namespace of that name. */
  netnsPath(netns: string): string;
  /** Makes everything, over whatever is left of an earlier try. */
  make(wiring: PodWiring): Promise<void>;
  /** Brings a pod that should exist back into shape. @returns `remade` when its namespace or link had been lost */
  repair(wiring: PodWiring): Promise<"kept" | "remade">;
  /** Gives both ends of a pod's link the MTU of the wiring. Connections that are up follow it with their next packet. */
  resize(wiring: PodWiring): Promise<void>;
  /**
   * Ends every process in the namespace (TERM, and KILL after `graceMs`) and takes all of it away. Nothing there is
   * no error. When it returns, no packet from the pod's addresses can arrive any more.
   */
  remove(wiring: PodWiring, graceMs: number): Promise<void>;
  /** Starts a program in the namespace, detached: it goes on when the agent ends. */
  start(wiring: PodWiring, command: PodCommand): Promise<StartedProcess>;
  /** True while that process runs. */
  runs(pid: number, startTime: number): boolean;
}
