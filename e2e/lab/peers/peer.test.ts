import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Builder, Release } from "./builder.ts";
import { addRelease, peersDirectory } from "./cache.ts";
import type { DebianPackage } from "./debian-package.ts";
import { describePeer, obtainPeer, type Peer } from "./peer.ts";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "warren-peers-"));
});
afterEach(() => rmSync(cache, { recursive: true }));

const signal = new AbortController().signal;
const release = (version: string): Release => ({ version, remark: "built with cc" });
const unreachable = async (): Promise<never> => {
  throw new WarrenError("tool-failed", "go list: the registry does not answer");
};

/** Writes what a build would, and notes which versions were built. */
function builder(releases: Builder["releases"], broken: readonly string[] = []) {
  const built: string[] = [];
  const build: Builder["build"] = async (version, directory) => {
    built.push(version);
    if (broken.includes(version)) throw new WarrenError("tool-failed", "go install: a dependency is not available");
    writeFileSync(join(directory, "tunnel"), "");
    chmodSync(join(directory, "tunnel"), 0o755);
  };
  return { built, releases, build };
}

const peer = (from: Builder, debian: DebianPackage | null = null): Peer => ({
  name: "tunnel-go",
  programs: ["tunnel"],
  builder: from,
  debian,
});

/** What was obtained, and what was said meanwhile. */
async function obtain(of: Peer) {
  const said: string[] = [];
  const programs = await obtainPeer(of, { signal, cache, progress: (line) => said.push(line) });
  return { version: programs.version, path: programs.path("tunnel"), said: said.join("\n") };
}

describe("getting a peer", () => {
  it("builds the newest release into the cache once, and says so", async () => {
    const source = builder(async () => [release("v2"), release("v1")]);
    const { version, path, said } = await obtain(peer(source));
    expect(version).toBe("v2 (built with cc)");
    expect(path).toBe(join(cache, "tunnel-go", "v2", "tunnel"));
    expect(existsSync(path)).toBe(true);
    expect(said).toMatch(/building tunnel-go v2 .*; it is kept in .* …\nbuilt tunnel-go v2 in \d+ s/);

    expect((await obtain(peer(source))).said).toBe("");
    expect(source.built).toEqual(["v2"]);
  });

  it("takes the next release when the newest cannot be built, and tells which and why", async () => {
    const source = builder(async () => [release("v2"), release("v1")], ["v2"]);
    const { version } = await obtain(peer(source));
    expect(version).toBe("v1 (built with cc; v2 cannot be built: go install: a dependency is not available)");
    expect(readdirSync(join(cache, "tunnel-go"))).toEqual(["v1"]);
  });

  it("takes what an earlier run built when the registry does not answer, and says so", async () => {
    for (const [version, builtAt] of [
      ["v1", 1_000],
      ["v2", 3_000],
      ["v1.5", 2_000],
    ] as const) {
      await addRelease(cache, "tunnel-go", version, (directory) =>
        builder(unreachable).build(version, directory, signal),
      );
      utimesSync(join(cache, "tunnel-go", version), builtAt, builtAt);
    }
    const { version } = await obtain(peer(builder(unreachable)));
    expect(version).toMatch(/^v2 \(kept from an earlier run, because .*the registry does not answer\)$/);
  });

  it("never takes a build that was broken off for a whole one", async () => {
    await addRelease(cache, "tunnel-go", "v1", async () => {});
    await expect(obtain(peer(builder(unreachable)))).rejects.toThrowError(/cannot be had/);
  });

  it("takes Debian's package when there is nothing else", async () => {
    const debian: DebianPackage = {
      candidate: async () => "1.6.1-3",
      install: async () => ({ version: "1.6.1-3", path: (program) => `/usr/bin/${program}` }),
    };
    const { version, path } = await obtain(peer(builder(unreachable), debian));
    expect(version).toMatch(/^1\.6\.1-3 of Debian, because .*the registry does not answer$/);
    expect(path).toBe("/usr/bin/tunnel");
  });

  it("gives every reason when it cannot be had", async () => {
    const debian: DebianPackage = {
      candidate: async () => null,
      install: () => Promise.reject(new WarrenError("tool-missing", "apt could not install tunnel")),
    };
    await expect(obtain(peer(builder(unreachable), debian))).rejects.toThrowError(
      expect.objectContaining({
        code: "unavailable",
        message: expect.stringMatching(/^tunnel-go cannot be had: .*does not answer; apt could not install tunnel$/),
      }),
    );
  });

  it("stops when it is told to instead of trying the next way", async () => {
    const controller = new AbortController();
    const source = builder(async () => {
      controller.abort();
      throw new Error("ended by a signal");
    });
    const options = { signal: controller.signal, cache, progress: () => {} };
    await expect(obtainPeer(peer(source), options)).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("describing a peer", () => {
  const described = (from: Builder, debian: DebianPackage | null = null) =>
    describePeer(peer(from, debian), signal, cache);

  it("tells what is there and what would be built, without building", async () => {
    const source = builder(async () => [release("v2")]);
    expect(await described(source)).toBe("v2 (built with cc), will be built");
    expect(source.built).toEqual([]);
    await obtain(peer(source));
    expect(await described(source)).toBe("v2 (built with cc), in the cache");
    expect(await described(builder(unreachable))).toMatch(/^v2, in the cache; .*does not answer$/);
  });

  it("tells what Debian has, and why it cannot be had", async () => {
    const debian = { candidate: async () => "1.6.1-3", install: unreachable };
    expect(await described(builder(unreachable), debian)).toMatch(/^1\.6\.1-3 of Debian; /);
    expect(await described(builder(unreachable))).toMatch(/^cannot be had: .*does not answer$/);
  });
});

describe("cache of peers", () => {
  it("is where the XDG specification has it", () => {
    expect(peersDirectory({ XDG_CACHE_HOME: "/somewhere" })).toBe("/somewhere/warren/peers");
    expect(peersDirectory({ XDG_CACHE_HOME: "relative" })).toMatch(/^\/.*\/\.cache\/warren\/peers$/);
    expect(peersDirectory({})).toMatch(/\/\.cache\/warren\/peers$/);
  });
});
