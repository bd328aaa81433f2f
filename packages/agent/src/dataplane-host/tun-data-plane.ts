import type { DataPlane, DataPlaneOptions, ForwardingView } from "./data-plane.ts";
import { holdDevice } from "./device-hold.ts";
import { removeVxlanDevice, spareName } from "./vxlan-device.ts";
import { createWorkerDataPlane } from "./worker-data-plane.ts";

/**
 * The worker threads, on a host where a vxlan device may have the name: one of an agent that was killed and comes back
 * with another configuration.
 */
export function createTunDataPlane(options: DataPlaneOptions): DataPlane {
  const plane = createWorkerDataPlane(options);
  let prepared: ForwardingView | null = null;
  return {
    async prepare(view) {
      prepared = view;
    },
    async start() {
      // Of a running agent it is not ours to remove.
      await (await holdDevice(options.tunName)).release();
      for (const name of [options.tunName, spareName(options.tunName)]) await removeVxlanDevice(name);
      await plane.start();
      if (prepared) await plane.apply(prepared);
      prepared = null;
    },
    apply: (view) => plane.apply(view),
    rebind: (underlayAddress) => plane.rebind(underlayAddress),
    stats: () => plane.stats(),
    timeStages: (on) => plane.timeStages(on),
    sealing: () => plane.sealing?.() ?? null,
    async stop() {
      prepared = null;
      await plane.stop();
    },
    onFailure: (listener) => plane.onFailure(listener),
  };
}
