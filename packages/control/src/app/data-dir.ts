import { existsSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/**
 * Refuses a data directory whose database went missing while the CA is there: an empty one would give addresses in use
 * to other nodes.
 * @throws `state-corrupt`
 */
export function checkDataDir(dataDir: string): void {
  const [store, ca] = [join(dataDir, "state.db"), join(dataDir, "ca.json")];
  if (existsSync(store) || !existsSync(ca)) return;
  throw new WarrenError(
    "state-corrupt",
    `${store} is missing, but ${ca} is there: this was the data directory of a cluster. Restore a backup of it, or move ` +
      "it away and join every node again",
  );
}
