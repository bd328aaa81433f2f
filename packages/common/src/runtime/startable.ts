/** A component with a life: built by the composition root, started once, stopped once. */
export interface Startable {
  /** Resolves when the component does its work. Rejects, with everything undone, when it cannot. */
  start(signal?: AbortSignal): Promise<void>;
  /** Ends the work and gives back every handle. Safe after a failed or missing start, and twice. */
  stop(): Promise<void>;
}
