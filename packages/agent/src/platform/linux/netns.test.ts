import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { netnsExists, netnsInode, openNetns, removeNetnsFile } from "./netns.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-netns-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("opens only what is a network namespace, and never through a link", () => {
  const [file, link] = [join(dir, "file"), join(dir, "link")];
  writeFileSync(file, "");
  symlinkSync("/proc/self/ns/net", link);
  for (const path of [file, link, dir, join(dir, "absent")])
    expect(() => openNetns(path)).toThrow(expect.objectContaining({ code: "not-found" }));
});

it("clears the empty file that a lost namespace leaves, and nothing else", () => {
  const file = join(dir, "lost");
  writeFileSync(file, "");
  expect(netnsExists(file)).toBe(false);
  expect(netnsInode(file)).toBeNull();
  removeNetnsFile(file);
  removeNetnsFile(file);
  expect(netnsExists("/proc/self/ns/net")).toBe(true);
});
