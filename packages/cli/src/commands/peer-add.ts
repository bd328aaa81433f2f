import type { ForeignPeerRequest, NodeInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, listFlag, print, requiredFlag } from "../context.ts";
import { formatNodes } from "../output/nodes.ts";

export async function run(context: CommandContext): Promise<void> {
  const port = integerFlag(context, "port", 1, 65_535);
  const request: ForeignPeerRequest = {
    name: context.args[0]!,
    underlayAddress: requiredFlag(context, "underlay"),
    vtepMac: requiredFlag(context, "vtep-mac"),
    podCidrs: listFlag(context, "pod-cidr"),
    ...(port !== undefined && { port }),
  };
  if (request.podCidrs.length === 0) throw new WarrenError("usage", "--pod-cidr is required: --pod-cidr CIDR");
  const peer = await call<NodeInfo>(context, "control", "POST", "/v1/peers", request);
  await print(context, peer, (wide) => formatNodes([peer], wide, context.color));
}
