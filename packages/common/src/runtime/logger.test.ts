import { expect, test } from "vitest";
import { WarrenError } from "../errors/warren-error.ts";
import { createLogger, type LogFormat } from "./logger.ts";

function capture(format: LogFormat) {
  const lines: string[] = [];
  const logger = createLogger({ format, level: "debug", write: (line) => lines.push(line) });
  return { logger, text: () => lines.join("") };
}

test("a text line has time, level, component, message and fields", () => {
  const { logger, text } = capture("text");
  logger.child({ component: "ipam" }).info({ cidr: "10.244.1.0/24", note: "two words" }, "lease taken");
  expect(text()).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}ipam: lease taken cidr=10\.244\.1\.0\/24 note="two words"\n$/,
  );
});

test("a JSON line is one object with the level as a word", () => {
  const { logger, text } = capture("json");
  logger.warn({ node: "a" }, "node is down");
  expect(JSON.parse(text())).toMatchObject({ level: "warn", node: "a", msg: "node is down" });
});

test("secrets are not written, at the top or one level down", () => {
  for (const format of ["text", "json"] as const) {
    const { logger, text } = capture(format);
    logger.info({ token: "wrn1.abc.def.hunter2", config: { token: "hunter2", control: "h:1" } }, "started");
    expect(text()).not.toContain("hunter2");
    expect(text()).toContain("h:1");
  }
});

test("a text value cannot forge a second line or field", () => {
  const { logger, text } = capture("text");
  logger.info({ name: 'x\n2026 ERROR fake="1' }, "seen");
  expect(text().trimEnd().split("\n")).toHaveLength(1);
});

test("an expected error is one line, a defect shows its stack", () => {
  const expected = capture("text");
  expected.logger.error({ err: new WarrenError("port-in-use", "port 7443 is in use") }, "cannot start");
  expect(expected.text().trimEnd().split("\n")).toHaveLength(1);
  expect(expected.text()).toContain('err="port 7443 is in use" code=port-in-use');

  const defect = capture("text");
  defect.logger.error({ err: new TypeError("x is not a function") }, "tick failed");
  expect(defect.text()).toContain("at ");
});

test("what is below the level costs no line", () => {
  const lines: string[] = [];
  createLogger({ level: "warn", write: (line) => lines.push(line) }).info("quiet");
  expect(lines).toEqual([]);
});

test("a change of the level reaches every logger that was made before", () => {
  const { logger, text } = capture("text");
  const child = logger.child({ component: "agent" }).child({ pod: "web" });
  logger.level = "warn";
  child.debug("quiet");
  logger.level = "trace";
  child.trace("loud");
  expect(text()).toMatch(/TRACE agent: loud pod=web/);
  expect(text()).not.toContain("quiet");
});
