import { runCli } from "./cli.ts";

// A reader that went away (`warren nodes | head -1`) is not an error worth a word.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const code = await runCli(process.argv.slice(2), {
  env: process.env,
  isTerminal: process.stdout.isTTY === true,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
});
// Pipes, files and terminals are written synchronously on Linux, so nothing is lost, and no idle socket is waited for.
process.exit(code);
