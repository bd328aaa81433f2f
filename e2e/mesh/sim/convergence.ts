import { CipherChange } from "@warren/agent/control-client/cipher-change.ts";
import { compileView } from "@warren/agent/control-client/forwarding-view.ts";
import { PeerCiphers } from "@warren/agent/control-client/peer-ciphers.ts";
import type { ForwardingView } from "@warren/agent/dataplane-host/data-plane.ts";
import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { clusterMessage, nodeMessage } from "@warren/control/netmap/node-message.ts";
import type { SimMesh } from "./sim-mesh.ts";
import type { SimNode } from "./sim-node.ts";

/** Why this node does not forward exactly by the control plane's present state; null when it does. */
export function lagOf(mesh: SimMesh, node: SimNode): string | null {
  const { netmap, view } = mesh.core.context;
  const status = statusOf(node);
  if (!status) return `${node.name} is not up`;
  if (!status.ready) return `${node.name} is not ready: ${status.warnings.join("; ")}`;
  if (status.netmap.revision !== netmap.revision)
    return `${node.name} has revision ${status.netmap.revision}, the control plane ${netmap.revision}`;
  // What the records say, not what was published: a change that waits for its tick is a lag too.
  const nodes = new Map<string, NodeMessage>();
  for (const id of view.nodes.ids()) {
    const entry = nodeMessage(view, id);
    if (entry) nodes.set(id, entry);
  }
  const self = nodes.get(status.node.id);
  if (!self) return `${node.name} is in no netmap`;
  const cluster = clusterMessage(view);
  // As an agent that starts now: of no change before, and of no cipher that is still good.
  const step = new CipherChange(cluster.cipher).step(0, cluster.cipher);
  const sealing = { step, peers: new PeerCiphers(), nowMs: 0 };
  const wanted = compileView({ revision: netmap.revision, cluster, nodes }, self, sealing);
  const has = node.plane?.view;
  if (!has) return `${node.name} forwards nothing`;
  if (textOf(has) === textOf(wanted)) return null;
  return `${node.name} forwards by ${textOf(has)}, the control plane says ${textOf(wanted)}`;
}

/** The lag of the first node that has one, of those whose agents run; null when the mesh has converged. */
export function meshLag(mesh: SimMesh): string | null {
  for (const node of mesh.nodes.values()) {
    const lag = node.isUp ? lagOf(mesh, node) : null;
    if (lag !== null) return lag;
  }
  return null;
}

/** Lets time pass until every running agent forwards by the control plane's state. @returns virtual milliseconds */
export async function converge(mesh: SimMesh, limitMs: number): Promise<number> {
  let lag: string | null = null;
  const isDone = (): boolean => {
    lag = meshLag(mesh);
    return lag === null;
  };
  try {
    return await mesh.time.until("the mesh converges", isDone, limitMs);
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${lag}`, { cause: error });
  }
}

/** The agent's status; null while it starts. */
export function statusOf(node: SimNode): ReturnType<SimNode["agent"]["status"]> | null {
  try {
    return node.agent.status();
  } catch {
    return null;
  }
}

function textOf({ framing, accepts, localPrefixes, peers }: ForwardingView): string {
  const sorted = [...peers].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  const shown = sorted.map(({ sealing, ...peer }) => ({
    ...peer,
    sealing: sealing ? { ...sealing, publicKey: Buffer.from(sealing.publicKey).toString("base64") } : null,
  }));
  return JSON.stringify({ framing, accepts, localPrefixes, peers: shown });
}
