import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { AGENT_FLAGS, CONTROL_FLAGS } from "../command-flags.ts";
import { runWarren } from "../testing/run-warren.ts";

const example = (name: string) => fileURLToPath(new URL(`../../../../examples/${name}.yaml`, import.meta.url));

test.each(["control", "agent"])("examples/%s.yaml is a configuration that loads", async (service) => {
  const { code } = await runWarren(["config", "print", service, "--config", example(service), "-o", "json"]);
  expect(code).toBe(0);
});

test.each([
  ["control", CONTROL_FLAGS],
  ["agent", AGENT_FLAGS],
] as const)("flags and configuration keys of %s are the same", async (service, flags) => {
  const required = service === "agent" ? ["--control", "c:7443", "--underlay", "192.0.2.1"] : [];
  const { stdout } = await runWarren(["config", "print", service, ...required, "-o", "json"]);
  const keys = Object.keys(JSON.parse(stdout) as object);
  const names = flags.map((flag) => flag.name).filter((name) => name !== "config");
  expect([...names].sort()).toEqual([...keys].sort());
});

test("the file can be named by WARREN_CONFIG, and a file that is named must exist", async () => {
  const { stdout } = await runWarren(["config", "print", "agent"], { WARREN_CONFIG: example("agent") });
  expect(stdout).toMatch(/^control .*examples\/agent\.yaml:\d+$/m);
  const absent = await runWarren(["control"], { WARREN_CONFIG: "/nonexistent.yaml" });
  expect(absent.stderr).toBe("warren: /nonexistent.yaml: the configuration file does not exist [config-invalid]\n");
  expect(absent.code).toBe(2);
});
