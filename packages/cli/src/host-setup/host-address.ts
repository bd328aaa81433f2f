import { run } from "@warren/common/runtime/run.ts";

interface Route {
  readonly dev?: string;
  readonly prefsrc?: string;
}

interface Link {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly scope: string }[];
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
