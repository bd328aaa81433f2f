import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryRun } from "@warren/common/runtime/run.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWarren } from "../testing/run-warren.ts";

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "warren-completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFileSync(join(dir, shell), (await runWarren(["completion", shell])).stdout);
  }
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What bash offers for a line that ends in the last word. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _warren; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await tryRun("bash", ["-c", script, "bash", join(dir, "bash"), "warren", ...words]);
  return stdout.trim().split("\n");
}

test("bash offers commands, subcommands, flags and values", async () => {
  expect(await offered("")).toEqual(expect.arrayContaining(["control", "agent", "pod", "doctor"]));
  expect(await offered("pod", "")).toEqual(["add", "exec", "del", "list", "--help"]);
  expect(await offered("pod", "li")).toEqual(["list"]);
  expect(await offered("pod", "add", "web", "--na")).toEqual(["--namespace"]);
  expect(await offered("pod", "list", "-o", "")).toEqual(["table", "wide", "json", "yaml"]);
  expect(await offered("completion", "")).toEqual(["bash", "zsh", "fish", "--help"]);
  expect(await offered("nodes", "--from", "c")).toEqual(["control"]);
});

test("bash offers programs behind --, not flags of warren", async () => {
  expect(await offered("pod", "exec", "web", "--", "nsente")).toContain("nsenter");
});

test.each(["zsh", "fish"])("%s reads its script where it is installed", async (shell) => {
  const result = await tryRun(shell, ["--no-execute", join(dir, shell)]).catch(() => undefined);
  if (result === undefined) return;
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
});
