import type { PeerCipherInfo } from "@warren/common/api/types.ts";
import { didYouMean } from "@warren/common/config/did-you-mean.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";
import { parseSetting } from "../input/setting.ts";

export async function run(context: CommandContext): Promise<void> {
  const [peer, text] = context.args as [string, string];
  const [name, cipher] = parseSetting(text, "cipher=chacha20-poly1305");
  if (name !== "cipher")
    throw new WarrenError("usage", `"${name}" is no setting of a peer${didYouMean(name, ["cipher"])}`);
  const path = `/v1/peers/${encodeURIComponent(peer)}`;
  const info = await call<PeerCipherInfo>(context, "agent", "PUT", path, { cipher });
  await print(context, info, () => `traffic with ${info.peer}: ${described(info.cipher)}\n`);
}

function described(cipher: string): string {
  return cipher === "default" ? "the cluster's cipher" : `cipher ${cipher}`;
}
