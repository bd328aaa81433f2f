import { existsSync } from "node:fs";
import type { AgentConfig } from "@warren/agent/app/agent-config.ts";
import { type LoadedConfig, loadConfig } from "@warren/common/config/load-config.ts";
import type { ControlConfig } from "@warren/control/app/control-config.ts";
import { type CommandContext, textFlag } from "../context.ts";

/** The configuration of `warren control` from flags, environment and file. */
export async function loadControlConfig(context: CommandContext): Promise<LoadedConfig<ControlConfig>> {
  const { controlConfigSchema } = await import("@warren/control/app/control-config.ts");
  return loadConfig({ ...sources(context, "control"), schema: controlConfigSchema });
}

/** The configuration of `warren agent` from flags, environment and file. */
export async function loadAgentConfig(context: CommandContext): Promise<LoadedConfig<AgentConfig>> {
  const { agentConfigSchema } = await import("@warren/agent/app/agent-config.ts");
  return loadConfig({ ...sources(context, "agent"), schema: agentConfigSchema });
}

/** `--config`, else `WARREN_CONFIG`, else the file of the service under /etc/warren where there is one. */
function sources(context: CommandContext, service: "agent" | "control") {
  const named = textFlag(context, "config") ?? (context.env["WARREN_CONFIG"] || undefined);
  const usual = `/etc/warren/${service}.yaml`;
  const file = named ?? (existsSync(usual) ? usual : undefined);
  return { flags: context.flags, env: context.env, file };
}
