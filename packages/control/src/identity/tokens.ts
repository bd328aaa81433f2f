import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { TokenCreated, TokenInfo, TokenRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import { formatToken } from "@warren/common/identity/join-token.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import type { TokenRecord } from "../registry/keys.ts";
import type { Draft, Transactor } from "../registry/transactor.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_TTL_MS = HOUR_MS;
const MAX_TTL_MS = 30 * 24 * HOUR_MS;
const MAX_USES = 10_000;
/** A dead token stays in the list for a week, so that a failed join can be explained. */
const KEPT_MS = 7 * 24 * HOUR_MS;

export interface TokenOptions {
  readonly view: ClusterView;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly caHash: string;
}

/** Join tokens. The store has only the hash of a secret, so who reads the data directory cannot join. */
export class Tokens {
  readonly #options: TokenOptions;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** @throws `usage` for a time to live or number of uses out of range */
  async create(request: TokenRequest): Promise<TokenCreated> {
    const { view, transactor, clock, caHash } = this.#options;
    const ttlMs = inRange(request.ttlMs ?? DEFAULT_TTL_MS, 1_000, MAX_TTL_MS, "ttl in milliseconds");
    const uses = inRange(request.uses ?? 1, 1, MAX_USES, "number of uses");
    // 144 bits: a plain hash is enough, there is nothing to guess.
    const secret = randomBytes(18).toString("base64url");
    const createdMs = clock.nowMs();
    const record: TokenRecord = {
      id: randomId(10),
      hash: hashOf(secret),
      createdMs,
      expiresMs: createdMs + ttlMs,
      uses,
      revoked: false,
      joined: [],
    };
    await transactor.run((draft) => {
      for (const old of view.tokens.values()) {
        if (old.expiresMs + KEPT_MS < createdMs) draft.delete(view.tokens, old.id);
      }
      draft.read(view.tokens, record.id);
      draft.put(view.tokens, record.id, record);
    });
    return { ...this.#info(record), token: formatToken({ caHash, id: record.id, secret }) };
  }

  /** Newest first. */
  list(): TokenInfo[] {
    const records = this.#options.view.tokens.values().sort((a, b) => b.createdMs - a.createdMs);
    return records.map((record) => this.#info(record));
  }

  /** @throws `not-found` */
  async revoke(id: string): Promise<TokenInfo> {
    const { view, transactor } = this.#options;
    const record = await transactor.run((draft) => {
      const found = draft.read(view.tokens, id);
      if (!found)
        throw new WarrenError("not-found", `there is no token ${JSON.stringify(id)}; "warren token list" shows all`);
      const revoked = { ...found, revoked: true };
      draft.put(view.tokens, id, revoked);
      return revoked;
    });
    return this.#info(record);
  }

  /**
   * The token of this id and secret, in whatever state. Cheap, for before anything dear is done for a caller.
   * @throws `token-unknown`
   */
  find(id: string, secret: string): TokenRecord {
    const record = this.#options.view.tokens.get(id);
    if (record && timingSafeEqual(Buffer.from(record.hash, "hex"), Buffer.from(hashOf(secret), "hex"))) return record;
    throw new WarrenError(
      "token-unknown",
      "this control plane has not made this join token, or has forgotten it; make a new one",
    );
  }

  /**
   * Checks a secret and uses the token up by one, in the caller's transaction: either the node is admitted and the use
   * is counted, or neither.
   * @returns the node that joined with this token and this very key before, whose answer must have been lost; else null
   * @throws `token-unknown`, `token-revoked`, `token-expired`, `token-used`
   */
  redeem(draft: Draft, id: string, secret: string, keyHash: string, nodeId: () => string): string | null {
    const { view, clock } = this.#options;
    draft.read(view.tokens, id);
    const record = this.find(id, secret);
    if (record.revoked) throw new WarrenError("token-revoked", `join token ${id} was revoked; make a new one`);
    const before = record.joined.find((use) => use.keyHash === keyHash);
    if (before) return before.nodeId;
    if (record.joined.length >= record.uses) {
      const times = record.uses === 1 ? "once, as often as it may be" : `${record.uses} times, as often as it may be`;
      throw new WarrenError("token-used", `join token ${id} was used ${times}; make a new one`);
    }
    if (clock.nowMs() >= record.expiresMs) {
      const when = new Date(record.expiresMs).toISOString();
      throw new WarrenError("token-expired", `join token ${id} expired at ${when}; make a new one`);
    }
    draft.put(view.tokens, id, { ...record, joined: [...record.joined, { nodeId: nodeId(), keyHash }] });
    return null;
  }

  #info(record: TokenRecord): TokenInfo {
    return {
      id: record.id,
      created: new Date(record.createdMs).toISOString(),
      expires: new Date(record.expiresMs).toISOString(),
      uses: record.uses,
      used: record.joined.length,
      state: this.#stateOf(record),
    };
  }

  #stateOf(record: TokenRecord): TokenInfo["state"] {
    if (record.revoked) return "revoked";
    if (record.joined.length >= record.uses) return "used";
    return this.#options.clock.nowMs() >= record.expiresMs ? "expired" : "valid";
  }
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function inRange(value: number, least: number, most: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new WarrenError("usage", `the ${what} is ${value}; expected a whole number from ${least} to ${most}`);
}
