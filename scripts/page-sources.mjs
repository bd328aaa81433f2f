// What the live page is built from. launch.sh has the same list, as patterns. Runs on Node 18.
import { readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["packages/dashboard", "packages/common/src/net", "packages/common/src/report"];

/** Paths of all files that decide what is built, sorted; `root` is the checkout. */
export function pageSources(root) {
  return FOLDERS.flatMap((folder) => filesUnder(join(root, folder)))
    .filter((path) => !path.endsWith(".test.ts"))
    .sort();
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return /^(dist|node_modules)/.test(entry.name) ? [] : filesUnder(path);
  });
}
