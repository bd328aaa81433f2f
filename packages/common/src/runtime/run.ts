import { execFile } from "node:child_process";
import { WarrenError } from "../errors/warren-error.ts";

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; -1 when a signal ended the program. */
  readonly code: number;
}

export interface RunOptions {
  /** Text for its standard input; without it the program gets none. */
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end, without a shell, with an argument array, and returns whatever it ended with. Throws
 * `tool-missing` when the program is not installed, `timeout` when it took longer than `timeoutMs` (default 30 s).
 */
export function tryRun(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args as string[],
      {
        encoding: "utf8",
        timeout: timeoutMs,
        maxBuffer: 64 << 20,
        ...(options.env && { env: options.env }),
        ...(options.signal && { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({ stdout, stderr, code: 0 });
        if (error.code === "ENOENT")
          return reject(new WarrenError("tool-missing", `${program} is not installed`, { cause: error }));
        if (error.name === "AbortError") return reject(error);
        if (error.killed)
          return reject(new WarrenError("timeout", `${program} ${args.join(" ")} took longer than ${timeoutMs} ms`));
        resolve({ stdout, stderr, code: typeof error.code === "number" ? error.code : -1 });
      },
    );
    // A program that ends without reading its input breaks the pipe; its exit code tells the story.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/** Like `tryRun`, and throws `tool-failed` with the program's own words when it does not exit with 0. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await tryRun(program, args, options);
  if (result.code !== 0) {
    const said = (result.stderr || result.stdout).trim() || `exit code ${result.code}`;
    throw new WarrenError("tool-failed", `${program} ${args.join(" ")}: ${said}`);
  }
  return result;
}
