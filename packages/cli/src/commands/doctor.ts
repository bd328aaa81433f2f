import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Check, runDoctor } from "@warren/agent/doctor/doctor.ts";
import type { AgentStatus } from "@warren/common/api/types.ts";
import { EXIT } from "@warren/common/errors/codes.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, print, textFlag } from "../context.ts";
import { paint } from "../output/paint.ts";

const COLORS = { ok: "green", warn: "yellow", fail: "red" } as const;

export async function run(context: CommandContext): Promise<number> {
  const agent = await runningAgent(context);
  const given = textFlag(context, "underlay");
  // As the kernel writes it: an IPv6 address has many forms.
  const isGiven = given !== undefined && given !== "auto";
  const underlay = isGiven ? formatAddress(parseAddress(given)) : agent?.node.underlayAddress;
  const control = textFlag(context, "control") ?? agent?.control.address;
  if (control !== undefined) parseEndpoint(control);
  const port = integerFlag(context, "port", 1, 65_535) ?? agent?.cluster.port;
  const checks = await runDoctor({
    ...(underlay !== undefined && { underlay }),
    ...(control !== undefined && { control }),
    ...(port !== undefined && { port }),
    ...(agent !== undefined && {
      podCidrs: agent.cluster.podCidrs,
      cipher: agent.cluster.cipher,
      sealedPort: agent.node.sealing?.port ?? agent.cluster.sealedPort,
    }),
  });
  await print(context, checks, () => formatChecks(checks, context.color));
  if (underlay === undefined && control === undefined && context.format === "table") {
    context.note("no agent runs here: give --control to test the address, the port and the path too");
  }
  return checks.some((check) => check.state === "fail") ? EXIT.error : EXIT.ok;
}

/** The agent of this host knows best what to test; a host without one is tested as far as it goes. */
async function runningAgent(context: CommandContext): Promise<AgentStatus | undefined> {
  if (!existsSync(join(context.runDir, "agent.sock"))) return undefined;
  return call<AgentStatus>(context, "agent", "GET", "/v1/status").catch(() => undefined);
}

/** One line a check, what to do indented below it. */
function formatChecks(checks: readonly Check[], color: boolean): string {
  const width = Math.max(...checks.map((check) => check.name.length));
  const lines = checks.flatMap((check) => [
    `${paint(check.state.padEnd(4), COLORS[check.state], color)}  ${check.name.padEnd(width)}  ${check.detail}`,
    ...(check.fix === "" ? [] : [`      ${"".padEnd(width)}  to do: ${check.fix}`]),
  ]);
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  return `${lines.join("\n")}\n${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} failed\n`;
}
