import { changeSettings } from "../registry/changeable-settings.ts";
import { type ClusterRecord, keys } from "../registry/keys.ts";
import { admitCipher } from "./cipher-change.ts";
import type { MeshContext } from "./context.ts";
import { draftCluster } from "./sealing.ts";

/**
 * Changes settings of the running cluster; the next netmap tells every node.
 * @throws `usage`, `setting-conflict`; then nothing is changed
 */
export async function changeCluster(
  context: MeshContext,
  changes: Readonly<Record<string, string>>,
): Promise<ClusterRecord> {
  const { view, transactor, logger } = context;
  const { before, after } = await transactor.run((draft) => {
    const found = draftCluster(context, draft);
    const changed = changeSettings(found, changes);
    if (changed.cipher !== found.cipher) admitCipher(context, draft, changed.cipher);
    draft.put(view.singles, keys.cluster, changed);
    return { before: found, after: changed };
  });
  for (const [setting, value] of Object.entries(changes)) {
    const was = before[setting as keyof ClusterRecord] ?? "the default";
    logger.info({ setting, value, was }, "setting of the cluster changed");
  }
  return after;
}
