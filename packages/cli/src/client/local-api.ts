import { existsSync } from "node:fs";
import { join } from "node:path";
import { callLocal } from "@warren/common/api/local-client.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { CommandContext } from "../context.ts";
import { textFlag } from "../context.ts";

export type Side = "agent" | "control";

const NAMES: Readonly<Record<Side, string>> = { agent: "agent", control: "control plane" };

/** Calls the local API of one side. @throws WarrenError of the API, or `unavailable` with what to do */
export async function call<T>(
  context: CommandContext,
  side: Side,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const socket = join(context.runDir, `${side}.sock`);
  if (!existsSync(socket)) throw nobody([side], context.runDir, otherSide(context, side));
  try {
    return await callLocal<T>(socket, method, path, body);
  } catch (error) {
    // The socket file of a process that was killed stays behind.
    if (error instanceof WarrenError && error.code === "unavailable" && isTransport(error)) {
      throw nobody([side], context.runDir, undefined, error);
    }
    throw error;
  }
}

/** Reads what both sides can tell: from the side named by `--from`, else the first of `preference` that answers. */
export async function readFromEither<T>(
  context: CommandContext,
  preference: readonly [Side, Side],
  path: string,
): Promise<T> {
  const from = textFlag(context, "from") as Side | undefined;
  if (from !== undefined) return call<T>(context, from, "GET", path);
  for (const side of preference) {
    const socket = join(context.runDir, `${side}.sock`);
    if (!existsSync(socket)) continue;
    try {
      return await callLocal<T>(socket, "GET", path);
    } catch (error) {
      if (error instanceof WarrenError && error.code === "unavailable" && isTransport(error)) continue;
      throw error;
    }
  }
  throw nobody(preference, context.runDir);
}

/** True for "no answer at all"; false for an `unavailable` that the other side sent. */
function isTransport(error: WarrenError): boolean {
  return error.cause !== undefined;
}

function otherSide(context: CommandContext, side: Side): Side | undefined {
  const other = side === "agent" ? "control" : "agent";
  return existsSync(join(context.runDir, `${other}.sock`)) ? other : undefined;
}

function nobody(sides: readonly Side[], runDir: string, other?: Side, cause?: unknown): WarrenError {
  const wanted = sides.map((side) => NAMES[side]).join(" or ");
  const start = [...sides].sort().map((side) => `\`warren ${side} --run-dir ${runDir} …\``);
  const hint =
    other === undefined
      ? `start one with ${start.join(" or ")}, or name its directory with --run-dir`
      : `the run directory is ${NAMES[other] === "agent" ? "an agent's" : "a control plane's"}; name the other with --run-dir`;
  return new WarrenError("unavailable", `no ${wanted} answers at ${runDir}; ${hint}`, { cause });
}
