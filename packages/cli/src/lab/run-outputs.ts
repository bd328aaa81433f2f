import { accessSync, constants as modes, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { compareRuns } from "@warren/agent/lab/compare-runs.ts";
import { renderRun } from "@warren/agent/lab/page/run-page.ts";
import { readRun } from "@warren/agent/lab/read-run.ts";
import type { LabKind, LabRun } from "@warren/agent/lab/run.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type CommandContext, print, textFlag } from "../context.ts";
import { formatRun } from "../output/lab-run.ts";

/**
 * Looks at `--against` and `--html` before anything is measured: a run of minutes must not end with nowhere to put it.
 * @returns compares the run, writes the page and prints
 * @throws WarrenError `usage`
 */
export function prepareOutputs(context: CommandContext, kind: LabKind): (run: LabRun) => Promise<void> {
  const against = textFlag(context, "against");
  const earlier = against === undefined ? undefined : readRun(against, kind);
  const html = textFlag(context, "html");
  if (html !== undefined) checkDirectory(html);
  return async (measured) => {
    const run = earlier ? { ...measured, comparison: compareRuns(measured, earlier, against!) } : measured;
    if (html !== undefined) {
      writeFileSync(html, renderRun(run));
      context.note(`page written: ${html}`);
    }
    await print(context, run, (wide) => formatRun(run, wide, context.color));
  };
}

function checkDirectory(file: string): void {
  try {
    accessSync(dirname(file), modes.W_OK);
  } catch (cause) {
    throw new WarrenError("usage", `--html ${file}: its directory does not exist or may not be written`, { cause });
  }
}
