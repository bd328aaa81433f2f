import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import { type ConfigKey, configKeys } from "@warren/common/config/config-keys.ts";
import { controlConfigSchema } from "@warren/control/app/control-config.ts";

/** The services that have a configuration file. */
export type Service = "agent" | "control";

/** The keys of each, as the schemas have them: what pages and example files are held against. */
export const SERVICE_KEYS: Readonly<Record<Service, readonly ConfigKey[]>> = {
  agent: configKeys(agentConfigSchema),
  control: configKeys(controlConfigSchema),
};
