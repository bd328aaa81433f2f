import { callLocal } from "@warren/common/api/local-client.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { type CommandContext, DEFAULT_RUN_DIR, textFlag } from "../context.ts";

export type Side = "agent" | "control";

const NAMES: Readonly<Record<Side, string>> = { agent: "agent", control: "control plane" };

/** Calls the local API of one side. @throws WarrenError of the API, or `unavailable` with what to do */
export async function call<T>(
  context: CommandContext,
  side: Side,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  timeoutMs?: number,
): Promise<T> {
  try {
    return await callSide<T>(context, side, method, path, body, timeoutMs);
  } catch (error) {
    throw isNobody(error) ? await nobody([side], context.runDir, error) : error;
  }
}

/** The control plane of `warren init` has a run directory of its own: it is looked for there where none was named. */
const CONTROL_RUN_DIR = "/run/warren-control";

async function callSide<T>(
  context: CommandContext,
  side: Side,
  ...request: [method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown, timeoutMs?: number]
): Promise<T> {
  const [method, path, body, timeoutMs] = request;
  const at = (runDir: string) => callLocal<T>(`${runDir}/${side}.sock`, method, path, body, undefined, timeoutMs);
  try {
    return await at(context.runDir);
  } catch (error) {
    if (side !== "control" || context.runDir !== DEFAULT_RUN_DIR || !isNobody(error)) throw error;
    return at(CONTROL_RUN_DIR).catch((second: unknown) => {
      throw isNobody(second) ? error : second;
    });
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
  let failure: unknown;
  for (const side of preference) {
    try {
      return await callSide<T>(context, side, "GET", path);
    } catch (error) {
      if (!isNobody(error)) throw error;
      failure = error;
    }
  }
  throw await nobody(preference, context.runDir, failure);
}

/**
 * True when nobody listens: there is no socket, or only the file of a process that was killed. False for an
 * `unavailable` that a service answered with, which has no cause here.
 */
function isNobody(error: unknown): boolean {
  return error instanceof WarrenError && error.code === "unavailable" && error.cause !== undefined;
}

async function nobody(sides: readonly Side[], runDir: string, cause: unknown): Promise<WarrenError> {
  const wanted = sides.map((side) => NAMES[side]).join(" or ");
  const start = [...sides].sort().map((side) => `\`warren ${side} --run-dir ${runDir} …\``);
  const other = sides.length > 1 ? undefined : await otherSide(sides[0]!, runDir);
  const hint =
    other === undefined
      ? `start one with ${start.join(" or ")}, or name its directory with --run-dir`
      : `the run directory is ${other === "agent" ? "an agent's" : "a control plane's"}; name the other with --run-dir`;
  return new WarrenError("unavailable", `no ${wanted} answers at ${runDir}; ${hint}`, { cause });
}

/** The side that this run directory belongs to instead. Loaded late: importing node:fs costs every command 3 ms. */
async function otherSide(side: Side, runDir: string): Promise<Side | undefined> {
  const { existsSync } = await import("node:fs");
  const other = side === "agent" ? "control" : "agent";
  return existsSync(`${runDir}/${other}.sock`) ? other : undefined;
}
