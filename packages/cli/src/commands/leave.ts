import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  const release = context.flags["release"] === true;
  const answer = await call<object>(context, "agent", "POST", "/v1/leave", { release });
  await print(context, answer, () =>
    release
      ? "this node has left; its pod CIDRs are free for others\n"
      : "this node has left; its pod CIDRs are kept for it (give them up with: warren leave --release)\n",
  );
}
