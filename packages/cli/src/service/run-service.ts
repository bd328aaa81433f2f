import type { Startable } from "@warren/common/runtime/startable.ts";

/** How long a clean stop may take before the process ends without it. */
const STOP_DEADLINE_MS = 15_000;

/** The process around a service; tests give their own. */
export interface ServiceHost {
  onSignal(signal: NodeJS.Signals, listener: () => void): void;
  offSignal(signal: NodeJS.Signals, listener: () => void): void;
  /** Ends the process at once. */
  exit(code: number): never;
  readonly stopDeadlineMs: number;
}

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs a service until SIGTERM or SIGINT, then stops it cleanly. A signal during the start aborts the start; a second
 * one, or a stop that hangs, ends the process at once with exit code 1.
 * @param ready called once the service does its work
 * @param ended settles when the service is to be stopped without a signal; an error is thrown on after the stop
 */
export async function runService(
  service: Startable,
  ready: () => void,
  ended: Promise<void> = new Promise(() => {}),
  host: ServiceHost = thisProcess,
): Promise<void> {
  const aborter = new AbortController();
  let wasStopped = () => {};
  const stopped = new Promise<void>((resolve) => {
    wasStopped = resolve;
  });
  const onSignal = () => {
    if (aborter.signal.aborted) host.exit(1);
    aborter.abort();
    wasStopped();
    setTimeout(() => host.exit(1), host.stopDeadlineMs).unref();
  };
  for (const signal of STOP_SIGNALS) host.onSignal(signal, onSignal);
  // A service that waits for its next attempt may have nothing but a timer that does not keep the process up.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    try {
      await service.start(aborter.signal);
    } catch (error) {
      if (aborter.signal.aborted) return;
      throw error;
    }
    if (!aborter.signal.aborted) ready();
    await Promise.race([stopped, ended]);
  } finally {
    await service.stop();
    clearInterval(alive);
    for (const signal of STOP_SIGNALS) host.offSignal(signal, onSignal);
  }
}

const thisProcess: ServiceHost = {
  onSignal: (signal, listener) => void process.on(signal, listener),
  offSignal: (signal, listener) => void process.off(signal, listener),
  exit: (code) => process.exit(code),
  stopDeadlineMs: STOP_DEADLINE_MS,
};
