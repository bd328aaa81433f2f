import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshApi } from "@warren/common/rpc/mesh-api.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { ControlConnector, Validity } from "./control-connector.ts";
import type { IdentityStore, NodeIdentity } from "./identity-store.ts";
import { backoffMs, sleep } from "./retry.ts";

/** A point at 50 to 80 % of a certificate's life, so that nodes that joined together do not renew together. */
export function renewalTime({ fromMs, toMs }: Validity, random: number): number {
  return fromMs + (toMs - fromMs) * (0.5 + 0.3 * random);
}

/** Long timers drift with a suspended machine and overflow at 24 days: look at the clock again after this long. */
const LOOK_AGAIN_MS = 3_600_000;

export interface RenewalOptions {
  readonly store: IdentityStore;
  readonly connector: ControlConnector;
  readonly clock: Clock;
  /** How far the clock is ahead of the control plane's, by which certificates run out. */
  readonly clockOffMs: () => number;
  readonly random: () => number;
  readonly logger: Logger;
  readonly client: () => MeshApi;
  /** Told of the identity with the new certificate, after it is on the disk. */
  readonly onRenewed: (identity: NodeIdentity) => void;
}

/** Keeps the certificate fresh until the signal aborts. A failed try is repeated; the old certificate stays in use. */
export async function renewCertificates(
  start: NodeIdentity,
  options: RenewalOptions,
  signal: AbortSignal,
): Promise<void> {
  const { connector, clock, clockOffMs, random, logger } = options;
  const nowMs = (): number => clock.nowMs() - clockOffMs();
  let identity = start;
  while (!signal.aborted) {
    const dueMs = renewalTime(connector.validity(identity.credentials.certificate), random());
    while (!signal.aborted && nowMs() < dueMs) await sleep(clock, Math.min(dueMs - nowMs(), LOOK_AGAIN_MS), signal);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        identity = await renew(identity, options, signal);
        options.onRenewed(identity);
        logger.info("certificate renewed");
        break;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: WarrenError.from(error) }, "the certificate could not be renewed; trying again");
        await sleep(clock, backoffMs(attempt, random(), 10_000, 600_000), signal);
      }
    }
  }
}

async function renew(identity: NodeIdentity, options: RenewalOptions, signal: AbortSignal): Promise<NodeIdentity> {
  const { connector, store, client } = options;
  const { credentials, clusterId, nodeId } = identity;
  const csr_der = await connector.createRequest(credentials.key);
  const response = await client().renewCertificate({ csr_der }, signal);
  const certificate = connector.acceptCertificate(response.certificate_der, credentials);
  const enrolled = { clusterId, nodeId, certificatePem: certificate, caPem: credentials.ca };
  store.write({ keyPem: credentials.key, enrolled });
  return { ...identity, credentials: { ...credentials, certificate } };
}
