import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryRun } from "@warren/common/runtime/run.ts";
import { expect, test } from "vitest";
import { AGENT_UNIT, agentUnit } from "./agent-unit.ts";
import { CONTROL_UNIT, controlUnit } from "./control-unit.ts";
import { formatCommand } from "./unit-file.ts";

/** A program that is everywhere stands for Warren: `verify` looks whether it is there. */
const LAUNCHER = ["/bin/true"];
const UNITS = [
  [AGENT_UNIT, agentUnit({ launcher: LAUNCHER }), 4.5],
  [CONTROL_UNIT, controlUnit({ launcher: LAUNCHER, readable: ["/usr/bin"] }), 1.6],
] as const;

const analyze = await tryRun("systemd-analyze", ["--version"]).catch(() => null);
if (analyze === null) process.stderr.write("skipped: what systemd says of the units (systemd-analyze not installed)\n");

test.skipIf(analyze === null).each(UNITS)(
  "systemd knows every setting of %s, and finds it exposed to at most %3$s",
  async (name, text, most) => {
    const dir = mkdtempSync(join(tmpdir(), "warren-units-"));
    try {
      const path = join(dir, name);
      writeFileSync(path, text);
      // Other units of this machine may have faults of their own.
      const verified = await tryRun("systemd-analyze", ["verify", "--recursive-errors=no", path]);
      expect(verified.stderr.split("\n").filter((line) => line.includes(name))).toEqual([]);
      const secured = await tryRun("systemd-analyze", ["security", "--offline=yes", "--no-pager", path]);
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(secured.stdout)?.[1]);
      expect(exposure).toBeLessThanOrEqual(most);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test.each(UNITS)("%s says to systemd that it is ready, lives, and lets V8 compile", (_, text) => {
  expect(text).toMatch(/^Type=notify$/m);
  expect(text).toMatch(/^NotifyAccess=main$/m);
  expect(text).toMatch(/^WatchdogSec=\d+$/m);
  expect(text).toMatch(/^ExecReload=kill -HUP \$MAINPID$/m);
  expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m);
});

test("the control plane has a user of its own and no capability", () => {
  const text = UNITS[1][1];
  expect(text).toMatch(/^User=warren$/m);
  expect(text).toMatch(/^CapabilityBoundingSet=$/m);
});

test("each capability of the agent is there with its reason", () => {
  const text = UNITS[0][1];
  const names = /^CapabilityBoundingSet=(.*)$/m.exec(text)![1]!.split(" ");
  for (const name of names) expect(text).toMatch(new RegExp(`^# ${name}: .{10}`, "m"));
});

test("pods' programs outlive their agent, also one that ran out of memory", () => {
  const text = UNITS[0][1];
  expect(text).toMatch(/^KillMode=process$/m);
  expect(text).toMatch(/^OOMPolicy=continue$/m);
});

test("a path with blanks and signs that systemd replaces is started as it is", () => {
  expect(formatCommand(["/opt/my warren/warren", "agent"])).toBe('"/opt/my warren/warren" agent');
  expect(formatCommand(["/opt/100%/$x"])).toBe("/opt/100%%/$$x");
});
