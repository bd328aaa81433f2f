import { isatty } from "node:tty";
import { runCli } from "./cli.ts";

/**
 * A standard stream that is opened on the first word written to it. Opening a pipe makes it non-blocking, which the
 * program of `pod exec` would inherit: `yes` then ends with "Resource temporarily unavailable".
 */
function lazyWriter(open: () => NodeJS.WriteStream): (text: string) => void {
  let stream: NodeJS.WriteStream | undefined;
  return (text) => {
    if (stream === undefined) {
      stream = open();
      // A reader that went away (`warren nodes | head -1`) is not an error worth a word.
      stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
    }
    stream.write(text);
  };
}

const code = await runCli(process.argv.slice(2), {
  env: process.env,
  isTerminal: isatty(1),
  isErrorTerminal: isatty(2),
  stdout: lazyWriter(() => process.stdout),
  stderr: lazyWriter(() => process.stderr),
});
// Pipes, files and terminals are written synchronously on Linux, so nothing is lost, and no idle socket is waited for.
process.exit(code);
