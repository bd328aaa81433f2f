import { didYouMean } from "@warren/common/config/did-you-mean.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS, isSealed } from "@warren/common/net/cipher.ts";
import { ENCAPSULATIONS } from "@warren/common/net/encapsulation.ts";
import type { ClusterRecord } from "./keys.ts";

/** Settings of a cluster that change while traffic flows, with the values each can have. */
const CHANGEABLE = { cipher: CIPHERS, encapsulation: ENCAPSULATIONS } as const satisfies Readonly<
  Record<string, readonly string[]>
>;

type Changeable = keyof typeof CHANGEABLE;

/**
 * The cluster with the changes.
 * @throws `usage` for a name or a value that there is not, with the nearest one; `setting-conflict`
 */
export function changeSettings(cluster: ClusterRecord, changes: Readonly<Record<string, string>>): ClusterRecord {
  for (const [name, value] of Object.entries(changes)) {
    if (!isChangeable(name)) {
      const known = didYouMean(name, Object.keys(CHANGEABLE));
      throw new WarrenError("usage", `${JSON.stringify(name)} is no setting that a running cluster can change${known}`);
    }
    const values: readonly string[] = CHANGEABLE[name];
    if (!values.includes(value)) {
      const known = didYouMean(value, values);
      throw new WarrenError("usage", `${name} cannot be ${JSON.stringify(value)}${known}`);
    }
  }
  const changed = { ...cluster, ...changes } as ClusterRecord;
  checkTogether(changed);
  return changed;
}

/**
 * Traffic that is routed plainly is not sealed, so a cluster has a cipher or plain routes, never both. Holds whichever of
 * the two is changed.
 * @throws `setting-conflict` with both ways out
 */
export function checkTogether({ cipher, encapsulation = "always" }: ClusterSealing): void {
  if (!isSealed(cipher) || encapsulation === "always") return;
  throw new WarrenError(
    "setting-conflict",
    `cipher ${cipher} and encapsulation ${encapsulation} exclude each other: what is routed plainly is not sealed. ` +
      "Keep encapsulation=always with a cipher, or cipher=none with plain routes",
  );
}

interface ClusterSealing {
  readonly cipher: string;
  readonly encapsulation?: string | undefined;
}

function isChangeable(name: string): name is Changeable {
  return Object.hasOwn(CHANGEABLE, name);
}
