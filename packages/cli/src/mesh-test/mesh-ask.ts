import type { Task, TaskResults } from "@warren/common/api/ask.ts";
import type { ClusterInfo, NodeInfo } from "@warren/common/api/types.ts";

/**
 * What a self-test needs of a mesh: the seam between deciding what to ask and what the answers mean, which is here, and
 * asking, which goes through a socket (`socket-mesh.ts`) or is made up (`testing/fake-mesh.ts`).
 */
export interface MeshAsk {
  /** Name of the node that asks; null on the control plane. */
  readonly asker: string | null;
  readonly cluster: ClusterInfo;
  /** Everybody in the mesh when the test began, the asking node and foreign peers among them. */
  readonly nodes: readonly NodeInfo[];
  /**
   * Has a node do a task, and waits for it.
   * @throws WarrenError when it cannot be reached, or could not do it; the signal's reason when that aborts
   */
  ask<T extends Task>(node: string, task: T, signal: AbortSignal): Promise<TaskResults[T["do"]]>;
}
