/**
 * The one table of error codes. `docs/errors.md` is generated from it, the exit code of the command line comes from
 * it, and so does the HTTP status of the local API. A new condition is a new row here, never a free-form string.
 */

/** Exit codes of every `warren` command. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notReady: 3,
  unreachable: 4,
  notAuthorised: 5,
  conflict: 6,
  partial: 7,
} as const;

interface CodeRow {
  /** Exit code of a command that ends with this error. */
  readonly exit: number;
  /** Status of the local HTTP API. */
  readonly http: number;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** One sentence for the error catalogue. */
  readonly meaning: string;
}

const row = (exit: number, http: number, retryable: boolean, meaning: string): CodeRow => ({
  exit,
  http,
  retryable,
  meaning,
});

export const ERROR_CODES = {
  usage: row(EXIT.usage, 400, false, "A command, flag or argument is not known or has a value that cannot be used."),
  "config-invalid": row(EXIT.usage, 400, false, "A configuration key or value is wrong; file, line and key are named."),
  "address-invalid": row(EXIT.usage, 400, false, "A text is not an IP address, prefix or endpoint."),
  "key-invalid": row(EXIT.usage, 400, false, "A text or message is not an X25519 public key that can be used."),
  "name-invalid": row(EXIT.usage, 400, false, "A name does not match [a-z0-9][a-z0-9._-]{0,62}."),

  "not-root": row(EXIT.error, 403, false, "The command needs root (CAP_NET_ADMIN)."),
  "capability-missing": row(
    EXIT.error,
    403,
    false,
    "The process lacks a Linux capability that this needs; it is named.",
  ),
  "host-unfit": row(
    EXIT.error,
    500,
    false,
    "A host was not joined: what an agent cannot do without is missing or wrong.",
  ),
  "tool-missing": row(EXIT.error, 500, false, "A program that Warren calls is not installed."),
  "tool-failed": row(EXIT.error, 500, false, "A program that Warren called ended with an error."),
  "tun-missing": row(EXIT.error, 500, false, "/dev/net/tun is absent or may not be opened."),
  "vxlan-missing": row(EXIT.error, 500, false, "The kernel has no vxlan devices, which `dataplane: kernel` needs."),
  "port-in-use": row(EXIT.error, 500, false, "Another process holds the port."),
  "address-not-local": row(EXIT.error, 500, false, "An address to listen on is not on any interface of this host."),
  "disk-full": row(
    EXIT.error,
    507,
    true,
    "The data directory has no room; nothing was lost, the write did not happen.",
  ),
  "state-corrupt": row(EXIT.error, 500, false, "A state file cannot be read; it is never recreated silently."),
  "key-exposed": row(EXIT.error, 500, false, "Others than its owner can read a private key's file."),
  "already-running": row(EXIT.conflict, 409, false, "Another instance uses the same data or run directory."),

  "clock-off": row(
    EXIT.notAuthorised,
    401,
    true,
    "This host's clock is so far from the control plane's that certificates do not hold; it tries again.",
  ),
  "token-malformed": row(EXIT.notAuthorised, 401, false, "The text is not a join token."),
  "token-unknown": row(EXIT.notAuthorised, 401, false, "The control plane does not know this join token."),
  "token-expired": row(EXIT.notAuthorised, 401, false, "The join token is past its time to live."),
  "token-used": row(EXIT.notAuthorised, 401, false, "The join token has no uses left."),
  "token-revoked": row(EXIT.notAuthorised, 401, false, "The join token was revoked."),
  "ca-mismatch": row(EXIT.notAuthorised, 401, false, "The control plane is not the one the token was made by."),
  unauthenticated: row(EXIT.notAuthorised, 401, false, "The caller has no valid certificate of this cluster."),
  forbidden: row(EXIT.notAuthorised, 403, false, "The caller may not do this."),
  "node-revoked": row(EXIT.notAuthorised, 403, false, "The node was revoked."),

  "node-name-taken": row(EXIT.conflict, 409, false, "Another node has this name."),
  "underlay-taken": row(EXIT.conflict, 409, false, "Another node has this underlay address."),
  "sealing-key-taken": row(EXIT.conflict, 409, false, "Another node or peer has this sealing key."),
  "pool-overlap": row(EXIT.usage, 400, false, "Two pools share addresses."),
  "pool-too-small": row(EXIT.usage, 400, false, "A pool cannot be cut into pod CIDRs of the asked size."),
  "pool-changed": row(
    EXIT.conflict,
    409,
    false,
    "The asked pools, VNI or ports differ from those the cluster was made with.",
  ),
  "setting-conflict": row(
    EXIT.conflict,
    409,
    false,
    "Two settings exclude each other: of the cluster, of a pair, or of a peer.",
  ),
  "pool-exhausted": row(EXIT.conflict, 409, true, "Every pod CIDR of the pools is leased or reserved."),
  "addresses-exhausted": row(EXIT.conflict, 409, true, "Every pod address of the node's pod CIDR is in use."),
  "identity-in-use": row(
    EXIT.conflict,
    409,
    false,
    "Two agents run with one node's identity: the state directory of the second is a copy, or the first has yet to go.",
  ),
  "lease-lost": row(EXIT.conflict, 409, false, "The lease is no longer the caller's: its epoch is over."),
  "pod-exists": row(EXIT.conflict, 409, false, "A pod with this name is on the node already."),
  "pods-present": row(EXIT.conflict, 409, false, "The node still has pods, which the action would cut off."),
  "already-exists": row(EXIT.conflict, 409, false, "The thing to be made exists already."),
  "not-found": row(EXIT.error, 404, false, "The thing named does not exist."),

  conflict: row(EXIT.conflict, 409, true, "A compare-and-swap found another value than expected."),
  compacted: row(EXIT.error, 410, true, "The revision asked for is no longer kept; start again from a snapshot."),
  busy: row(EXIT.conflict, 409, true, "Somebody else is doing what only one can do at a time."),
  unavailable: row(EXIT.unreachable, 503, true, "The control plane, agent or store does not answer."),
  timeout: row(EXIT.notReady, 504, true, "The time limit ran out."),
  "not-ready": row(EXIT.notReady, 503, true, "The service is up but not ready yet."),
  "version-mismatch": row(EXIT.error, 400, false, "The two sides speak different protocol versions."),
  "cipher-missing": row(EXIT.error, 500, false, "A cipher cannot be used on this host, or not in this implementation."),
  internal: row(EXIT.error, 500, false, "A defect in Warren."),
} as const satisfies Record<string, CodeRow>;

/** Every code there is. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** True when `text` is a code of the table (for values that come over a wire). */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(ERROR_CODES, text);
}
