import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatPrefix } from "@warren/common/net/prefix.ts";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { poolUsage } from "../ipam/allocator.ts";
import { ipamState } from "../mesh/ipam-state.ts";
import type { MeshCore } from "../mesh/mesh-core.ts";

export interface ControlMetrics {
  readonly registry: Registry;
  /** Counts the end of a call; see `CallObserver`. */
  call(method: string, error: WarrenError | null, startedMs: number): void;
}

/** The metrics of a control plane; the gauges read its state when they are scraped. */
export function createControlMetrics(core: MeshCore, connections: () => number): ControlMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, collect: (gauge: Gauge) => void, labelNames: string[] = []) =>
    new Gauge({
      name: `warren_control_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        collect(this);
      },
    });

  gauge(
    "nodes",
    "Nodes in the netmap by state.",
    (nodes) => {
      const counts = countNodes(core);
      for (const [state, count] of Object.entries(counts)) nodes.set({ state }, count);
    },
    ["state"],
  );
  gauge("netmap_watchers", "Agents that watch the netmap.", (watchers) => watchers.set(core.context.netmap.watchers));
  gauge("netmap_revision", "Revision of the last change of the netmap.", (revision) =>
    revision.set(core.context.netmap.revision),
  );
  gauge("store_revision", "Revision of the store.", (revision) => revision.set(core.context.view.revision));
  gauge("connections", "Connections from agents.", (open) => open.set(connections()));
  gauge(
    "pool_cidrs",
    "Pod CIDRs of a pool by use; capacity is how many there are.",
    (pool) => {
      const state = ipamState(core.context);
      for (const each of state.pools) {
        for (const [use, count] of Object.entries(poolUsage(state, each))) {
          pool.set({ pool: formatPrefix(each.prefix), use }, count);
        }
      }
    },
    ["pool", "use"],
  );
  gauge("ca_expiry_seconds", "When the CA's certificate ends, in seconds since the Unix epoch.", (expiry) =>
    expiry.set(Date.parse(core.context.ca.certificate.validTo) / 1000),
  );
  gauge("process_resident_memory_bytes", "Resident memory of the process.", (memory) =>
    memory.set(process.memoryUsage.rss()),
  );

  const calls = new Counter({
    name: "warren_control_rpc_total",
    help: "Calls of agents by method and error code; ok without one.",
    labelNames: ["method", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "warren_control_rpc_seconds",
    help: "How long unary calls of agents took.",
    labelNames: ["method"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers,
  });
  return {
    registry,
    call(method, error, startedMs) {
      calls.inc({ method, code: error?.code ?? "ok" });
      if (method !== "WatchNetmap") seconds.observe({ method }, (performance.now() - startedMs) / 1000);
    },
  };
}

/** How many nodes the netmap shows, by state. */
export function countNodes(core: MeshCore): { ready: number; down: number; foreign: number } {
  const counts = { ready: 0, down: 0, foreign: 0 };
  for (const node of core.context.netmap.nodes()) {
    if (node.foreign) counts.foreign += 1;
    else if (node.state === "NODE_STATE_READY") counts.ready += 1;
    else counts.down += 1;
  }
  return counts;
}
