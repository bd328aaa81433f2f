import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Builder, Release } from "./builder.ts";
import { addRelease, type Cached, cachedReleases, peersDirectory } from "./cache.ts";
import type { DebianPackage } from "./debian-package.ts";

/** Another project's programs, and the ways to them. */
export interface Peer {
  /** Its folder in the cache. */
  readonly name: string;
  readonly programs: readonly string[];
  readonly builder: Builder;
  /** What is taken where neither the builder nor the cache has anything; null where Debian has no package. */
  readonly debian: DebianPackage | null;
}

/** The programs of a peer, ready to be run. */
export interface PeerPrograms {
  /** For the report: version, and where it comes from. */
  readonly version: string;
  /** Path by name, as in `Peer.programs`. */
  readonly path: (program: string) => string;
}

export interface ObtainOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly cache?: string;
}

/**
 * The newest release that can be had: from the cache or built into it; else what an earlier run left in the cache; else
 * Debian's package. Throws `unavailable` with the reason of each way that failed.
 */
export async function obtainPeer(peer: Peer, options: ObtainOptions): Promise<PeerPrograms> {
  const { signal, progress, cache = peersDirectory() } = options;
  const reasons: string[] = [];
  const failed = (error: unknown, what = ""): void => {
    signal.throwIfAborted();
    reasons.push(`${what}${reasonOf(error)}`);
    progress(`${peer.name}: ${reasons.at(-1)}`);
  };
  try {
    for (const release of await peer.builder.releases(signal))
      try {
        const built = await builtRelease(peer, release, cache, options);
        return fromCache(peer, built, [release.remark, ...reasons].join("; "));
      } catch (error) {
        failed(error, `${release.version} cannot be built: `);
      }
  } catch (error) {
    failed(error);
  }
  const [kept] = cachedReleases(cache, peer.name, peer.programs);
  if (kept) {
    const remark = `kept from an earlier run, because ${reasons.join("; ")}`;
    return fromCache(peer, kept, remark);
  }
  if (peer.debian)
    try {
      const { version, path } = await peer.debian.install(signal);
      return { version: `${version} of Debian, because ${reasons.join("; ")}`, path };
    } catch (error) {
      failed(error);
    }
  throw new WarrenError("unavailable", `${peer.name} cannot be had: ${reasons.join("; ")}`);
}

/** What `obtainPeer` would give, in one line. Builds and installs nothing. */
export async function describePeer(peer: Peer, signal: AbortSignal, cache = peersDirectory()): Promise<string> {
  const kept = cachedReleases(cache, peer.name, peer.programs);
  try {
    const { version, remark } = (await peer.builder.releases(signal))[0]!;
    const there = kept.some((cached) => cached.version === version);
    return `${version} (${remark}), ${there ? "in the cache" : "will be built"}`;
  } catch (error) {
    signal.throwIfAborted();
    if (kept[0]) return `${kept[0].version}, in the cache; ${reasonOf(error)}`;
    const packaged = await peer.debian?.candidate(signal);
    if (packaged) return `${packaged} of Debian; ${reasonOf(error)}`;
    return `cannot be had: ${reasonOf(error)}`;
  }
}

async function builtRelease(peer: Peer, release: Release, cache: string, options: ObtainOptions): Promise<Cached> {
  const { signal, progress } = options;
  const { version } = release;
  const there = cachedReleases(cache, peer.name, peer.programs).find((cached) => cached.version === version);
  if (there) return there;
  progress(`building ${peer.name} ${version} (${release.remark}); it is kept in ${cache} …`);
  const startMs = performance.now();
  const built = await addRelease(cache, peer.name, version, (directory) =>
    peer.builder.build(version, directory, signal),
  );
  progress(`built ${peer.name} ${version} in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  return built;
}

function fromCache({ name, programs }: Peer, { version, directory }: Cached, remark: string): PeerPrograms {
  return {
    version: `${version} (${remark})`,
    path: (program) => {
      if (!programs.includes(program)) throw new WarrenError("internal", `${name} has no program ${program}`);
      return join(directory, program);
    },
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
