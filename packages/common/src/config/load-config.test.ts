import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { envName, flagName, loadConfig } from "./load-config.ts";

const schema = z.object({
  listen: z.string().default("0.0.0.0:7443"),
  "pod-cidr": z.array(z.string()).min(1).default(["10.244.0.0/16"]),
  "node-prefix": z.number("expected a number of bits").int().min(1).max(128).default(24),
  masquerade: z.boolean().default(false),
  "data-dir": z.string("expected a directory"),
  token: z.string().startsWith("wrn1.", "expected a join token").optional(),
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-config-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(text: string): string {
  const path = join(dir, "c.yaml");
  writeFileSync(path, text);
  return path;
}

test("a flag wins over the environment, that over the file, that over the default", async () => {
  const path = file("data-dir: /file\nlisten: file:1\nnode-prefix: 26\n");
  const loaded = await loadConfig({
    schema,
    file: path,
    env: { WARREN_LISTEN: "env:1", WARREN_NODE_PREFIX: "25" },
    flags: { "node-prefix": "27" },
  });
  expect(loaded.values).toEqual({
    listen: "env:1",
    "pod-cidr": ["10.244.0.0/16"],
    "node-prefix": 27,
    masquerade: false,
    "data-dir": "/file",
  });
  expect(loaded.origin).toMatchObject({
    listen: { source: "env", where: "WARREN_LISTEN" },
    "node-prefix": { source: "flag", where: "--node-prefix" },
    "data-dir": { source: "file", where: `${path}:1` },
    "pod-cidr": { source: "default" },
  });
});

test("lists come from repeated flags, comma separated variables, YAML lists and single values", async () => {
  const flags = { "data-dir": "/d" };
  const cidrs = async (sources: object) => (await loadConfig({ schema, flags, ...sources })).values["pod-cidr"];
  expect(await cidrs({ flags: { ...flags, "pod-cidr": ["10.0.0.0/16", "fd00::/48"] } })).toEqual([
    "10.0.0.0/16",
    "fd00::/48",
  ]);
  expect(await cidrs({ env: { WARREN_POD_CIDR: "10.0.0.0/16, fd00::/48" } })).toEqual(["10.0.0.0/16", "fd00::/48"]);
  expect(await cidrs({ file: file("pod-cidr: [10.0.0.0/16, 'fd00::/48']") })).toEqual(["10.0.0.0/16", "fd00::/48"]);
  expect(await cidrs({ file: file("pod-cidr: 10.0.0.0/16") })).toEqual(["10.0.0.0/16"]);
});

test("booleans are read from text, and a flag without value is true", async () => {
  const masquerade = async (sources: object) =>
    (await loadConfig({ schema, flags: { "data-dir": "/d" }, ...sources })).values.masquerade;
  expect(await masquerade({ env: { WARREN_MASQUERADE: "true" } })).toBe(true);
  expect(await masquerade({ flags: { "data-dir": "/d", masquerade: true } })).toBe(true);
  await expect(masquerade({ env: { WARREN_MASQUERADE: "yes" } })).rejects.toThrow(/WARREN_MASQUERADE: .*got "yes"/);
});

test("an unknown key is refused with file, line, key and the key that was meant", async () => {
  const path = file("data-dir: /d\n\npod-cidrs: [10.0.0.0/16]\n");
  await expect(loadConfig({ schema, file: path })).rejects.toThrow(
    expect.objectContaining({
      code: "config-invalid",
      message: `${path}:3: key "pod-cidrs" is not known; did you mean "pod-cidr"?`,
    }),
  );
});

test("a wrong value names file, line and key, or the flag, or the variable", async () => {
  const path = file("data-dir: /d\nnode-prefix: many\n");
  await expect(loadConfig({ schema, file: path })).rejects.toThrow(
    `${path}:2: node-prefix: expected a number of bits, got "many"`,
  );
  const flags = { "data-dir": "/d" };
  await expect(loadConfig({ schema, flags: { ...flags, "node-prefix": "x" } })).rejects.toThrow(
    '--node-prefix: expected a number of bits, got "x"',
  );
  await expect(loadConfig({ schema, flags, env: { WARREN_NODE_PREFIX: "x" } })).rejects.toThrow(
    'WARREN_NODE_PREFIX: expected a number of bits, got "x"',
  );
});

test("a missing value says all three ways to give it", async () => {
  await expect(loadConfig({ schema })).rejects.toThrow(
    'data-dir: required; give --data-dir, WARREN_DATA_DIR or "data-dir:" in the configuration file',
  );
});

test("a wrong secret is not repeated in the message", async () => {
  const flags = { "data-dir": "/d", token: "hunter2" };
  await expect(loadConfig({ schema, flags })).rejects.toThrow("--token: expected a join token");
  await expect(loadConfig({ schema, flags })).rejects.not.toThrow("hunter2");
});

test("text that is not YAML, a list at the top, and a missing file are clear", async () => {
  const broken = file("data-dir: /d\nlisten: [1, 2\n");
  await expect(loadConfig({ schema, file: broken })).rejects.toThrow(/c\.yaml:\d: not YAML: /);
  const list = file("- a\n- b\n");
  await expect(loadConfig({ schema, file: list })).rejects.toThrow(`${list}:1: expected "key: value" lines`);
  const absent = join(dir, "absent.yaml");
  await expect(loadConfig({ schema, file: absent })).rejects.toThrow(
    `${absent}: the configuration file does not exist`,
  );
  expect(
    (await loadConfig({ schema, file: absent, fileOptional: true, flags: { "data-dir": "/d" } })).origin,
  ).toMatchObject({
    listen: { source: "default" },
  });
});

test("an empty file, and a key with nothing behind it, count as absent", async () => {
  const flags = { "data-dir": "/d" };
  expect((await loadConfig({ schema, flags, file: file("") })).values.listen).toBe("0.0.0.0:7443");
  expect((await loadConfig({ schema, flags, file: file("# nothing\nlisten:\n") })).values.listen).toBe("0.0.0.0:7443");
});

test("camelCase keys have the same flag and variable as kebab-case ones", async () => {
  expect(flagName("podCidr")).toBe("pod-cidr");
  expect(envName("podCidr")).toBe("WARREN_POD_CIDR");
  const camel = z.object({ runDir: z.string() });
  expect((await loadConfig({ schema: camel, flags: { "run-dir": "/r" } })).values).toEqual({ runDir: "/r" });
  expect((await loadConfig({ schema: camel, file: file("run-dir: /r") })).values).toEqual({ runDir: "/r" });
});
