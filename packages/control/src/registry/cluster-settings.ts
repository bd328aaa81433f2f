import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import { type Cipher, SEALED_PORT } from "@warren/common/net/cipher.ts";
import type { Encapsulation } from "@warren/common/net/encapsulation.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { parsePools } from "../ipam/pools.ts";
import type { Store } from "../store/store.ts";
import { checkTogether } from "./changeable-settings.ts";
import { type ClusterRecord, keys, sealedPortOf } from "./keys.ts";
import { decode, encode } from "./table.ts";

/** What a cluster is made with. */
export interface ClusterSettings {
  readonly pools: readonly string[];
  readonly nodePrefix: number;
  readonly vni: number;
  readonly port: number;
  /** UDP port of sealed traffic; another one than `port`. Default 51820. */
  readonly sealedPort?: number | undefined;
  /** Default `none`. This and the next are, unlike the others, not kept for ever: see `changeable-settings.ts`. */
  readonly cipher?: Cipher | undefined;
  /** Default `always`. */
  readonly encapsulation?: Encapsulation | undefined;
}

/** The cluster of a store; null when it was not made yet. */
export async function readCluster(store: Store): Promise<ClusterRecord | null> {
  const { entries } = await store.range(keys.cluster);
  const entry = entries.find((candidate) => candidate.key === keys.cluster);
  return entry ? decode<ClusterRecord>(entry) : null;
}

/**
 * Whether a cluster could be made with these: to be asked before anything is written.
 * @throws `pool-overlap`, `pool-too-small`, `address-invalid`, `setting-conflict`
 */
export function checkSettings(settings: ClusterSettings): void {
  const { pools, nodePrefix, port, sealedPort = SEALED_PORT, cipher = "none", encapsulation } = settings;
  parsePools(pools, nodePrefix);
  checkTogether({ cipher, encapsulation });
  if (port === sealedPort)
    throw new WarrenError(
      "setting-conflict",
      `port and sealed-port are both ${port}: VXLAN and sealed traffic need one each; give --sealed-port another number`,
    );
}

/**
 * The cluster of a store, made now if there is none.
 * @throws `pool-changed` when it was made with other settings, naming both; what `checkSettings` throws;
 *   `state-corrupt` when the store is of another CA
 */
export async function ensureCluster(
  store: Store,
  settings: ClusterSettings,
  caHash: string,
  clock: Clock,
): Promise<ClusterRecord> {
  checkSettings(settings);
  const found = await readCluster(store);
  if (found) {
    checkSame(found, settings);
    if (found.caHash !== caHash) {
      throw new WarrenError(
        "state-corrupt",
        `the store is of the cluster with CA sha256:${found.caHash}, the key in the data directory is of ` +
          `sha256:${caHash}: files of two clusters were mixed. Restore both from one backup`,
      );
    }
    return found;
  }
  const record: ClusterRecord = {
    id: randomId(10),
    caHash,
    pools: [...settings.pools],
    nodePrefix: settings.nodePrefix,
    vni: settings.vni,
    port: settings.port,
    sealedPort: settings.sealedPort ?? SEALED_PORT,
    cipher: settings.cipher ?? "none",
    encapsulation: settings.encapsulation ?? "always",
    createdMs: clock.nowMs(),
  };
  try {
    await store.txn(
      [{ key: keys.cluster, modRevision: 0 }],
      [{ type: "put", key: keys.cluster, value: encode(record) }],
    );
    return record;
  } catch (error) {
    if (WarrenError.from(error).code !== "conflict") throw error;
    // Another control plane on the same store was faster.
    return ensureCluster(store, settings, caHash, clock);
  }
}

function checkSame(made: ClusterRecord, asked: ClusterSettings): void {
  const differences: string[] = [];
  const compare = (what: string, before: string | number, now: string | number) => {
    if (before !== now) differences.push(`${what} ${before}, now asked: ${now}`);
  };
  compare("pod-cidr", list(made.pools), list(asked.pools));
  compare("node-prefix", made.nodePrefix, asked.nodePrefix);
  compare("vni", made.vni, asked.vni);
  compare("port", made.port, asked.port);
  compare("sealed-port", sealedPortOf(made), asked.sealedPort ?? SEALED_PORT);
  if (differences.length === 0) return;
  throw new WarrenError(
    "pool-changed",
    `the cluster was made with ${differences.join("; with ")}. These cannot change while nodes hold leases of them: start ` +
      "with the old values, or make a new cluster in another data-dir",
  );
}

/** The order of pools only says which is used first, so another order is no other setting. */
function list(pools: readonly string[]): string {
  return [...pools].sort().join(", ");
}
