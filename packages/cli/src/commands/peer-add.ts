import type { ForeignPeerRequest, NodeInfo } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, listFlag, print, requiredFlag } from "../context.ts";
import { formatNodes } from "../output/nodes.ts";

const VXLAN = ["underlay", "vtep-mac", "pod-cidr", "port"];
const WIREGUARD = ["public-key", "endpoint", "allowed-ips"];

export async function run(context: CommandContext): Promise<void> {
  const peer = await call<NodeInfo>(context, "control", "POST", "/v1/peers", readRequest(context));
  await print(context, peer, (wide) => formatNodes([peer], wide, context.color));
}

/** Either flags of a VXLAN peer or flags of a WireGuard peer, all of them. */
function readRequest(context: CommandContext): ForeignPeerRequest {
  const vxlan = VXLAN.filter((flag) => context.flags[flag] !== undefined);
  const wireguard = WIREGUARD.filter((flag) => context.flags[flag] !== undefined);
  if (vxlan.length > 0 && wireguard.length > 0)
    throw new WarrenError(
      "usage",
      `--${wireguard[0]} is of a WireGuard peer and --${vxlan[0]} of a VXLAN peer; a peer is one of them`,
    );
  if (vxlan.length + wireguard.length === 0)
    throw new WarrenError(
      "usage",
      "expected --underlay, --vtep-mac and --pod-cidr for a VXLAN peer, or --public-key, --endpoint and --allowed-ips for a WireGuard peer",
    );
  return wireguard.length > 0 ? wireguardRequest(context) : vxlanRequest(context);
}

function vxlanRequest(context: CommandContext): ForeignPeerRequest {
  const port = integerFlag(context, "port", 1, 65_535);
  return {
    name: context.args[0]!,
    underlayAddress: requiredFlag(context, "underlay"),
    vtepMac: requiredFlag(context, "vtep-mac"),
    podCidrs: requiredList(context, "pod-cidr"),
    ...(port !== undefined && { port }),
  };
}

function wireguardRequest(context: CommandContext): ForeignPeerRequest {
  return {
    name: context.args[0]!,
    publicKey: requiredFlag(context, "public-key"),
    endpoint: requiredFlag(context, "endpoint"),
    allowedIps: requiredList(context, "allowed-ips"),
  };
}

function requiredList(context: CommandContext, name: string): string[] {
  const values = listFlag(context, name);
  if (values.length === 0) throw new WarrenError("usage", `--${name} is required: --${name} CIDR`);
  return values;
}
