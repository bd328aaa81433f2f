/**
 * `npm run docs`: writes the generated pages of docs/, the figures in benchmarks.md, and the pages for `man`. Tests fail when
 * a page is not what this writes.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rewriteFigures } from "../bench/report/markdown/figures-section.ts";
import { readReport } from "../bench/report/read-report.ts";
import { COMMANDS } from "../packages/cli/src/command-tree.ts";
import { cliReference } from "../packages/cli/src/reference/cli-reference.ts";
import { errorReference } from "../packages/cli/src/reference/error-reference.ts";
import { manPages } from "../packages/cli/src/reference/man-pages.ts";
import { SERVICE_KEYS } from "../packages/cli/src/reference/service-keys.ts";

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

const manual = new URL("../packages/cli/man/", import.meta.url);
mkdirSync(manual, { recursive: true });
const made = manPages(COMMANDS, SERVICE_KEYS);
for (const name of readdirSync(manual)) if (!(name in made)) rmSync(new URL(name, manual));
for (const [name, text] of Object.entries(made)) writeFileSync(new URL(name, manual), text);
console.log(`packages/cli/man: ${Object.keys(made).length} pages written`);
