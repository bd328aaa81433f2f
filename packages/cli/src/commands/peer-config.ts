import type { WireguardPeerConfig } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, integerFlag, print, textFlag } from "../context.ts";
import { formatWgQuick } from "../output/wg-quick.ts";

export async function run(context: CommandContext): Promise<void> {
  const keepalive = integerFlag(context, "keepalive", 1, 65_535);
  const path = `/v1/peers/${encodeURIComponent(context.args[0]!)}/config`;
  const all = await call<WireguardPeerConfig>(context, "control", "GET", path);
  const config = { ...all, nodes: chosen(all, textFlag(context, "node")) };
  const value = keepalive === undefined ? config : { ...config, persistentKeepalive: keepalive };
  await print(context, value, () => formatWgQuick(config, keepalive));
}

function chosen({ nodes }: WireguardPeerConfig, name: string | undefined): WireguardPeerConfig["nodes"] {
  if (name === undefined) return nodes;
  const only = nodes.filter((node) => node.name === name);
  if (only.length > 0) return only;
  throw new WarrenError("not-found", `there is no node ${JSON.stringify(name)} that seals; "warren nodes" lists all`);
}
