import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import { checkNotJoined, enrollNode } from "@warren/agent/app/enroll-node.ts";
import { withdrawNode } from "@warren/agent/app/withdraw-node.ts";
import type { AgentStatus } from "@warren/common/api/types.ts";
import { loadConfig } from "@warren/common/config/load-config.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { call } from "../client/local-api.ts";
import { AGENT_FLAGS, JOIN_KEPT } from "../command-flags.ts";
import { type CommandContext, print, textFlag } from "../context.ts";
import { AGENT_UNIT } from "../host-setup/agent-unit.ts";
import { requireFitHost } from "../host-setup/fit-host.ts";
import { hostPaths } from "../host-setup/host-paths.ts";
import { interruptible } from "../host-setup/interruptible.ts";
import { joinHost } from "../host-setup/join-host.ts";
import { readJoinLine } from "../host-setup/join-line.ts";
import { checkReachable, findLauncher } from "../host-setup/launcher.ts";
import { linuxSystemd } from "../host-setup/linux-systemd.ts";
import { removeAgentFiles, removeUnit } from "../host-setup/take-down.ts";
import { keptLease } from "../host-setup/undo-join.ts";

export async function run(context: CommandContext): Promise<void> {
  const { control, token } = readJoinLine(context.args[0]!, textFlag(context, "token-file"), context.env);
  if (process.getuid?.() !== 0)
    throw new WarrenError("not-root", "a host is joined by root: it makes devices and a service; run it with sudo");
  const withUnit = context.flags["no-unit"] !== true && linuxSystemd.isRunning();
  const launcher = findLauncher();
  if (withUnit) checkReachable(launcher, { who: "root without CAP_DAC_OVERRIDE", isRoot: true, hasOwnHomes: false });

  const given = Object.fromEntries(JOIN_KEPT.map((name) => [name, textFlag(context, name)]));
  const wanted = { ...given, control };
  const { values: config } = await loadConfig({ schema: agentConfigSchema, flags: wanted });
  const settings = Object.fromEntries(
    // The name also where it is the host's: that may change, a node's does not.
    Object.entries({ ...wanted, name: config.name }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );

  const paths = hostPaths();
  const logger = createLogger({ level: "silent", format: "text" });
  await interruptible((signal) =>
    joinHost(
      { settings, flags: AGENT_FLAGS, withUnit },
      {
        ...{ paths, systemd: linuxSystemd, launcher, progress: context.note, signal },
        async check() {
          await checkNotJoined(config, token, { logger });
          const { underlay } = config;
          await requireFitHost({ control, ...(underlay !== "auto" && { underlay }) }, context.note);
        },
        enroll: async () => {
          const { clusterId } = await enrollNode(config, token, { logger });
          context.note(`joined cluster ${clusterId} as ${config.name}`);
        },
        async takeDown() {
          await removeUnit(linuxSystemd, paths, AGENT_UNIT);
          const { untold } = await withdrawNode(config, { deletePods: false, force: true }, { logger });
          if (untold) context.note(keptLease(untold));
          removeAgentFiles(paths);
        },
      },
    ),
  );
  if (withUnit) await tellReady(context);
  else
    await print(context, { ...settings, unit: null }, () => {
      const why = context.flags["no-unit"] === true ? "as asked" : "systemd does not run here";
      return `${config.name} has joined; no unit was made (${why}). Start its agent under what runs services here:\n  ${launcher.words.join(" ")} agent\n`;
    });
}

async function tellReady(context: CommandContext): Promise<void> {
  const { node, cluster } = await call<AgentStatus>(
    { ...context, runDir: hostPaths().runDir },
    "agent",
    "GET",
    "/v1/status",
  );
  const { name, podCidrs, underlayAddress } = node;
  const result = { name, podCidrs, underlayAddress, cluster: cluster.id, unit: AGENT_UNIT };
  await print(
    context,
    result,
    () =>
      `${name} is ready: pod CIDRs ${podCidrs.join(", ")}, underlay address ${underlayAddress}, ${AGENT_UNIT} starts at boot\n` +
      "next: warren test        # does the mesh work?\n      warren pod add NAME  # a pod with an address\n",
  );
}
