/** `npm run demo`: see `HELP` in flags.ts. */
import { constants } from "node:os";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { ensureHostTools } from "../../scripts/host-tools.ts";
import { removeLab } from "../lab/sweep.ts";
import { runDemo } from "./demo.ts";
import { type DemoFlags, HELP, parseFlags } from "./flags.ts";
import { Progress } from "./progress.ts";
import { emptyResult } from "./result.ts";

async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args);
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0)
    throw new WarrenError("not-root", "the demo makes network namespaces and TUN devices: run it as root");
  await ensureHostTools(["ip", "nft", "nsenter", "ping", "iperf3"]);
  const progress = new Progress(flags.json ? process.stderr : process.stdout);
  return flags.down ? takeDown(flags, progress) : show(flags, progress);
}

async function show(flags: DemoFlags, progress: Progress): Promise<number> {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      progress.say(controller.signal.aborted ? "\nstill taking it down …" : "\ninterrupted: taking it down …");
      controller.abort(128 + constants.signals[signal]);
    });
  const result = emptyResult();
  const exit = await runDemo(flags, progress, result, controller.signal);
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...result }, null, 2)}\n`);
  return exit;
}

async function takeDown(flags: DemoFlags, progress: Progress): Promise<number> {
  const left = await removeLab(flags.name);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ ok: !left?.length, found: left !== null, leftovers: left ?? [] })}\n`);
  if (left === null) progress.say("No demo is up.");
  else if (left.length === 0) progress.say("The demo is taken down; nothing of it is left.");
  else for (const line of left) progress.fail(`left behind: ${line}`);
  return left?.length ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const error = WarrenError.from(thrown);
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
