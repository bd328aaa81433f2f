import { createLogger } from "@warren/common/runtime/logger.ts";
import { createControl } from "@warren/control/app/control-app.ts";
import type { CommandContext } from "../context.ts";
import { runService } from "../service/run-service.ts";
import { loadControlConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const { values: config } = await loadControlConfig(context);
  const logger = createLogger({ level: config["log-level"], format: config["log-format"] });
  const control = createControl(config, { logger });
  await runService(control, () => {
    const makeToken = `warren token create --run-dir ${config["run-dir"]}`;
    context.write(`control plane ready on ${control.address}; make a join token with: ${makeToken}\n`);
  });
}
