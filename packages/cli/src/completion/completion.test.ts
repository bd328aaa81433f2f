import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runWarren } from "../testing/run-warren.ts";

const AT_A_TERMINAL = fileURLToPath(new URL("./testing/at-a-terminal.zsh", import.meta.url));

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

/** Where the shell is not installed, a line says so. */
function withShell(shell: string, body: () => void): void {
  const isInstalled = (process.env["PATH"] ?? "").split(":").some((folder) => isExecutable(join(folder, shell)));
  if (!isInstalled) process.stderr.write(`skipped: completion in ${shell} (not installed)\n`);
  describe.skipIf(!isInstalled)(shell, body);
}

withShell("fish", () => {
  const offers = async (line: string): Promise<string[]> => {
    const script = `source ${join(dir, "fish")}; complete -C $argv[1]`;
    const { stdout } = await tryRun("fish", ["--no-config", "-c", script, line]);
    return stdout.split("\n").map((each) => each.split("\t")[0]!);
  };

  test("offers commands, subcommands, flags and values", async () => {
    expect(await offers("warren ")).toEqual(expect.arrayContaining(["control", "agent", "pod", "doctor"]));
    expect(await offers("warren pod ")).toEqual(expect.arrayContaining(["add", "exec", "del", "list"]));
    expect(await offers("warren pod li")).toEqual(["list", ""]);
    expect(await offers("warren pod add web --na")).toEqual(["--namespace", ""]);
    expect(await offers("warren pod list -o ")).toEqual(expect.arrayContaining(["table", "wide", "json", "yaml"]));
    expect(await offers("warren completion ")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
    expect(await offers(`warren control --data-dir ${dir.slice(0, -1)}`)).toEqual([`${dir}/`, ""]);
  });

  test("offers programs behind --, not flags of warren", async () => {
    expect(await offers("warren pod exec web -- nsente")).toContain("nsenter");
    expect(await offers("warren pod exec web -- --na")).not.toContain("--namespace");
  });
});

withShell("zsh", () => {
  const typed = async (...lines: string[]): Promise<string[]> => {
    return (await tryRun("zsh", ["-f", AT_A_TERMINAL, join(dir, "zsh"), ...lines])).stdout.trimEnd().split("\n");
  };

  test("completes commands, subcommands, flags, values, and programs behind --", async () => {
    const typedAndMade = {
      "warren comp": "warren completion ",
      "warren pod li": "warren pod list ",
      "warren nodes rev": "warren nodes revoke ",
      "warren pod add web --na": "warren pod add web --namespace=",
      "warren pod add web --namespace x --lab": "warren pod add web --namespace x --label=",
      "warren pod list -o wi": "warren pod list -o wide ",
      "warren pod list --output=wi": "warren pod list --output=wide ",
      "warren completion fi": "warren completion fish ",
      "warren nodes --from c": "warren nodes --from control ",
      "warren pod add w": "warren pod add w",
      "warren pod exec web -- nsente": "warren pod exec web -- nsenter ",
      [`warren control --data-dir ${dir.slice(0, -1)}`]: `warren control --data-dir ${dir}/`,
    };
    expect(await typed(...Object.keys(typedAndMade))).toEqual(Object.values(typedAndMade));
  });
});
