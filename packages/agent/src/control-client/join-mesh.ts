import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { describeClock } from "@warren/common/runtime/clock-difference.ts";
import type { Logger } from "pino";
import type { ControlConnector } from "./control-connector.ts";
import { type IdentityStore, type NodeIdentity, toNodeIdentity } from "./identity-store.ts";
import { retryWhileUnavailable } from "./retry.ts";

export interface JoinOptions {
  readonly store: IdentityStore;
  readonly connector: ControlConnector;
  /** `HOST:PORT` of the control plane. */
  readonly control: string;
  readonly name: string;
  readonly underlay: string;
  /** The join token, if one was given; read only when it is needed. */
  readonly token: () => string | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * The identity of this node: the stored one, or a new one by means of the token. The key is on the disk before the token
 * is shown: the control plane gives the same key the same node again, so that a kill between its answer and our write
 * does not waste a single-use token. A certificate that ran out while the node was away needs a token too.
 * Throws what `enroll` throws, `state-corrupt`, and, when a token is needed and there is none, `usage`, `unauthenticated`, or
 * `unavailable` while it is not known whether it is needed.
 */
export async function joinMesh(options: JoinOptions): Promise<NodeIdentity> {
  const { store, connector, logger } = options;
  const stored = store.read();
  const known = toNodeIdentity(stored);
  const why = known ? await expired(known, options) : "this node has not joined yet";
  if (known && why === null) return known;

  const token = options.token();
  if (token === null)
    throw new WarrenError(
      known ? "unauthenticated" : "usage",
      `${why}; make a token on the control plane ("warren token create") and start once with --token TOKEN`,
    );
  const keyPem = stored?.keyPem ?? connector.createKey();
  if (!stored) store.write({ keyPem, enrolled: null });
  logger.info({ control: options.control }, "joining");
  const { name: nodeName, underlay: underlayAddress, signal } = options;
  const enrolled = await retryWhileUnavailable(options, () =>
    connector.enroll(options.control, token, { nodeName, underlayAddress, keyPem, signal }),
  );
  const identity = { keyPem, enrolled };
  store.write(identity);
  logger.info({ nodeId: enrolled.nodeId, clusterId: enrolled.clusterId }, "joined");
  return toNodeIdentity(identity)!;
}

/**
 * By the clock of the control plane, which judges it. Where that cannot be asked, and no token says otherwise, it is not
 * known: a clock that is ahead at boot is not the end of a node. @throws `unavailable`
 */
async function expired({ credentials }: NodeIdentity, options: JoinOptions): Promise<string | null> {
  const { connector, clock, control, logger, signal } = options;
  const { toMs } = connector.validity(credentials.certificate);
  if (clock.nowMs() < toMs) return null;
  const why = `the certificate of this node expired on ${new Date(toMs).toISOString()}`;
  const offMs = await connector.clockOffMs(control, credentials, signal).catch((cause: unknown) => {
    if (options.token() !== null) return 0;
    const { message } = WarrenError.from(cause);
    throw new WarrenError("unavailable", `${why} if the clock of this host is right, and ${message}`, { cause });
  });
  if (clock.nowMs() - offMs < toMs) {
    logger.warn(describeClock(offMs));
    return null;
  }
  return why;
}
