import type { Startable } from "@warren/common/runtime/startable.ts";
import type { ServiceManager } from "./service-manager.ts";

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

export interface Run {
  /** Called once the service does its work. */
  readonly ready: () => void;
  /** Settles when the service is to be stopped without a signal; an error is thrown on after the stop. */
  readonly ended?: Promise<void>;
  /** What SIGHUP asks for; without it the signal ends the process, as it does any other. Never rejects. */
  readonly reload?: () => Promise<void>;
  /** Who started the process and is told how the service is; closed at the end. */
  readonly manager?: ServiceManager | null;
  readonly host?: ServiceHost;
}

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs a service until SIGTERM or SIGINT, then stops it cleanly. A signal during the start aborts the start; a second
 * one, or a stop that hangs, ends the process at once with exit code 1.
 */
export async function runService(service: Startable, run: Run): Promise<void> {
  const { host = thisProcess, ended = new Promise(() => {}), reload, manager } = run;
  const aborter = new AbortController();
  const stopped = Promise.withResolvers<void>();
  const onStop = () => {
    if (aborter.signal.aborted) host.exit(1);
    aborter.abort();
    stopped.resolve();
    setTimeout(() => host.exit(1), host.stopDeadlineMs).unref();
  };
  let isReady = false;
  let reloading = Promise.resolve();
  const onReload = () => {
    reloading = reloading.then(async () => {
      // Whoever is told "ready" while the service starts takes the start for done.
      if (isReady) manager?.reloading();
      await reload!();
      if (isReady) manager?.ready();
    });
  };
  for (const signal of STOP_SIGNALS) host.onSignal(signal, onStop);
  if (reload) host.onSignal("SIGHUP", onReload);
  // A service that waits for its next attempt may have nothing but a timer that does not keep the process up.
  const alive = setInterval(() => {}, 2 ** 30);
  let reason = "stopping";
  try {
    manager?.starting();
    await service.start(aborter.signal);
    if (!aborter.signal.aborted) {
      isReady = true;
      manager?.ready();
      run.ready();
    }
    await Promise.race([stopped.promise, ended]);
  } catch (error) {
    // A start that was aborted.
    if (aborter.signal.aborted && !isReady) return;
    reason = `failed: ${(error as Error).message}`;
    throw error;
  } finally {
    isReady = false;
    manager?.stopping(reason);
    await service.stop();
    manager?.close();
    clearInterval(alive);
    for (const signal of STOP_SIGNALS) host.offSignal(signal, onStop);
    if (reload) host.offSignal("SIGHUP", onReload);
  }
}

const thisProcess: ServiceHost = {
  onSignal: (signal, listener) => void process.on(signal, listener),
  offSignal: (signal, listener) => void process.off(signal, listener),
  exit: (code) => process.exit(code),
  stopDeadlineMs: STOP_DEADLINE_MS,
};
