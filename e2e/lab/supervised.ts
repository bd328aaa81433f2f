import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { record } from "./journal.ts";
import { enterArgs } from "./netns.ts";
import { endProcesses, identify, type ProcessId, sendSignal } from "./process-table.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A long-running program in a namespace of the lab, with all it prints in one file. */
export interface Supervised extends ProcessId {
  readonly what: string;
  readonly logFile: string;
  /** What it printed so far, both streams. */
  log(): string;
  readonly running: boolean;
  /** Resolves when it has ended, however. */
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end and makes it after `graceMs` (default 5 s). */
  end(graceMs?: number): Promise<Exit>;
  /** `kill -9`: what a crash looks like. */
  kill(): Promise<Exit>;
}

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Name for messages; the program's when left out. */
  readonly what?: string;
}

/**
 * Starts a program in a network namespace, in its own process group (a Ctrl-C at the terminal is for the owner of the
 * lab, who ends things in order). It is in the lab's journal before this returns.
 */
export async function supervise(
  lab: string,
  netns: string,
  logFile: string,
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Supervised> {
  const what = options.what ?? program;
  const output = openSync(logFile, "a", 0o600);
  let child: ChildProcess;
  try {
    child = spawn("nsenter", enterArgs(netns, program, args), {
      detached: true,
      stdio: ["ignore", output, output],
      ...(options.env && { env: { ...process.env, ...options.env } }),
    });
  } finally {
    closeSync(output);
  }
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }) as Exit);
  exited.catch(() => {});
  await once(child, "spawn").catch((cause) => {
    throw new WarrenError("tool-missing", `nsenter could not be started: ${cause.message}`, { cause });
  });
  // A running child does not hold the owner's event loop open (`--keep`), unless somebody waits for its end.
  child.unref();
  const waitForExit = (): Promise<Exit> => {
    child.ref();
    return exited;
  };
  const id = identify(child.pid!) ?? { pid: child.pid!, started: "" };
  record(lab, { made: "process", process: id, what });
  return {
    ...id,
    what,
    logFile,
    get exited() {
      return waitForExit();
    },
    log: () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""),
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    signal: (signal) => sendSignal(id, signal),
    end: async (graceMs = 5_000) => {
      await endProcesses([id], graceMs);
      return waitForExit();
    },
    kill: async () => {
      sendSignal(id, "SIGKILL");
      return waitForExit();
    },
  };
}
