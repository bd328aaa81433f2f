import { createAgent } from "@warren/agent/app/agent-app.ts";
import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import { configKeys } from "@warren/common/config/config-keys.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import type { CommandContext } from "../context.ts";
import { openServiceManager } from "../service/open-service-manager.ts";
import { configReloader } from "../service/reload-config.ts";
import { runService } from "../service/run-service.ts";
import { loadAgentConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const load = () => loadAgentConfig(context);
  const inForce = await load();
  const config = inForce.values;
  const logger = createLogger({ level: config["log-level"], format: config["log-format"] });
  const agent = createAgent(config, { logger });
  await runService(agent, {
    ready: () => {
      const { name, podCidrs } = agent.status().node;
      const addPod = `warren pod add NAME --run-dir ${config["run-dir"]}`;
      context.write(`agent ready: ${name} has ${podCidrs.join(", ")}; make a pod with: ${addPod}\n`);
    },
    ended: agent.ended,
    reload: configReloader({ keys: configKeys(agentConfigSchema), inForce, load, logger }),
    manager: await openServiceManager(context.env, agent, logger),
  });
}
