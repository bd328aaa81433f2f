import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import { type CaMaterial, CertificateAuthority, createCaMaterial } from "./certificate-authority.ts";

/**
 * The CA of a data directory, made when there is none yet.
 * @param mayCreate false once the cluster exists: a CA that went missing is never replaced, since every node trusts it
 * @throws `state-corrupt`; `key-exposed` when others than the owner may read the file
 */
export async function openCaFile(path: string, clock: Clock, mayCreate: boolean): Promise<CertificateAuthority> {
  const file = new StateFile<CaMaterial>({
    path,
    format: "warren-ca/1",
    what: "the key of the cluster's CA",
    wayOut: "restore a backup of the data directory, or move the directory away and join every node again",
    secret: { holds: "the CA's key", remedy: "make a new cluster" },
  });
  const found = file.read();
  if (found) return CertificateAuthority.open(found, clock);
  if (!mayCreate) {
    throw new WarrenError(
      "state-corrupt",
      `${path} is missing, but the cluster was made with it: restore a backup of the data directory, or move the ` +
        "directory away and join every node again",
    );
  }
  const material = await createCaMaterial(clock.nowMs());
  file.write(material);
  return CertificateAuthority.open(material, clock);
}
