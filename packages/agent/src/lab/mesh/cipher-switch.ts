import { setTimeout as delay } from "node:timers/promises";
import { callLocal } from "@warren/common/api/local-client.ts";
import type { ClusterInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** Changes the cipher of the cluster, and puts the first one back. */
export interface CipherSwitch {
  /** Resolves when `isThere` says that both nodes have it, and packets go that way. @throws WarrenError `timeout`, and what the control plane says */
  set(cipher: string, isThere: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
  /** As it was before the first `set`; nothing where none was done. @throws WarrenError with what to do by hand */
  restore(): Promise<void>;
}

const POLL_MS = 100;
const LIMIT_MS = 30_000;
/** Agents change in steps of two seconds: both ways taken, the new way sent, the old way closed (`cipher-change.ts`). */
const SETTLED_MS = 5000;

/** Through the control plane whose socket this is, as `warren cluster set cipher=…`. */
export function controlCipher(socket: string, settledMs = SETTLED_MS): CipherSwitch {
  let first: string | undefined;
  let now: string | undefined;
  const change = (cipher: string) => callLocal<ClusterInfo>(socket, "POST", "/v1/cluster", { cipher });
  return {
    async set(cipher, isThere, signal) {
      if (first === undefined) {
        first = (await callLocal<ClusterInfo>(socket, "GET", "/v1/cluster")).cipher;
        now = first;
      }
      if (cipher === now) return;
      // Before it is done: what is not known to have failed is put back.
      now = cipher;
      await change(cipher);
      const untilMs = performance.now() + LIMIT_MS;
      while (!(await isThere())) {
        if (performance.now() > untilMs)
          throw new WarrenError("timeout", `the nodes did not change to ${cipher} within ${LIMIT_MS / 1000} s`);
        await delay(POLL_MS, undefined, { signal });
      }
      await delay(settledMs, undefined, { signal });
    },
    async restore() {
      if (first === undefined || now === first) return;
      try {
        await change(first);
        now = first;
      } catch (cause) {
        throw new WarrenError(
          WarrenError.from(cause).code,
          `the cluster's cipher is still ${now}: put it back with \`warren cluster set cipher=${first}\` (${(cause as Error).message})`,
          { cause },
        );
      }
    },
  };
}

/** For a run without access to the control plane: only the present cipher. */
export const presentCipher: CipherSwitch = {
  async set(cipher, isThere) {
    if (await isThere()) return;
    throw new WarrenError(
      "usage",
      `the cluster has another cipher than ${cipher}; give --control-socket, the control plane's control.sock, to change it meanwhile`,
    );
  },
  restore: () => Promise.resolve(),
};
