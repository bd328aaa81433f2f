import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JOIN_FLAGS } from "../command-flags.ts";
import { AGENT_UNIT } from "./agent-unit.ts";
import { type HostPaths, hostPaths } from "./host-paths.ts";
import { type JoinWorld, joinHost } from "./join-host.ts";
import { type HostLeft, type LeaveWorld, leaveHost, type RunningAgent } from "./leave-host.ts";
import { removeAgentFiles, removeUnit, unitPath } from "./take-down.ts";
import { FakeSystemd } from "./testing/fake-systemd.ts";
import { keptLease } from "./undo-join.ts";

let root: string;
let paths: HostPaths;
let systemd: FakeSystemd;
let told: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "warren-host-"));
  paths = hostPaths(root);
  mkdirSync(paths.unitDir, { recursive: true });
  systemd = new FakeSystemd();
  told = [];
});
afterEach(() => rmSync(root, { recursive: true }));

const settings = { name: "a", underlay: "192.0.2.11" };

function world(changes: Partial<JoinWorld> = {}): JoinWorld {
  return {
    ...{ paths, systemd, launcher: { words: ["/opt/warren/warren"], dirs: [] }, progress: (line) => told.push(line) },
    signal: new AbortController().signal,
    check: async () => {},
    async enroll() {
      mkdirSync(paths.agentData, { recursive: true });
      writeFileSync(join(paths.agentData, "identity.json"), "{}");
    },
    async takeDown() {
      await removeUnit(systemd, paths, AGENT_UNIT);
      removeAgentFiles(paths);
    },
    ...changes,
  };
}

function joined(changes?: Partial<JoinWorld>, withUnit = true): Promise<void> {
  return joinHost({ settings, flags: JOIN_FLAGS, withUnit }, world(changes));
}

function leave(
  options: { deletePods?: boolean; force?: boolean } = {},
  changes: Partial<LeaveWorld> = {},
): Promise<HostLeft> {
  const withdraw = async () => ({ pods: [], untold: null, swept: [] });
  return leaveHost(
    { deletePods: false, force: false, ...options },
    { paths, systemd, agent: null, withdraw, ...changes },
  );
}

/** Everything below the root that a join could have made. */
function traces(): string[] {
  return [paths.etcDir, paths.stateDir, paths.runDir, unitPath(paths, AGENT_UNIT)].filter(existsSync);
}

test("a join writes what was asked for, and starts the unit", async () => {
  await joined();
  const config = readFileSync(paths.agentConfig, "utf8");
  expect(config).toContain("\nname: a\n");
  expect(config).toContain("\nunderlay: 192.0.2.11\n");
  expect(config).not.toContain("dataplane:");
  expect(readFileSync(unitPath(paths, AGENT_UNIT), "utf8")).toContain("ExecStart=/opt/warren/warren agent\n");
  expect(systemd.calls).toEqual(["reload", `enable ${AGENT_UNIT}`, `start ${AGENT_UNIT}`]);
});

test("without a unit only the configuration is written", async () => {
  await joined({}, false);
  expect(existsSync(paths.agentConfig)).toBe(true);
  expect(existsSync(unitPath(paths, AGENT_UNIT))).toBe(false);
  expect(systemd.calls).toEqual([]);
});

test("a host that is not fit is left as it was", async () => {
  await expect(joined({ check: () => Promise.reject(new WarrenError("host-unfit", "no tun")) })).rejects.toThrow(
    "no tun",
  );
  expect(traces()).toEqual([]);
});

test("a node that is there already is not touched", async () => {
  await joined();
  const check = () => Promise.reject(new WarrenError("already-exists", "this host has joined already"));
  await expect(joined({ check })).rejects.toMatchObject({ code: "already-exists" });
  expect(traces()).toHaveLength(3);
  expect(systemd.calls).not.toContain(`disable ${AGENT_UNIT}`);
});

test("a refused token leaves nothing behind", async () => {
  const enroll = () => Promise.reject(new WarrenError("token-expired", "too late"));
  await expect(joined({ enroll })).rejects.toMatchObject({ code: "token-expired" });
  expect(traces()).toEqual([]);
});

test("an agent that does not start is told with its last lines, and all is undone", async () => {
  systemd.states = [
    { active: "activating", sub: "start", status: "looking at the host" },
    { active: "activating", sub: "auto-restart", status: "" },
  ];
  systemd.lines = ["warren: UDP 4789 is in use [port-in-use]"];
  await expect(joined()).rejects.toMatchObject({ code: "tool-failed" });
  expect(told).toContain("  warren: UDP 4789 is in use [port-in-use]");
  expect(traces()).toEqual([]);
  expect(systemd.calls.at(-1)).toBe("reload");
});

