import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AskRequest } from "@warren/common/api/ask.ts";
import { createLocalServer } from "@warren/common/api/local-server.ts";
import type { Route } from "@warren/common/api/route.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MeshTestReport } from "../mesh-test/result.ts";
import { TEST_NAMES } from "../mesh-test/test-names.ts";
import { FakeMesh } from "../mesh-test/testing/fake-mesh.ts";
import { runWarren } from "../testing/run-warren.ts";

let dir: string;
let mesh: FakeMesh;
let stops: (() => Promise<void>)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "warren-test-"));
  mesh = new FakeMesh(2);
  stops = [];
});
afterEach(async () => {
  for (const stop of stops) await stop();
  rmSync(dir, { recursive: true, force: true });
});

/** The socket of an agent or a control plane in front of the fake mesh. */
async function serve(role: "agent" | "control", connected = true): Promise<void> {
  const get = (path: string, answer: () => unknown): Route => ({ method: "GET", path, handle: answer });
  const control = { address: "192.0.2.1:7443", connected, error: connected ? null : "connection refused" };
  const routes: Route[] = [
    get("/v1/status", () => ({
      role,
      cluster: mesh.cluster,
      ...(role === "agent" && { control, node: mesh.nodes[0] }),
    })),
    get("/v1/nodes", () => mesh.nodes.filter((node) => role === "agent" || !node.foreign)),
    get("/v1/peers", () => mesh.nodes.filter((node) => node.foreign)),
    {
      method: "POST",
      path: "/v1/ask",
      handle: ({ body, signal }) => {
        const { node, task } = body as AskRequest;
        return mesh.ask(node, task, signal);
      },
    },
  ];
  const server = createLocalServer({ socketPath: join(dir, `${role}.sock`), routes });
  await server.start();
  stops.push(() => server.stop());
}

const warren = (...argv: string[]) => runWarren(["test", ...argv], { WARREN_RUN_DIR: dir });
const asJson = (stdout: string) => JSON.parse(stdout) as MeshTestReport;

test("prints a line a test, says how far it is, and ends with 0", async () => {
  await serve("agent");
  const { code, stdout, stderr } = await warren("nodes", "node-to-node");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^TEST +RESULT +TIME +PROVEN\nnodes +pass +\d+\.\ds +2 of 2 nodes answered\nnode-to-node +pass/,
  );
  expect(stdout).toMatch(/\n2 passed, 0 failed, 0 skipped in [\d.]+ s \(2 of 2 nodes answered, asked from node1\)\n$/);
  expect(stderr).toBe("nodes: pass\nnode-to-node: pass\n");
});

test("a failure ends with 1 and says what to look at, once for the same", async () => {
  await serve("control");
  mesh.fate = () => ({ outcome: "lost" });
  const { code, stdout } = await warren("node-to-node");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "node-to-node failed:\n  node1 → node2: no answer to 3 tries over IPv4 and IPv6\n      look at: ",
  );
  expect(stdout).toContain("asked from the control plane");
});

test("many failures are cut short in the table, and all there with -o wide and json", async () => {
  await serve("control");
  mesh = new FakeMesh(5);
  mesh.fate = () => ({ outcome: "lost" });
  expect((await warren("node-to-node")).stdout).toContain("  and 10 more; -o wide shows all\n");
  expect((await warren("node-to-node", "-o", "wide")).stdout).not.toContain("more; -o wide");
  expect(asJson((await warren("node-to-node", "-o", "json")).stdout).tests[0]!.failures).toHaveLength(20);
});

test("-o json is the report and nothing else, also on standard error", async () => {
  await serve("control");
  mesh.foreign.push({ ...mesh.nodes[0]!, name: "rack1", foreign: true, kind: "vxlan" });
  const { code, stdout, stderr } = await warren("nodes", "-o", "json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(asJson(stdout)).toMatchObject({
    ...{ asker: null, passed: 1, failed: 0, skipped: 0, timedOut: false, nodes: ["node1", "node2"] },
    tests: [{ test: "nodes", verdict: "pass", notes: [expect.stringContaining("rack1 is not tested")] }],
  });
});

test("writes JUnit's XML where it was asked to, and looks at the place before it tests anything", async () => {
  await serve("control");
  const file = join(dir, "result.xml");
  expect((await warren("nodes", "--junit-file", file)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toContain('<testcase classname="warren.test" name="nodes"');
  const asked = mesh.asked.length;
  const { code, stderr } = await warren("nodes", "--junit-file", join(dir, "none", "result.xml"));
  expect([code, stderr]).toEqual([2, expect.stringContaining("its directory does not exist")]);
  expect(mesh.asked.length).toBe(asked);
});

test("nodes that cannot be asked end with 7 when nothing else failed", async () => {
  await serve("control");
  mesh = new FakeMesh(3);
  mesh.node("node2").error = new WarrenError("unavailable", "down");
  expect((await warren("node-to-node")).code).toBe(7);
  expect((await warren("nodes", "node-to-node")).code).toBe(1);
});

test("the time limit ends with 3", async () => {
  await serve("control");
  const ask = mesh.ask.bind(mesh);
  mesh.ask = async (node, task, signal) => {
    if (task.do === "send") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return ask(node, task, signal);
  };
  const { code, stdout } = await warren("nodes", "node-to-node", "--timeout", "300ms");
  expect(code).toBe(3);
  expect(stdout).toContain("not done: the time limit of 0.3 s ran out");
  expect(stdout).toContain("the time limit ran out before all was done");
});

test("--list asks nobody", async () => {
  const { code, stdout } = await warren("--list");
  expect(code).toBe(0);
  expect(
    stdout
      .split("\n")
      .slice(1, -1)
      .map((line) => line.split(" ")[0]),
  ).toEqual(TEST_NAMES);
  expect(JSON.parse((await warren("--list", "mtu", "-o", "json")).stdout)).toMatchObject([{ name: "mtu" }]);
});

test("an unknown test is an error of usage with the list", async () => {
  const { code, stderr } = await warren("mtuu");
  expect(code).toBe(2);
  expect(stderr).toContain(`expected one of ${TEST_NAMES.join(", ")}`);
});

test.each([
  ["--pods", "0"],
  ["--pairs", "many"],
  ["--timeout", "5"],
])("%s %s is refused before anybody is asked", async (...flags) => {
  await serve("control");
  expect((await warren(...flags)).code).toBe(2);
  expect(mesh.asked).toEqual([]);
});

test("without a service, or without a way to the control plane, it ends with 4 and says so", async () => {
  const nobody = await warren();
  expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringContaining("no control plane or agent answers")]);
  await serve("agent", false);
  const alone = await warren();
  expect(alone.code).toBe(4);
  expect(alone.stderr).toContain("this node is not connected to the control plane at 192.0.2.1:7443");
  expect(alone.stderr).toContain("connection refused");
  expect(existsSync(join(dir, "control.sock"))).toBe(false);
});
