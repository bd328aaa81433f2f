import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorAtEdge } from "./error-at-edge.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { storeContract } from "./testing/store-contract.ts";

storeContract("sqlite", async () => {
  const dir = await mkdtemp(join(tmpdir(), "wrn-store-"));
  const path = join(dir, "state.db");
  return {
    open: async (clock, historyLimit = 4096) => openSqliteStore({ path, clock, historyLimit }),
    reopen: async (clock) => openSqliteStore({ path, clock }),
    dispose: () => rm(dir, { recursive: true }),
  };
});

const writer = fileURLToPath(new URL("./testing/crash-writer.ts", import.meta.url));

describe("sqlite store on disk", () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "wrn-store-"));
    path = join(dir, "state.db");
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  const open = () => openSqliteStore({ path, clock: systemClock });

  it("refuses a second opener, and says how to find the first", async () => {
    const store = open();
    expect(open).toThrow(expect.objectContaining({ code: "already-running" }));
    expect(open).toThrow(`fuser ${path}`);
    const other = await tryRun(process.execPath, [writer, path, "0"]);
    expect(other.stderr).toContain("already-running");
    await store.close();
    await open().close();
  });

  it("leaves one file behind when closed", async () => {
    const store = open();
    await store.txn([], [{ type: "put", key: "a", value: "1" }]);
    await store.close();
    expect(await readdir(dir)).toEqual(["state.db"]);
  });

  it("loses nothing acknowledged when it is killed in the middle of writing", async () => {
    let total = 0;
    for (let round = 0; round < 4; round++) {
      const { acknowledged, signal } = await killWhileWriting(path, 40 + round * 35);
      expect(signal).toBe("SIGKILL");
      expect(acknowledged.length).toBeGreaterThan(0);
      const store = open();
      const { entries, revision } = await store.range("k/");
      const found = new Map(entries.map((entry) => [entry.key, entry.value]));
      for (const { n, revision: at } of acknowledged) {
        expect(found.get(`k/${n}`)).toBe(`value ${n}`);
        expect(revision).toBeGreaterThanOrEqual(at);
      }
      // Both keys of a transaction or neither.
      const twins = (await store.range("twin/")).entries.map((entry) => entry.key.slice(5));
      expect(twins).toEqual(entries.map((entry) => entry.key.slice(2)));
      expect(entries.length).toBeGreaterThan(total);
      total = entries.length;
      await store.close();
    }
  }, 90_000);

  describe("a damaged file is refused with the way out, and left as it is", () => {
    const refused = async () => {
      const before = await readFile(path);
      expect(open).toThrow(expect.objectContaining({ code: "state-corrupt" }));
      expect(open).toThrow(/Restore a backup .* move the directory away/);
      expect((await readFile(path)).equals(before)).toBe(true);
    };

    beforeEach(async () => {
      const store = open();
      for (let i = 0; i < 200; i++) await store.txn([], [{ type: "put", key: `k/${i}`, value: "x".repeat(100) }]);
      await store.close();
    });

    it("with garbage over a page", async () => {
      const { size } = await stat(path);
      overwrite(path, Math.floor(size / 2), Buffer.alloc(2000, 0xa5));
      await refused();
    });

    it("with one flipped bit in a value", async () => {
      const bytes = await readFile(path);
      // Free space in the file may hold older copies of the row.
      for (let at = bytes.indexOf("k/150x"); at >= 0; at = bytes.indexOf("k/150x", at + 1)) {
        overwrite(path, at + 50, Buffer.from("y"));
      }
      await refused();
    });

    it.each(["UPDATE meta SET value = 3 WHERE name = 'revision'", "DELETE FROM meta WHERE name = 'nextLease'"])(
      "with a counter that does not fit the rest: %s",
      async (change) => {
        const db = new DatabaseSync(path);
        db.exec(change);
        db.close();
        await refused();
      },
    );

    it("with a broken header", async () => {
      overwrite(path, 0, Buffer.from("not a database"));
      await refused();
    });

    it("cut short", async () => {
      await truncate(path, 10_000);
      await refused();
    });

    it("emptied", async () => {
      await truncate(path, 0);
      await refused();
    });

    it("replaced by something else", async () => {
      await writeFile(path, "hello\n".repeat(1000));
      await refused();
    });
  });

  it.skipIf(process.getuid?.() !== 0)(
    "says unavailable when the disk is full, keeps what it has, and goes on",
    async () => {
      const mount = join(dir, "small");
      await mkdir(mount);
      await run("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", mount]);
      try {
        const small = join(mount, "state.db");
        const store = openSqliteStore({ path: small, clock: systemClock });
        await store.txn([], [{ type: "put", key: "kept", value: "1" }]);
        await writeFile(join(mount, "filler"), Buffer.alloc(400 << 10)).catch(() => {});
        const failure = await fill(store);
        expect(failure).toMatchObject({ code: "unavailable" });
        expect(errorAtEdge(failure)).toMatchObject({ code: "disk-full" });
        expect(errorAtEdge(failure).message).toContain(small);
        const { revision } = await store.range("");
        await rm(join(mount, "filler"));
        expect(await store.txn([], [{ type: "put", key: "after", value: "1" }])).toBe(revision + 1);
        await store.close();
        const again = openSqliteStore({ path: small, clock: systemClock });
        expect((await again.range("")).revision).toBe(revision + 1);
        expect((await again.range("kept")).entries).toHaveLength(1);
        await again.close();
      } finally {
        await run("umount", [mount]);
      }
    },
  );
});

async function fill(store: ReturnType<typeof openSqliteStore>): Promise<unknown> {
  for (let i = 0; i < 1000; i++) {
    try {
      await store.txn([], [{ type: "put", key: `fill/${i}`, value: "z".repeat(4000) }]);
    } catch (error) {
      return error;
    }
  }
  return null;
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

interface Acknowledged {
  readonly n: number;
  readonly revision: number;
}

/** Runs the writer, kills it after `count` acknowledgements, and returns all it said. */
function killWhileWriting(
  path: string,
  count: number,
): Promise<{ acknowledged: Acknowledged[]; signal: string | null }> {
  const child = spawn(process.execPath, [writer, path, "100000"], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: Acknowledged[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    acknowledged.push(JSON.parse(line) as Acknowledged);
    if (acknowledged.length === count) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_code, signal) => resolve({ acknowledged, signal }));
  });
}
