import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentConfigSchema } from "@warren/agent/app/agent-config.ts";
import { configKeys } from "@warren/common/config/config-keys.ts";
import { loadConfig } from "@warren/common/config/load-config.ts";
import { createLogger } from "@warren/common/runtime/logger.ts";
import { controlConfigSchema } from "@warren/control/app/control-config.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configReloader } from "./reload-config.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-reload-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function setup(before: string, sources: { flags?: object; env?: NodeJS.ProcessEnv } = {}) {
  const file = join(dir, "agent.yaml");
  const write = (text: string) => writeFileSync(file, `control: 192.0.2.1:7443\nunderlay: 192.0.2.11\n${text}`);
  write(before);
  const load = () =>
    loadConfig({ schema: agentConfigSchema, file, ...(sources as { flags: Record<string, unknown> }) });
  const inForce = await load();
  const lines: string[] = [];
  const logger = createLogger({ level: inForce.values["log-level"], write: (line) => lines.push(line) });
  const reload = configReloader({ keys: configKeys(agentConfigSchema), inForce, load, logger });
  const said = () => lines.splice(0).map((line) => line.trimEnd().replace(/^\S+ /, ""));
  return { file, write, reload, logger, said };
}

test("what the schemas call reloadable is what a reload takes", () => {
  for (const schema of [agentConfigSchema, controlConfigSchema]) {
    const reloadable = configKeys(schema).filter((key) => key.isReloadable);
    expect(reloadable.map((key) => key.name)).toEqual(["log-level"]);
  }
});

test("a new log level is taken, and reaches loggers that were made before", async () => {
  const { file, write, reload, logger, said } = await setup("");
  const component = logger.child({ component: "agent" }).child({ pod: "web" });
  component.debug("before");
  write("log-level: debug\n");
  await reload();
  component.debug("after");
  expect(said()).toEqual([
    `INFO  configuration changed setting=log-level from=info to=debug where=${file}:3`,
    "DEBUG agent: after pod=web",
  ]);
});

test("a change to a quieter level, and back, is told all the same", async () => {
  const { write, reload, logger, said } = await setup("log-level: debug\n");
  write("log-level: error\n");
  await reload();
  expect(said()).toEqual([expect.stringContaining("from=debug to=error")]);
  logger.warn("not heard");
  write("log-level: info\n");
  await reload();
  expect(said()).toEqual([expect.stringContaining("from=error to=info")]);
  expect(logger.level).toBe("info");
});

test("what needs a restart is named at every reload, and not taken", async () => {
  const { file, write, reload, said } = await setup("");
  write("dataplane: kernel\ntoken: wrn1.secret\n");
  const expected = [
    `WARN  configuration changed on disk, needs a restart setting=token to="(secret)" where=${file}:4`,
    `WARN  configuration changed on disk, needs a restart setting=dataplane from=tun to=kernel where=${file}:3`,
  ];
  await reload();
  expect(said()).toEqual(expected);
  await reload();
  expect(said()).toEqual(expected);
  write("");
  await reload();
  expect(said()).toEqual(["INFO  configuration read again, nothing changed"]);
});

test("a flag wins over the file at a reload as it did at the start", async () => {
  const { write, reload, logger, said } = await setup("", { flags: { "log-level": "warn" } });
  write("log-level: trace\n");
  await reload();
  expect(logger.level).toBe("warn");
  expect(said()).toEqual([]);
});

test.each([
  ["log-level: loud\n", /log-level: Invalid option/],
  ["log-level: [debug\n", /not YAML/],
  ["log-levle: debug\n", /did you mean .*log-level/],
])("a broken file is one line, and changes nothing", async (text, why) => {
  const { write, reload, logger, said } = await setup("");
  write(text);
  await reload();
  const lines = said();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^ERROR the configuration cannot be used, what was in force stays err=/);
  expect(lines[0]).toMatch(why);
  expect(logger.level).toBe("info");
});
