import { delimiter, join } from "node:path";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { describe } from "vitest";
import { cachedReleases, peersDirectory } from "../lab/peers/cache.ts";
import { obtainPeer } from "../lab/peers/peer.ts";
import { WIREGUARD_GO } from "../lab/peers/registry.ts";
import { type WireGuardCommand, wireGuardGo } from "../lab/wireguard-daemon.ts";
import { describeAsRoot } from "../netns/as-root.ts";

/** Compiling it on two busy cores. */
const BUILD_MS = 150_000;

const found = process.getuid?.() === 0 ? await findWireGuardGo() : { why: "not root" };

/**
 * A `describe` for tests with wireguard-go as a peer: without root, without it, or without one of the programs, they are
 * skipped and a line says so.
 */
export function describeWithWireGuardGo(
  name: string,
  body: (command: WireGuardCommand) => void,
  programs: readonly string[] = [],
): void {
  if ("path" in found) {
    describeAsRoot(name, () => body(wireGuardGo(found.path)), programs);
    return;
  }
  process.stderr.write(`skipped: ${name} (${found.why})\n`);
  describe.skip(name, () => body(wireGuardGo("wireguard-go")));
}

/** The same for what takes minutes: run only when `WARREN_LONG=1` asks for it. */
export function describeLong(name: string, body: (command: WireGuardCommand) => void): void {
  if (process.env["WARREN_LONG"] === "1") {
    describeWithWireGuardGo(name, body);
    return;
  }
  process.stderr.write(`skipped: ${name} (takes minutes; WARREN_LONG=1 runs it)\n`);
  describe.skip(name, () => body(wireGuardGo("wireguard-go")));
}

/**
 * wireguard-go from the benchmark's cache, else from the PATH, else built into the cache, which takes a Go toolchain, its
 * module proxy, and a minute.
 */
async function findWireGuardGo(): Promise<{ readonly path: string } | { readonly why: string }> {
  const [cached] = cachedReleases(peersDirectory(), WIREGUARD_GO.name, WIREGUARD_GO.programs);
  if (cached) return { path: join(cached.directory, "wireguard") };
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const installed = folders.map((folder) => join(folder, "wireguard-go")).find((path) => isExecutable(path));
  if (installed) return { path: installed };
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const peer = { ...WIREGUARD_GO, debian: null };
  try {
    const programs = await obtainPeer(peer, { signal: AbortSignal.timeout(BUILD_MS), progress });
    return { path: programs.path("wireguard") };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
