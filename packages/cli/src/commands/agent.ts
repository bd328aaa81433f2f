import { createAgent } from "@warren/agent/app/agent-app.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import type { CommandContext } from "../context.ts";
import { runService } from "../service/run-service.ts";
import { loadAgentConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const { values: config } = await loadAgentConfig(context);
  const logger = createLogger({ level: config["log-level"], format: config["log-format"] });
  const agent = createAgent(config, { logger });
  const ready = () => {
    const { name, podCidrs } = agent.status().node;
    const addPod = `warren pod add NAME --run-dir ${config["run-dir"]}`;
    context.write(`agent ready: ${name} has ${podCidrs.join(", ")}; make a pod with: ${addPod}\n`);
  };
  await runService(agent, ready, agent.ended);
}
