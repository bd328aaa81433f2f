import type { DataPlane, DataPlaneOptions } from "./data-plane.ts";
import { removeVxlanDevice } from "./vxlan-device.ts";
import { createWorkerDataPlane } from "./worker-data-plane.ts";

/**
 * The worker threads, on a host where a vxlan device may have the name: one of an agent that was killed and comes back
 * with another configuration.
 */
export function createTunDataPlane(options: DataPlaneOptions): DataPlane {
  const plane = createWorkerDataPlane(options);
  return {
    async start() {
      await removeVxlanDevice(options.tunName);
      await plane.start();
    },
    apply: (view) => plane.apply(view),
    stats: () => plane.stats(),
    stop: () => plane.stop(),
    onFailure: (listener) => plane.onFailure(listener),
  };
}
