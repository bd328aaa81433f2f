import type { ControlStatus, TokenCreated, TokenRequest } from "@warren/common/api/types.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, print, textFlag } from "../context.ts";
import { parseDuration } from "../input/duration.ts";
import { formatUntil } from "../output/human.ts";

const MAX_USES = 1_000_000;

export async function run(context: CommandContext): Promise<void> {
  const ttl = textFlag(context, "ttl");
  const uses = integerFlag(context, "uses", 1, MAX_USES);
  const request: TokenRequest = {
    ...(ttl !== undefined && { ttlMs: parseDuration(ttl, "--ttl") }),
    ...(uses !== undefined && { uses }),
  };
  const created = await call<TokenCreated>(context, "control", "POST", "/v1/tokens", request);
  // The bare token on standard output, so that `TOKEN=$(warren token create)` works.
  await print(context, created, () => `${created.token}\n`);
  if (context.color) {
    const { listen } = await call<ControlStatus>(context, "control", "GET", "/v1/status");
    const port = listen.slice(listen.lastIndexOf(":") + 1);
    const nodes = created.uses === 1 ? "one node" : `${created.uses} nodes`;
    context.note(`for ${nodes} within ${formatUntil(created.expires)}; on the node, as root:`);
    context.note(`  warren agent --control HOST:${port} --token ${created.token} --underlay NODE-IP`);
  }
}
