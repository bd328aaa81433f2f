import { join } from "node:path";
import { StateFile } from "@warren/common/runtime/state-file.ts";
import type { Credentials } from "./control-connector.ts";

/** Who this node is. Between making the key and the control plane's answer only the key is there. */
export interface StoredIdentity {
  readonly keyPem: string;
  readonly enrolled: {
    readonly clusterId: string;
    readonly nodeId: string;
    readonly certificatePem: string;
    readonly caPem: string;
  } | null;
}

/** An identity with which the control plane can be called. */
export interface NodeIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly credentials: Credentials;
}

/** The identity file of a data directory. The private key is made here and leaves neither the file nor this process. */
export class IdentityStore {
  readonly #file: StateFile<StoredIdentity>;

  constructor(dataDir: string) {
    this.#file = new StateFile<StoredIdentity>({
      path: join(dataDir, "identity.json"),
      format: "warren-identity/1",
      what: "the key and certificate of this node",
      wayOut:
        'restore it from a copy; or remove it and start with a new token ("warren token create") after "warren" on the control plane has forgotten the node',
      secret: {
        holds: "the private key of this node",
        remedy: 'run "warren nodes revoke" on the control plane, remove the file and join with a new token',
      },
    });
  }

  /** Null before the first start. Throws `state-corrupt`; `key-exposed` when others than the owner can read the file. */
  read(): StoredIdentity | null {
    return this.#file.read();
  }

  /** Throws `disk-full`, with the old identity untouched. */
  write(identity: StoredIdentity): void {
    this.#file.write(identity);
  }

  remove(): void {
    this.#file.remove();
  }
}

/** Null while the node has not joined. */
export function toNodeIdentity(stored: StoredIdentity | null): NodeIdentity | null {
  if (!stored?.enrolled) return null;
  const { clusterId, nodeId, certificatePem, caPem } = stored.enrolled;
  return { clusterId, nodeId, credentials: { key: stored.keyPem, certificate: certificatePem, ca: caPem } };
}
