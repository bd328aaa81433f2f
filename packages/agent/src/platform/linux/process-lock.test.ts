import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockDirectory } from "./process-lock.ts";

it("is held once, names its holder, and is free again when given back", () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-lock-"));
  try {
    const release = lockDirectory(dir, "the data directory");
    expect(() => lockDirectory(dir, "the data directory")).toThrow(
      expect.objectContaining({ code: "already-running", message: expect.stringContaining(String(process.pid)) }),
    );
    release();
    lockDirectory(dir, "the data directory")();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it("holds on a full disk too, and says which directory cannot be written", () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-lock-"));
  try {
    symlinkSync("/dev/full", join(dir, "agent.lock"));
    lockDirectory(dir, "the data directory")();
    expect(() => lockDirectory(join(dir, "absent"), "the data directory")).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(join(dir, "absent")) }),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
