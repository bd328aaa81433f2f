import { existsSync } from "node:fs";
import { withdrawNode } from "@warren/agent/app/withdraw-node.ts";
import type { PodInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { loadAgentConfig } from "../service/service-config.ts";
import type { HostPaths } from "./host-paths.ts";
import { leaveHost, type RunningAgent } from "./leave-host.ts";
import { linuxSystemd } from "./linux-systemd.ts";

/** `warren leave` on a host that `warren join` set up: tells what it took away. */
export async function undoJoin(context: CommandContext, paths: HostPaths): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new WarrenError("not-root", "only root can undo what `warren join` did; run it with sudo");
  const options = { deletePods: context.flags["delete-pods"] === true, force: context.flags["force"] === true };
  const logger = createLogger({ level: "silent", format: "text" });
  const left = await leaveHost(options, {
    ...{ paths, systemd: linuxSystemd, agent: await answeringAgent(context) },
    async withdraw(how) {
      // A join that was killed early wrote no configuration, and enrolled nobody.
      if (!existsSync(paths.agentConfig)) return { pods: [], untold: null, swept: [] };
      const { values } = await loadAgentConfig({ ...context, flags: { config: paths.agentConfig }, env: {} });
      return withdrawNode(values, how, { logger });
    },
  });
  const removed = { pods: left.pods, removed: left.removed, leaseKept: left.untold !== null };
  await print(context, removed, () => {
    const pods = left.pods.map((pod) => `deleted pod ${pod}\n`);
    const things = left.removed.map((thing) => `removed ${thing}\n`);
    return `${[...pods, ...things].join("")}this host has left the mesh\n`;
  });
  if (left.untold !== null) context.note(keptLease(left.untold));
}

/** What becomes of a lease that was not given back, and what to do about it. */
export function keptLease({ code, message }: WarrenError): string {
  if (code === "identity-in-use")
    return "another host has this node's identity, and keeps the lease; nothing is to be done on the control plane";
  return `the control plane was not told (${message}); it keeps the lease until its retention time is over, or until you run, on its host: warren nodes revoke NAME`;
}

async function answeringAgent(context: CommandContext): Promise<RunningAgent | null> {
  try {
    await call(context, "agent", "GET", "/v1/pods");
  } catch (error) {
    // It does not run, or it is starting, for ever maybe: then it is asked for nothing.
    if (error instanceof WarrenError && ["unavailable", "not-ready", "timeout"].includes(error.code)) return null;
    throw error;
  }
  return {
    pods: () => call<PodInfo[]>(context, "agent", "GET", "/v1/pods"),
    async deletePod(namespace, name) {
      await call(context, "agent", "DELETE", `/v1/pods/${namespace}/${name}`);
    },
    async leave() {
      await call(context, "agent", "POST", "/v1/leave", { release: true });
    },
  };
}
