import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { defaultSource, sourceOf } from "@warren/common/runtime/route-source.ts";

/** How long the addresses of a name are good: the way there is looked at every few seconds, by every node. */
const RESOLVED_MS = 60_000;

interface Resolved {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The resolver, the kernel's routes and the time; tests give their own. */
interface SourceWorld {
  readonly lookUp: (host: string) => Promise<readonly Resolved[]>;
  /** Throws where there is no way. */
  readonly source: (to: Resolved, port: number) => Promise<string>;
  readonly nowMs: () => number;
}

/**
 * Which address of this host packets to the control plane leave from: the kernel is asked for its route, nothing is sent.
 * Where the control plane is on this host, the address of the default route. Of a control plane with several addresses the
 * ways to all of them are good: the first, but for who is at the beginning of one already.
 */
export function createSourceTo(
  world: Partial<SourceWorld> = {},
): (control: string, present?: string) => Promise<string> {
  const { lookUp = lookUpAll, source: sourceFor = routeSource, nowMs = () => performance.now() } = world;
  let known: { readonly host: string; readonly untilMs: number; readonly addresses: readonly Resolved[] } | null = null;

  return async (control, present) => {
    const { host, port } = parseEndpoint(control);
    if (known?.host !== host || nowMs() >= known.untilMs)
      known = { host, untilMs: nowMs() + RESOLVED_MS, addresses: await lookUp(host) };
    const ways = await Promise.allSettled(known.addresses.map((to) => sourceFor(to, port)));
    const sources = ways.flatMap((way) => (way.status === "fulfilled" ? [way.value] : []));
    const source = sources.find((each) => each === present) ?? sources[0];
    if (source !== undefined) return source;
    // In another network the name may have other addresses.
    known = null;
    throw ways.find((way) => way.status === "rejected")?.reason;
  };
}

async function routeSource({ address, family }: Resolved, port: number): Promise<string> {
  const source = await sourceOf(address, port, family);
  if (!isLoopback(source)) return source;
  try {
    return await defaultSource(family);
  } catch {
    throw new WarrenError(
      "config-invalid",
      `underlay: auto found ${source}, which no other node reaches; name the address of this host as underlay`,
    );
  }
}

/** Whether an interface of this host that is up has the address. Cheap. */
export function hasAddress(address: string): boolean {
  const wanted = formatAddress(parseAddress(address));
  return Object.values(networkInterfaces()).some((infos) => infos?.some((info) => info.address === wanted));
}

async function lookUpAll(host: string): Promise<Resolved[]> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (cause) {
    throw new WarrenError("unavailable", `the address of ${host} is not known: ${(cause as Error).message}`, { cause });
  }
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
