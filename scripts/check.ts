/** `npm run check`: format, lint, types, dead code and every test that needs no root. All steps run; one summary. */
import { fileURLToPath } from "node:url";
import { tryRun } from "../packages/common/src/runtime/run.ts";
import { countLine, runVitest } from "./run-vitest.ts";

const BIN = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));

interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

const STEPS: readonly Step[] = [
  { name: "format, imports, lint (biome)", program: "biome", args: ["check", "--error-on-warnings"] },
  { name: "promises, exhaustive switches (oxlint)", program: "oxlint", args: ["--type-aware"] },
  { name: "types (tsc)", program: "tsc", args: ["--noEmit"] },
  { name: "types of the page (tsc)", program: "tsc", args: ["--noEmit", "--project", "packages/dashboard"] },
  { name: "unused code and dependencies (knip)", program: "knip", args: [] },
];

const failed: string[] = [];
for (const { name, program, args } of STEPS) {
  const started = performance.now();
  const result = await tryRun(`${BIN}${program}`, args, { timeoutMs: 300_000 });
  report(name, result.code === 0, started);
  if (result.code !== 0) console.log(`${result.stdout}${result.stderr}`.trimEnd());
}

const started = performance.now();
const counts = await runVitest({ projects: ["unit", "mesh", "meta"] });
report(`tests: ${countLine(counts)}`, counts.failed === 0, started);

console.log(failed.length === 0 ? "check: all good" : `check: failed: ${failed.join("; ")}`);
process.exit(failed.length === 0 ? 0 : 1);

function report(name: string, ok: boolean, since: number): void {
  if (!ok) failed.push(name);
  console.log(`${ok ? "ok  " : "FAIL"} ${((performance.now() - since) / 1000).toFixed(1).padStart(6)} s  ${name}`);
}
