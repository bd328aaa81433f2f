import { readFileSync } from "node:fs";
import { createAgent } from "@warren/agent/app/agent-app.ts";
import type { AgentConfig } from "@warren/agent/app/agent-config.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import type { CommandContext } from "../context.ts";
import { runService } from "../service/run-service.ts";
import { loadAgentConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const config = withToken((await loadAgentConfig(context)).values);
  const logger = createLogger({ level: config["log-level"], format: config["log-format"] });
  const agent = createAgent(config, { logger });
  await runService(agent, () => {
    context.write(`agent ready; make a pod with: warren pod add NAME --run-dir ${config["run-dir"]}\n`);
  });
}

/** The join token from `token-file`, where no token was given itself. */
function withToken(config: AgentConfig): AgentConfig {
  const file = config["token-file"];
  if (config.token !== undefined || file === undefined) return config;
  try {
    return { ...config, token: readFileSync(file, "utf8").trim() };
  } catch (error) {
    throw new WarrenError("config-invalid", `token-file: ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
