/** `npm run docs`: writes the generated pages of docs/. Tests fail when a page is not what this writes. */
import { writeFileSync } from "node:fs";
import { COMMANDS } from "../packages/cli/src/command-tree.ts";
import { cliReference } from "../packages/cli/src/reference/cli-reference.ts";
import { errorReference } from "../packages/cli/src/reference/error-reference.ts";

const pages = { "cli.md": cliReference(COMMANDS), "errors.md": errorReference() };
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  console.log(`docs/${name} written`);
}
