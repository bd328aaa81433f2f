import { configKeys } from "@warren/common/config/config-keys.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { createControl } from "@warren/control/app/control-app.ts";
import { controlConfigSchema } from "@warren/control/app/control-config.ts";
import type { CommandContext } from "../context.ts";
import { openServiceManager } from "../service/open-service-manager.ts";
import { configReloader } from "../service/reload-config.ts";
import { runService } from "../service/run-service.ts";
import { loadControlConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const load = () => loadControlConfig(context);
  const inForce = await load();
  const config = inForce.values;
  const logger = createLogger({ level: config["log-level"], format: config["log-format"] });
  const control = createControl(config, { logger });
  // Its main event loop is all that there is: that the question is asked is the answer.
  const supervised = { headline: () => control.headline(), isAlive: () => true };
  await runService(control, {
    ready: () => {
      const makeToken = `warren token create --run-dir ${config["run-dir"]}`;
      context.write(
        `control plane ready on ${control.address}; the mesh is shown at http://${control.page ?? control.http}/\n` +
          `make a join token with: ${makeToken}\n`,
      );
    },
    reload: configReloader({ keys: configKeys(controlConfigSchema), inForce, load, logger }),
    manager: await openServiceManager(context.env, supervised, logger),
  });
}
