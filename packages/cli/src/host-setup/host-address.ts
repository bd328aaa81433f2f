import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";

interface Route {
  readonly dev?: string;
  readonly prefsrc?: string;
}

interface Link {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly scope: string }[];
}

/** The address of this host from which packets to `host` go out. Nothing is sent. */
export async function sourceAddressTo(host: string): Promise<string> {
  const address = isIP(host) ? host : await resolve(host);
  const { code, stdout, stderr } = await tryRun("ip", ["-json", "route", "get", address]);
  const [route] = code === 0 ? (JSON.parse(stdout) as Route[]) : [];
  if (route?.prefsrc !== undefined) return route.prefsrc;
  throw new WarrenError(
    "unavailable",
    `this host has no route to the control plane ${host} (${stderr.trim() || "no source address"}); check its network, or name its own address with --underlay`,
  );
}

/** The address that others most likely reach this host by: that of its default route; null where it has none. */
export async function defaultAddress(): Promise<string | null> {
  for (const family of ["-4", "-6"]) {
    const routes = await ipJson<Route>([family, "route", "show", "default"]);
    const [route] = routes;
    if (route?.prefsrc !== undefined) return route.prefsrc;
    if (route?.dev === undefined) continue;
    const [link] = await ipJson<Link>([family, "address", "show", "dev", route.dev]);
    const global = link?.addr_info?.find((info) => info.scope === "global");
    if (global) return global.local;
  }
  return null;
}

async function ipJson<T>(args: readonly string[]): Promise<T[]> {
  const { stdout } = await run("ip", ["-json", ...args]);
  return stdout.trim() === "" ? [] : (JSON.parse(stdout) as T[]);
}

async function resolve(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new WarrenError("unavailable", `the name ${host} cannot be resolved; check it, or give an IP address`, {
      cause: error,
    });
  }
}
