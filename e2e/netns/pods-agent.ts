/**
 * Runs the real agent on the real kernel of this namespace, with a control plane of one page in the same process, so that
 * tests of pods need no other node. `node pods-agent.ts DATA_DIR RUN_DIR UNDERLAY CIDR…`
 */
import { createAgent } from "@warren/agent/app/agent-app.ts";
import { FakeControl } from "@warren/agent/testing/fake-control.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";

const [dataDir, runDir, underlay, ...cidrs] = process.argv.slice(2) as [string, string, string, ...string[]];
const control = new FakeControl();
control.nextCidrs = cidrs;
control.change({ pod_cidrs: cidrs.map((cidr) => (cidr.includes(":") ? "fd00:77::/48" : "10.244.0.0/16")) });

const agent = createAgent(
  {
    ...{ control: "192.0.2.1:7443", token: "any", underlay, name: "wag", "data-dir": dataDir, "run-dir": runDir },
    ...{ dataplane: "tun", "accept-new-lease": false, "log-level": "info", "log-format": "text" },
  },
  { connector: control, logger: createLogger() },
);
process.once("SIGTERM", () => void agent.stop().then(() => process.exit(0)));
try {
  await agent.start();
  console.log("up");
} catch (error) {
  console.error(error);
  process.exit(1);
}
