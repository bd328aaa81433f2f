import { call } from "../client/local-api.ts";
import { type CommandContext, print } from "../context.ts";

export async function run(context: CommandContext): Promise<void> {
  // What `warren join` set up is undone; an agent started by hand only leaves the mesh.
  const { hostPaths } = await import("../host-setup/host-paths.ts");
  const { isSetUp } = await import("../host-setup/take-down.ts");
  const paths = hostPaths();
  if (context.runDir === paths.runDir && isSetUp(paths)) {
    const { undoJoin } = await import("../host-setup/undo-join.ts");
    return undoJoin(context, paths);
  }
  const release = context.flags["release"] === true;
  const answer = await call<object>(context, "agent", "POST", "/v1/leave", { release });
  await print(context, answer, () =>
    release
      ? "this node has left; its pod CIDRs are free for others\n"
      : "this node has left; its pod CIDRs are kept for it (give them up with: warren leave --release)\n",
  );
}
