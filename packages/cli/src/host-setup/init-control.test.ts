import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CONTROL_FLAGS } from "../command-flags.ts";
import { CONTROL_UNIT } from "./control-unit.ts";
import { type HostPaths, hostPaths } from "./host-paths.ts";
import { type ControlWorld, initControl, removeControl } from "./init-control.ts";
import { unitPath } from "./take-down.ts";
import { FakeSystemd } from "./testing/fake-systemd.ts";

let root: string;
let paths: HostPaths;
let systemd: FakeSystemd;
let userState: "absent" | "ours" | "foreign";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "warren-host-"));
  paths = hostPaths(root);
  mkdirSync(paths.unitDir, { recursive: true });
  systemd = new FakeSystemd();
  userState = "absent";
});
afterEach(() => rmSync(root, { recursive: true }));

function world(): ControlWorld {
  const user = {
    name: "warren",
    state: async () => userState,
    async add() {
      userState = "ours";
    },
    async remove() {
      userState = "absent";
    },
  };
  return { paths, systemd, user, progress: () => {}, signal: new AbortController().signal };
}

const settings = { advertise: "192.0.2.1:7443", "pod-cidr": ["10.8.0.0/16"] };

function init(): Promise<boolean> {
  const launcher = { words: ["/opt/warren/warren"], dirs: ["/opt/warren"] };
  return initControl({ settings, flags: CONTROL_FLAGS, launcher }, world());
}

function traces(): string[] {
  return [paths.etcDir, paths.stateDir, unitPath(paths, CONTROL_UNIT)].filter(existsSync);
}

test("a host becomes the control plane's once; the second time only what does not run is started", async () => {
  expect(await init()).toBe(true);
  const config = readFileSync(paths.controlConfig, "utf8");
  expect(config).toContain("\nadvertise: 192.0.2.1:7443\n");
  expect(config).toContain("\npod-cidr:\n  - 10.8.0.0/16\n");
  expect(config).not.toContain("\nvni:");
  const calls = systemd.calls.length;
  expect(await init()).toBe(false);
  expect(systemd.calls).toHaveLength(calls);
  systemd.states = [
    { active: "failed", sub: "failed", status: "" },
    { active: "active", sub: "running", status: "" },
  ];
  expect(await init()).toBe(false);
  expect(systemd.calls.at(-1)).toBe(`start ${CONTROL_UNIT}`);
});

test("a failed start is undone, and a state that was there before stays", async () => {
  mkdirSync(paths.controlData, { recursive: true });
  systemd.states = [{ active: "failed", sub: "failed", status: "" }];
  await expect(init()).rejects.toMatchObject({ code: "tool-failed" });
  expect(traces()).toEqual([paths.stateDir]);
  expect(userState).toBe("absent");
});

test("removing it takes state and user too", async () => {
  await init();
  mkdirSync(paths.controlData, { recursive: true });
  const removed = await removeControl(world());
  expect(removed).toContain(paths.controlData);
  expect(removed).toContain("user warren");
  expect(traces()).toEqual([]);
});

test("a person who happens to be called warren does not get the CA's key, and is not removed", async () => {
  userState = "foreign";
  await expect(init()).rejects.toMatchObject({ code: "already-exists" });
  expect(traces()).toEqual([]);
  expect(await removeControl(world())).toEqual([]);
  expect(userState).toBe("foreign");
});
