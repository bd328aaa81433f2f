import type { AgentStatus, PeerInfo } from "@warren/common/api/types.ts";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { DUAL_STACK } from "../lab/mesh.ts";
import type { LabOptions } from "../lab/plan.ts";
import type { LabPod } from "../lab/pod.ts";
import { waitFor } from "../lab/wait-for.ts";
import { WireGuardHost, type WireGuardHostOptions } from "./wireguard-host.ts";

export type WireGuardMeshOptions = Omit<LabOptions, "name" | "nodes"> &
  Omit<WireGuardHostOptions, "host"> & {
    /** Where wireguard-go runs; default 2. */
    readonly host?: number;
    /** Hosts besides the two, with nothing on them. */
    readonly strangers?: number;
    /** What the lab has to be made to look like before wireguard-go starts. */
    readonly prepare?: (lab: Lab) => Promise<void>;
  };

/** An agent with a pod on host 1, wireguard-go on another. */
export interface WireGuardMesh {
  readonly lab: Lab;
  readonly pod: LabPod;
  readonly foreign: WireGuardHost;
  /** Name of the agent's node. */
  readonly node: string;
  drops(): Promise<Readonly<Record<string, number>>>;
  /** Resolves when the agent knows the peer. Nothing is sent to it. */
  known(): Promise<void>;
  /** Where the agent takes the peer to be, HOST:PORT. */
  endpoint(): Promise<string | null>;
  /** Resolves when there is a session. The node tries as soon as it knows the peer, and then every five seconds. */
  connect(): Promise<void>;
  /** Whether the pod's single ping is answered by the peer. */
  reaches(): Promise<boolean>;
  close(): Promise<void>;
}

export async function createWireGuardMesh(options: WireGuardMeshOptions): Promise<WireGuardMesh> {
  const { strangers = 0, prepare, host = 2, command, endpoint, allowedIps, keepalive, ...labOptions } = options;
  const lab = await createLab({ name: uniqueLabName("wl"), nodes: 2 + strangers, ...labOptions });
  try {
    await lab.startControl({ flags: [...DUAL_STACK, "--cipher", "chacha20-poly1305"] });
    await lab.startAgent(1);
    const pod = await lab.addPod(1, "pod-1");
    await prepare?.(lab);
    const given = { ...(endpoint && { endpoint }), ...(allowedIps && { allowedIps }), ...(keepalive && { keepalive }) };
    const foreign = new WireGuardHost(lab, { host, command, ...given });
    const mesh: WireGuardMesh = {
      lab,
      pod,
      foreign,
      node: lab.host(1).netns,
      drops: async () => (await lab.warren<AgentStatus>(1, "status")).dataplane.drops,
      endpoint: async () => {
        const peers = await lab.agent(1).get<PeerInfo[]>("/v1/peers");
        return peers.find((peer) => peer.name === foreign.name)?.session?.endpoint ?? null;
      },
      known: async () => {
        await waitFor("the agent to know wireguard-go", async () => {
          const peers = await lab.agent(1).get<PeerInfo[]>("/v1/peers");
          return peers.some((peer) => peer.name === foreign.name && peer.kind === "wireguard");
        });
      },
      connect: async () => {
        await waitFor("the first answer", async () => {
          const { received } = await ping(foreign.node.netns, pod.address(4), { count: 1, waitMs: 500 });
          return received === 1;
        });
      },
      reaches: async () => (await ping(pod.netns, foreign.address(4), { count: 1, waitMs: 2_000 })).received === 1,
      close: async () => {
        await foreign.stop();
        await lab.close();
      },
    };
    await foreign.join();
    await mesh.known();
    await foreign.start();
    return mesh;
  } catch (thrown) {
    await lab.remove();
    throw thrown;
  }
}
