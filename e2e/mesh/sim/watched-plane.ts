import type { DataPlane, ForwardingView } from "@warren/agent/dataplane-host/data-plane.ts";

/** A data plane, and what it was last told: for comparing what nodes forward with what they should. */
export interface WatchedPlane extends DataPlane {
  /** What is forwarded by now; null before anything is, and after the end. */
  readonly view: ForwardingView | null;
}

/**
 * @param beforeApply resolves when the view may be applied: a slow node takes its time
 * @param onChange called after every change of `view`
 */
export function watchPlane(plane: DataPlane, beforeApply: () => Promise<void>, onChange: () => void): WatchedPlane {
  let view: ForwardingView | null = null;
  const change = (next: ForwardingView | null): void => {
    view = next;
    onChange();
  };
  return {
    get view() {
      return view;
    },
    start: () => plane.start(),
    async apply(next) {
      await beforeApply();
      await plane.apply(next);
      change(next);
    },
    rebind: (underlayAddress) => plane.rebind(underlayAddress),
    timeStages: (on) => plane.timeStages(on),
    sealing: () => plane.sealing?.() ?? null,
    stats: () => plane.stats(),
    async stop() {
      await plane.stop();
      change(null);
    },
    onFailure: (listener) => plane.onFailure(listener),
  };
}
