import { setTimeout as delay } from "node:timers/promises";
import { startTcp, startUdp } from "./load-client.ts";
import { type MeshLoad, segmentSize } from "./loads.ts";
import type { AgentView } from "./local-agent.ts";
import type { PeerControl } from "./peer-control.ts";
import type { Counted } from "./protocol.ts";
import type { BothCosts } from "./stage-figures.ts";

/** What came of one load. */
export interface Measured extends BothCosts {
  readonly received: Omit<Counted, "stages">;
  /** Part of all datagrams that were sent; null for TCP. */
  readonly loss: number | null;
}

/** Until a connection has its pace, and compiled code its own. */
const WARM_MS = 500;

/** Takes one measurement of a load; tests give their own. */
export type MeasureLoad = (
  load: MeshLoad,
  seconds: number,
  overlayMtu: number,
  signal: AbortSignal,
) => Promise<Measured>;

/** Sends to the node behind `peer`, which counts, while the agents at both ends time their stages. */
export function loadMeasurer(agent: AgentView, peer: PeerControl): MeasureLoad {
  const { host, port } = peer.target;
  const capped = new Map<number, number>();

  /** Where connections have this segment size; made once. */
  async function portFor(mss: number | undefined): Promise<number> {
    if (mss === undefined) return port;
    const known = capped.get(mss) ?? (await peer.ask({ do: "listen", mss })).port;
    capped.set(mss, known);
    return known;
  }

  return async (load, seconds, overlayMtu, signal) => {
    const { run } = await peer.ask({ do: "begin" });
    const target = { host, port: await portFor(segmentSize(load, host, overlayMtu)) };
    const running =
      load.load === "tcp" ? await startTcp(target, run, load.streams, signal) : await startUdp(target, run, load.size);
    let sent = 0;
    let measured: readonly [Counted, Measured["sender"]];
    try {
      await Promise.race([delay(WARM_MS, undefined, { signal }), running.broken]);
      measured = await Promise.race([
        Promise.all([peer.ask({ do: "count", run, seconds }), agent.stages(seconds, signal)]),
        running.broken,
      ]);
    } finally {
      sent = running.stop();
    }
    const all = await peer.ask({ do: "finish", run });
    const [{ stages: receiver, ...received }, sender] = measured;
    return { received, sender, receiver, loss: sent > 0 ? Math.max(0, 1 - all.datagrams / sent) : null };
  };
}