test("an interrupted join is undone", async () => {
  const aborter = new AbortController();
  systemd.states = [{ active: "activating", sub: "start", status: "" }];
  const progress = (line: string) =>
    void (line.endsWith("starting") && aborter.abort(new WarrenError("timeout", "^C")));
  await expect(joined({ progress, signal: aborter.signal })).rejects.toThrow("^C");
  expect(traces()).toEqual([]);
});

test("a configuration that somebody else wrote is not overwritten", async () => {
  mkdirSync(dirname(paths.agentConfig), { recursive: true });
  writeFileSync(paths.agentConfig, "control: 192.0.2.1:7443\n");
  await expect(joined()).rejects.toMatchObject({ code: "already-exists" });
  expect(readFileSync(paths.agentConfig, "utf8")).toBe("control: 192.0.2.1:7443\n");
});

test("after a leave nothing is left, drop-ins included, and what it removed is told", async () => {
  await joined();
  mkdirSync(`${unitPath(paths, AGENT_UNIT)}.d`);
  const { removed } = await leave();
  expect(traces()).toEqual([]);
  expect(existsSync(`${unitPath(paths, AGENT_UNIT)}.d`)).toBe(false);
  expect(removed).toContain(paths.agentData);
  expect(systemd.calls).toContain(`disable ${AGENT_UNIT}`);
});

test("a control plane on the same host keeps its files", async () => {
  await joined();
  mkdirSync(paths.controlData, { recursive: true });
  writeFileSync(paths.controlConfig, "# Written by `warren init`\n");
  await leave();
  expect(traces()).toEqual([paths.etcDir, paths.stateDir]);
  expect(existsSync(paths.controlConfig)).toBe(true);
});

test("pods are a refusal that changes nothing; with deletePods they go first", async () => {
  await joined();
  const agent = new FakeAgent();
  await expect(leave({}, { agent })).rejects.toMatchObject({ code: "pods-present" });
  expect(traces()).toHaveLength(3);
  const left = await leave({ deletePods: true }, { agent });
  expect(left.pods).toEqual(["default/web"]);
  expect(agent.calls).toEqual(["delete default/web", "leave"]);
  expect(traces()).toEqual([]);
});

test("a control plane that does not answer is a refusal, unless it is forced", async () => {
  await joined();
  const untold = new WarrenError("unavailable", "nobody answers");
  const agent = new FakeAgent([], untold);
  await expect(leave({}, { agent })).rejects.toBe(untold);
  expect(traces()).toHaveLength(3);
  const left = await leave({ force: true }, { agent, withdraw: async () => ({ pods: [], untold, swept: [] }) });
  expect(left.untold).toBe(untold);
  expect(traces()).toEqual([]);
});

test("a refusal without an agent that runs comes before anything is taken away", async () => {
  await joined();
  const withdraw = () => Promise.reject(new WarrenError("pods-present", "1 pod is on this node"));
  await expect(leave({ force: true }, { withdraw })).rejects.toMatchObject({ code: "pods-present" });
  expect(traces()).toHaveLength(3);
});

test("an agent that starts for ever is stopped, and started again where the leave is refused", async () => {
  await joined();
  const held = new WarrenError("already-running", "in use by process 7");
  const inUse = new WarrenError("identity-in-use", "another host has it");
  const answers = [held, inUse];
  const withdraw = () => Promise.reject(answers.shift()!);
  systemd.calls.length = 0;
  await expect(leave({}, { withdraw })).rejects.toBe(inUse);
  expect(systemd.calls).toEqual([`disable ${AGENT_UNIT}`, `enable ${AGENT_UNIT}`, `start ${AGENT_UNIT}`]);
  expect(traces()).toHaveLength(3);
  let isHeld = true;
  const forced = async () => {
    if (isHeld) {
      isHeld = false;
      throw held;
    }
    return { pods: [], untold: inUse, swept: [] };
  };
  expect((await leave({ force: true }, { withdraw: forced })).untold).toBe(inUse);
  expect(traces()).toEqual([]);
});

test("whoever leaves with an identity that another host has is not told to revoke that host", () => {
  expect(keptLease(new WarrenError("identity-in-use", "in use"))).not.toContain("revoke");
  expect(keptLease(new WarrenError("unavailable", "nobody answers"))).toContain("warren nodes revoke");
});

class FakeAgent implements RunningAgent {
  readonly calls: string[] = [];
  #pods: { namespace: string; name: string }[];
  readonly #refusal: WarrenError | null;

  constructor(pods = [{ namespace: "default", name: "web" }], refusal: WarrenError | null = null) {
    this.#pods = pods;
    this.#refusal = refusal;
  }

  async pods() {
    return this.#pods;
  }

  async deletePod(namespace: string, name: string): Promise<void> {
    this.calls.push(`delete ${namespace}/${name}`);
    this.#pods = [];
  }

  async leave(): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    this.calls.push("leave");
  }
}
