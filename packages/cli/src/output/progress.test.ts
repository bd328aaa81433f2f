import { expect, test } from "vitest";
import type { CommandContext } from "../context.ts";
import { Progress } from "./progress.ts";

function setup(flags: Record<string, boolean>, isTerminal: boolean) {
  const written: string[] = [];
  let now = 0;
  const context = {
    flags,
    note: (line: string) => written.push(`${line}\n`),
    showLine: isTerminal ? (line: string | null) => written.push(`\r${line ?? ""}`) : undefined,
  } as unknown as CommandContext;
  const progress = new Progress(context, () => now);
  const run = () => {
    for (let step = 0; step < 100; step++) {
      now = step * 1000;
      progress.show(step / 100, `step ${step}`);
    }
    progress.end();
    progress.end();
  };
  run();
  return written;
}

test("on a terminal one line is written over, and is gone at the end", () => {
  const written = setup({}, true);
  expect(written).toHaveLength(101);
  expect(written[50]).toBe("\r 50 %, 50s left  step 50");
  expect(written.at(-1)).toBe("\r");
});

test("into a pipe nothing is written, and with --verbose a line now and then", () => {
  expect(setup({}, false)).toEqual([]);
  const written = setup({ verbose: true }, false);
  expect(written).toHaveLength(20);
  expect(written[1]).toBe("  5 %, 95s left  step 5\n");
});
