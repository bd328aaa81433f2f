import type { Logger } from "pino";
import { ServiceManager, type Supervised } from "./service-manager.ts";

const VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/**
 * The service manager that started this process, as its variables tell (sd_notify(3), sd_watchdog_enabled(3)); null
 * without one. The variables are taken out of the environment: a program in a pod must not speak for the agent. One that
 * cannot be reached is worth a warning and no more; whoever needs the notice ends a service that gives none.
 */
export async function openServiceManager(
  env: NodeJS.ProcessEnv,
  service: Supervised,
  logger: Logger,
): Promise<ServiceManager | null> {
  const { NOTIFY_SOCKET: name, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: pid } = env;
  for (const variable of VARIABLES) delete env[variable];
  if (!name) return null;
  const isWatched = Number(watchdogUs) > 0 && (pid === undefined || Number(pid) === process.pid);
  const onLost = (error: unknown) =>
    logger.warn({ err: error }, "the service manager does not hear how this service is");
  try {
    // Most runs have no service manager, and need no foreign function interface.
    const { openNotifySocket } = await import("./notify-socket.ts");
    const watchdogMs = isWatched ? Number(watchdogUs) / 1000 : null;
    return new ServiceManager({ service, socket: openNotifySocket(name), watchdogMs, onLost });
  } catch (error) {
    onLost(error);
    return null;
  }
}
