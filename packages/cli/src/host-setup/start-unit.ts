import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Systemd } from "./systemd.ts";

/**
 * Longer than TimeoutStartSec= of our units, after which systemd says that it failed, and the two minutes that it may wait
 * for network-online.target before.
 */
const START_MS = 480_000;
const POLL_MS = 200;
const LOG_LINES = 12;

/** What a start is told by and waits with; tests give their own. */
export interface StartWatch {
  /** Something new is known of it. */
  readonly progress: (line: string) => void;
  /** Aborts when nobody wants to wait any longer. */
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
  readonly pause?: (ms: number) => Promise<void>;
}

/**
 * Enables and starts a unit and resolves when it says that it is ready. The first failure counts: systemd would try again
 * for ever.
 * @throws `tool-failed` after it told the last lines that the unit logged
 */
export async function startUnit(systemd: Systemd, unit: string, watch: StartWatch): Promise<void> {
  const { progress, signal, nowMs = () => performance.now(), pause = wait } = watch;
  await systemd.reload();
  await systemd.enable(unit);
  await systemd.start(unit);
  const deadline = nowMs() + START_MS;
  let told = "";
  for (;;) {
    signal.throwIfAborted();
    const { active, sub, status } = await systemd.state(unit);
    if (active === "active") return;
    const isOver = active === "failed" || sub === "auto-restart" || nowMs() >= deadline;
    if (isOver) throw await startFailed(systemd, unit, progress);
    // Queued: a host whose network never says that it is online holds it up.
    const now = active === "inactive" ? "waits for network-online.target" : status || "starting";
    if (now !== told) progress(`${unit}: ${now}`);
    told = now;
    await pause(POLL_MS);
  }
}

async function startFailed(systemd: Systemd, unit: string, progress: StartWatch["progress"]): Promise<WarrenError> {
  const lines = await systemd.lastLines(unit, LOG_LINES);
  for (const line of lines) progress(`  ${line}`);
  const why = lines.length > 0 ? "its last lines are above" : `see: journalctl -u ${unit}`;
  return new WarrenError("tool-failed", `${unit} did not become ready; ${why}`);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
