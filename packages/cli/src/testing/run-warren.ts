import { runCli } from "../cli.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as if from a pipe, with an environment of its own. */
export async function runWarren(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const code = await runCli(argv, {
    env,
    isTerminal: false,
    isErrorTerminal: false,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}
