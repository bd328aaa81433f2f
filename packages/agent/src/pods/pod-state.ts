import { join } from "node:path";
import { StateFile } from "@warren/common/runtime/state-file.ts";

/** A command that runs, or ran, in a pod. */
export interface PodProcessRecord {
  readonly command: readonly string[];
  readonly pid: number;
  /** Tells the process from a later one with the same id. */
  readonly startTime: number;
  /** Exit code or signal, once seen. */
  readonly exit: number | string | null;
}

export interface PodRecord {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly created: string;
  /**
   * `making` until the caller was about to be told that the pod exists: what a killed agent left in it is taken away at
   * the next start. `removing` from before the first thing is taken away until after the last.
   */
  readonly phase: "making" | "ready" | "removing";
  readonly process: PodProcessRecord | null;
}

export interface PodsState {
  /** Address given out last, by pod CIDR. */
  readonly last: Readonly<Record<string, string>>;
  readonly pods: readonly PodRecord[];
}

export const NO_PODS: PodsState = { last: {}, pods: [] };

/**
 * The pods on disk. The file is written before an address is used and after it is free again, so every address in use
 * is in it at any moment; that is why a damaged file stops the agent instead of being begun anew.
 */
export function podsFile(dataDir: string): StateFile<PodsState> {
  return new StateFile<PodsState>({
    path: join(dataDir, "pods.json"),
    format: "warren-pods/1",
    what: "the pods of this node and their addresses",
    wayOut:
      "restore it from a copy; or, if no pod of this node is needed any more, remove their namespaces (ip netns) and the file, and start again",
  });
}

/** Identifies a pod on a node. */
export function podKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
