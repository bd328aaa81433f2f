/** `npm run docs`: writes the generated pages of docs/, and the figures in benchmarks.md. Tests fail when a page is not what this writes. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rewriteFigures } from "../bench/report/markdown/figures-section.ts";
import { readReport } from "../bench/report/read-report.ts";
import { COMMANDS } from "../packages/cli/src/command-tree.ts";
import { cliReference } from "../packages/cli/src/reference/cli-reference.ts";
import { errorReference } from "../packages/cli/src/reference/error-reference.ts";

const benchmarks = readFileSync(new URL("../docs/benchmarks.md", import.meta.url), "utf8");
const readKept = (file: string) => readReport(fileURLToPath(new URL(`../${file}`, import.meta.url)));
const pages = {
  "cli.md": cliReference(COMMANDS),
  "errors.md": errorReference(),
  "benchmarks.md": rewriteFigures(benchmarks, readKept),
};
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  console.log(`docs/${name} written`);
}
