import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLab, type Lab, uniqueLabName } from "../lab/lab.ts";
import { ping } from "../lab/measure.ts";
import { describeAsRoot } from "../netns/as-root.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARBALLS = join(ROOT, "build/packages");
const ALL = ["cli", "agent", "control", "common", "dashboard"];
/** What a user has who installs Warren: not the Node.js that runs this test, and none of its environment. */
const MACHINE: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_COMPILE|VITEST)/i.test(name))),
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty directory in which a user types `npm install`. */
async function installed(...names: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "warren-install-"));
  made.push(folder);
  const tarballs = names.map((name) => readdirSync(TARBALLS).find((file) => file.startsWith(`warren-${name}-`))!);
  const args = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", [...args, ...tarballs.map((file) => join(TARBALLS, file))], { env: MACHINE, timeoutMs: 120_000 });
  return folder;
}

describeAsRoot("packages, installed with npm into an empty directory", () => {
  let whole: string;
  beforeAll(async () => {
    await run("sh", [join(ROOT, "scripts/run.sh"), "scripts/pack.ts"], { timeoutMs: 120_000 });
    whole = await installed(...ALL);
  }, 240_000);

  it("hold no tests, no types, and nothing that is named as in the checkout", async () => {
    for (const tarball of readdirSync(TARBALLS)) {
      const { stdout } = await run("tar", ["--list", "--file", join(TARBALLS, tarball)]);
      const files = stdout.trim().split("\n");
      expect(files).toEqual(expect.arrayContaining(["package/README.md", "package/LICENSE", "package/package.json"]));
      expect(files.filter((file) => /\.ts$|\.test\.|\/testing\/|testdata|\.map$/.test(file))).toEqual([]);
      const manifest = await run("tar", [
        "--extract",
        "--to-stdout",
        "--file",
        join(TARBALLS, tarball),
        "package/package.json",
      ]);
      expect(manifest.stdout).not.toMatch(/workspace:|catalog:|\/src\//);
    }
  });

  it("give a command that runs under the pinned Node.js, whatever the machine has", async () => {
    const { stdout } = await run("npx", ["--prefix", whole, "warren", "version"], { env: MACHINE });
    expect(stdout).toMatch(/^warren \d+\.\d+\.\d+ .*Node\.js v24\./);
  });

  it("load every command there is", async () => {
    const load = [
      `import { COMMANDS } from ${JSON.stringify("@warren/cli/command-tree.js")};`,
      "for (const command of COMMANDS) await command.load?.();",
      "console.log(COMMANDS.filter((command) => command.load).length); process.exit(0);",
    ];
    writeFileSync(join(whole, "load.mjs"), load.join("\n"));
    const { stdout } = await run(process.execPath, [join(whole, "load.mjs")]);
    expect(Number(stdout)).toBeGreaterThan(20);
  });

  it("install one by one, with the packages of ours that each needs, and can be imported", async () => {
    const entries = [
      ["@warren/common/errors/warren-error.js", "common"],
      ["@warren/control", "control", "common", "dashboard"],
      ["@warren/agent", "agent", "common"],
    ] as const;
    for (const [entry, ...names] of entries) {
      const folder = await installed(...names);
      writeFileSync(
        join(folder, "main.mjs"),
        `import * as m from ${JSON.stringify(entry)}; console.log(Object.keys(m));`,
      );
      const { stdout } = await run(process.execPath, [join(folder, "main.mjs")]);
      expect(stdout, entry).toMatch(/createAgent|createControl|WarrenError/);
    }
  }, 120_000);

  it("say what is missing where optional dependencies were left out and Node.js is old", async () => {
    const launcher = join(whole, "node_modules/@warren/cli/bin/any-node.mjs");
    const old = [
      "-e",
      `Object.defineProperty(process.versions, "node", { value: "20.1.0" }); import(${JSON.stringify(launcher)})`,
    ];
    const { code, stderr } = await tryRun(process.execPath, old);
    expect(stderr).toMatch(/^warren: Node\.js 20\.1\.0 is too old; expected 24 or newer\./);
    expect(code).toBe(1);
  });

  describe("as a mesh of two nodes", () => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await createLab({ name: uniqueLabName("wp"), nodes: 2, warren: join(whole, "node_modules/.bin/warren") });
      await lab.startControl();
      await Promise.all([1, 2].map((number) => lab.startAgent(number)));
    });
    afterAll(() => lab?.close());

    it("show the live page", async () => {
      const ask =
        'fetch("http://127.0.0.1:7480/").then(async (answer) => console.log(answer.status, await answer.text()))';
      const { stdout } = await lab.control.run(process.execPath, ["-e", ask]);
      expect(stdout).toMatch(/^200 <!doctype html>/i);
    });

    it("carry packets from pod to pod through a TUN device, and run nothing of the checkout", async () => {
      const [one, two] = [await lab.addPod(1, "one"), await lab.addPod(2, "two")];
      expect(await ping(one.netns, two.address(), { count: 3 })).toMatchObject({ received: 3 });
      const command = readFileSync(`/proc/${lab.agent(1).process.pid}/cmdline`, "utf8").split("\0");
      expect(command[0]).toContain(join(whole, "node_modules/node-linux-"));
      expect(command[1]).toBe(join(whole, "node_modules/@warren/cli/dist/main.js"));
    });
  });
}, ["npm", "npx"]);
