import type { ControlStatus, TokenCreated } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { call } from "../client/local-api.ts";
import { type CommandContext, print, textFlag } from "../context.ts";
import { tokenRequest } from "../input/token-request.ts";
import { formatUntil } from "../output/human.ts";

export async function run(context: CommandContext): Promise<void> {
  const created = await call<TokenCreated>(context, "control", "POST", "/v1/tokens", tokenRequest(context));
  const file = textFlag(context, "file");
  if (file !== undefined) {
    await writeToken(file, created.token);
    return;
  }
  // The bare token on standard output, so that `TOKEN=$(warren token create)` works.
  await print(context, created, () => `${created.token}\n`);
  if (context.color) {
    const { listen, advertise } = await call<ControlStatus>(context, "control", "GET", "/v1/status");
    const control = advertise ?? `HOST:${listen.slice(listen.lastIndexOf(":") + 1)}`;
    const hosts = created.uses === 1 ? "one host" : `${created.uses} hosts`;
    context.note(`for ${hosts} within ${formatUntil(created.expires)}; there, as root:`);
    context.note(`  warren join ${created.token}@${control}`);
  }
}

/** For the owner and its group only. */
async function writeToken(file: string, token: string): Promise<void> {
  const { replaceFile } = await import("@warren/common/runtime/replace-file.ts");
  try {
    replaceFile(file, `${token}\n`, 0o640);
  } catch (error) {
    throw new WarrenError("usage", `--file: ${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}
