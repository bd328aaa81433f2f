import { randomInt } from "node:crypto";
import { LoadServer } from "@warren/agent/lab/mesh/load-server.ts";
import { localAgent } from "@warren/agent/lab/mesh/local-agent.ts";
import { DEFAULT_PORT } from "@warren/agent/lab/mesh/protocol.ts";
import type { AgentStatus } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag } from "../context.ts";
import { runService } from "../service/run-service.ts";

export async function run(context: CommandContext): Promise<void> {
  const port = integerFlag(context, "port", 1, 65_535) ?? DEFAULT_PORT;
  const { node } = await call<AgentStatus>(context, "agent", "GET", "/v1/status");
  const agent = localAgent(`${context.runDir}/agent.sock`);
  const addresses = await agent.addresses();
  const once = context.flags["once"] === true;
  const server = new LoadServer({ addresses, port, agent, once, firstRun: randomInt(2 ** 32), log: context.note });
  const ready = () => {
    const flag = port === DEFAULT_PORT ? "" : ` --port ${port}`;
    const where = `listening on ${addresses.join(", ")}, port ${port} of TCP and UDP`;
    context.write(`${where}; measure from another node with: warren bench mesh ${node.name}${flag}\n`);
  };
  await runService(server, { ready, ended: server.ended });
}
