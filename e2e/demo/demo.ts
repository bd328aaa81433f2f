/**
 * The order of the demo: underlay → control plane → agents → pods → checks → teardown and proof. Whatever ends it, an
 * error or a Ctrl-C, the teardown runs.
 */
import { EXIT } from "@warren/common/errors/codes.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Lab } from "../lab/lab.ts";
import { bringUp, buildUnderlay, plural } from "./bring-up.ts";
import { type CheckContext, nodeToPod, noNat, pingMatrix, throughput } from "./checks.ts";
import { diagnose } from "./diagnose.ts";
import type { DemoFlags } from "./flags.ts";
import { lookAround } from "./look-around.ts";
import { renderMatrix } from "./matrix.ts";
import type { Progress } from "./progress.ts";
import type { DemoResult } from "./result.ts";

/** Runs the whole demo, fills `result`, and returns the exit code. Never throws. */
export async function runDemo(
  flags: DemoFlags,
  progress: Progress,
  result: DemoResult,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  let exit: number = EXIT.ok;
  let lab: Lab | undefined;
  let kept = false;
  progress.title(
    `A Warren mesh of ${plural(flags.nodes, "node")} with ${plural(flags.pods, "pod")} each, on this machine`,
  );
  try {
    lab = await buildUnderlay(flags, progress, signal);
    const pods = await bringUp(lab, flags, progress, result, signal);
    await check(lab, pods, progress, result, signal);
    if (result.failures.length > 0) exit = EXIT.partial;
    if (flags.keep) {
      lab.keep();
      kept = true;
      progress.title("\nThe mesh stays up. To look around:");
      for (const line of lookAround(lab, pods, flags.cipher)) progress.say(line);
    }
  } catch (thrown) {
    exit = signal.aborted ? exitOf(signal) : WarrenError.from(thrown).exitCode;
    if (!signal.aborted) result.failures.push((thrown as Error).message);
  }
  if (result.failures.length > 0 && !signal.aborted) {
    for (const failure of result.failures) progress.fail(failure);
    if (lab) for (const line of await diagnose(lab)) progress.say(`  ${line}`);
  }
  if (lab && !kept && !(await takeDown(lab, progress, result))) exit ||= EXIT.error;
  result.seconds = (performance.now() - started) / 1000;
  result.ok = exit === EXIT.ok;
  if (signal.aborted) progress.say("Interrupted; nothing of the demo is left running.");
  else
    progress.title(
      result.ok ? `All is well, after ${result.seconds.toFixed(1)} s.` : "Something is not as it should be.",
    );
  return exit;
}

async function check(
  lab: Lab,
  pods: CheckContext["pods"],
  progress: Progress,
  result: DemoResult,
  signal: AbortSignal,
): Promise<void> {
  const run = (text: string, body: (context: CheckContext) => Promise<string>) =>
    progress.step(text, (step) => body({ lab, pods, result, signal, step }));
  if (pods.length > 1) {
    await run("pods ping each other", pingMatrix);
    for (const line of renderMatrix(result.pings)) progress.say(line);
  }
  if (lab.hosts.length < 2) {
    progress.say("  (what goes from node to node needs --nodes 2 or more)");
    return;
  }
  await run("no NAT", noNat);
  await run("node → remote pod", nodeToPod);
  await run("TCP throughput", throughput);
}

/** Returns whether nothing is left. */
async function takeDown(lab: Lab, progress: Progress, result: DemoResult): Promise<boolean> {
  try {
    await progress.step("taking everything down", async () => {
      await lab.remove();
      result.leftovers = await lab.leftovers();
      if (result.leftovers.length > 0) throw new WarrenError("internal", result.leftovers.join("; "));
      return "all taken down; left behind: no namespace, link, route, rule, table, process or file";
    });
    return true;
  } catch (thrown) {
    result.failures.push(`left behind: ${(thrown as Error).message}`);
    progress.fail(`left behind: ${(thrown as Error).message}; try: npm run demo -- --down --name ${lab.name}`);
    return false;
  }
}

/** 128 + the signal's number, as shells have it. */
function exitOf(signal: AbortSignal): number {
  return typeof signal.reason === "number" ? signal.reason : 130;
}
