import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isExecutable } from "@warren/common/runtime/is-executable.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../command-tree.ts";
import { manPages } from "./man-pages.ts";
import { prose, typed, verbatim } from "./roff.ts";
import { SERVICE_KEYS } from "./service-keys.ts";

const FOLDER = fileURLToPath(new URL("../../man", import.meta.url));
const pages = manPages(COMMANDS, SERVICE_KEYS);
const files = Object.keys(pages).map((name) => `${FOLDER}/${name}`);

test("packages/cli/man is what `npm run docs` writes, and nothing else", () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(pages).sort());
  for (const [name, text] of Object.entries(pages)) expect(readFileSync(`${FOLDER}/${name}`, "utf8"), name).toBe(text);
});

test("there is a page of every command that does something, and of both configuration files", () => {
  for (const spec of COMMANDS.filter((each) => each.load))
    expect(pages[`warren-${spec.path.replaceAll(" ", "-")}.1`], spec.path).toBeDefined();
  expect(Object.keys(pages)).toEqual(
    expect.arrayContaining(["warren.1", "warren-agent.yaml.5", "warren-control.yaml.5"]),
  );
});

test("text means itself: no macro, no escape, no prettier sign", () => {
  expect(prose(".PP is `--flag`")).toBe("\\&.PP is \\fB\\-\\-flag\\fR");
  expect(prose("a \\n and\n  a ~")).toBe("a \\en and a \\(ti");
  expect(typed("echo 'a'-b…")).toBe("echo \\(aqa\\(aq\\-b\\[u2026]");
  expect(verbatim("'x\n.y")).toContain("\n\\(aqx\n\\&.y\n");
});

/** Where the program is not installed, a line says so. */
function withProgram(program: string, body: () => void): void {
  const isInstalled = (process.env["PATH"] ?? "").split(":").some((folder) => isExecutable(`${folder}/${program}`));
  if (!isInstalled) process.stderr.write(`skipped: man pages under ${program} (not installed)\n`);
  describe.skipIf(!isInstalled)(program, body);
}

withProgram("mandoc", () => {
  test("finds nothing wrong with the pages", async () => {
    const { code, stdout } = await tryRun("mandoc", ["-T", "lint", "-W", "warning", ...files]);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  test("shows what is to be typed as it is to be typed", async () => {
    const { stdout } = await tryRun("mandoc", ["-T", "utf8", "-O", "width=100", `${FOLDER}/warren-pod-add.1`]);
    // Bold is a letter over itself.
    const parts = stdout.split("\b");
    const plain = parts.map((part, index) => (index < parts.length - 1 ? part.slice(0, -1) : part)).join("");
    const example = COMMANDS.find((spec) => spec.path === "pod add")!.examples[0]!.command;
    expect(plain).toContain(example);
    expect(plain).toMatch(/warren pod add NAME \[flags\] \[-- PROGRAM \[ARG…\]\]/);
    expect(plain).toMatch(/-o, --output FORMAT/);
  });
});

withProgram("groff", () => {
  test("warns of nothing", async () => {
    // What `man` runs, and not `man` itself: that one goes by the locale and the width of whoever runs it.
    const { code, stderr } = await tryRun("groff", ["-man", "-Tutf8", "-ww", "-z", ...files]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});
