import { PROTOCOL_VERSION } from "@warren/common/rpc/messages.ts";
import { type CommandContext, print } from "../context.ts";
import { VERSION } from "../version.ts";

export async function run(context: CommandContext): Promise<void> {
  const version = { version: VERSION, protocol: PROTOCOL_VERSION, node: process.version, arch: process.arch };
  await print(
    context,
    version,
    () => `warren ${VERSION} (protocol ${PROTOCOL_VERSION}, Node.js ${process.version}, ${process.arch})\n`,
  );
}
