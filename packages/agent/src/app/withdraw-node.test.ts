import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { podsFile } from "../pods/pod-state.ts";
import { AgentHarness } from "./testing/agent-harness.ts";
import { type Withdrawn, withdrawNode } from "./withdraw-node.ts";

let harness: AgentHarness;
beforeEach(() => {
  harness = new AgentHarness();
});
afterEach(() => harness.close());

/** A node whose agent has run, has one pod, and does not run any more. */
async function stoppedNode(): Promise<void> {
  const agent = harness.make();
  await harness.up(agent);
  await agent.addPod({ name: "web" });
  await agent.stop();
}

function withdraw(options: { deletePods?: boolean; force?: boolean }, changes = {}): Promise<Withdrawn> {
  const { clock, control, host, podNetwork } = harness;
  return withdrawNode(
    harness.config(),
    { deletePods: false, force: false, ...options },
    {
      ...{ clock, connector: control, hostNetwork: host, podNetwork, random: () => 0.5 },
      ...{
        lock: () => () => {},
        createDataPlane: () => Promise.reject(new Error("no packet path is needed")) as never,
      },
      memory: { limit: () => {}, settle: () => {} },
      sweep: async (tun: string) => [`link ${tun}`],
      ...changes,
    },
  );
}

test("pods are a refusal; allowed, they go, the control plane is told, and the host is swept", async () => {
  await stoppedNode();
  await expect(withdraw({})).rejects.toMatchObject({ code: "pods-present" });
  expect(harness.control.left).toBeNull();
  expect(await withdraw({ deletePods: true })).toEqual({
    pods: ["default/web"],
    untold: null,
    swept: ["link warren0"],
  });
  expect(harness.control.left).toBe(true);
  expect(podsFile(harness.config()["data-dir"]).read()?.pods).toEqual([]);
});

test("a control plane that does not answer is a refusal that sweeps nothing, and with force only a remark", async () => {
  await stoppedNode();
  harness.control.silent = true;
  const swept: string[] = [];
  const sweep = async (tun: string) => [...swept, swept.push(tun).toString()];
  const refused = withdraw({ deletePods: true }, { sweep });
  refused.catch(() => {});
  await harness.clock.advance(10_000);
  await expect(refused).rejects.toThrow("--force");
  expect(swept).toEqual([]);
  const forced = withdraw({ force: true });
  await harness.clock.advance(10_000);
  expect((await forced).untold).toMatchObject({ code: "unavailable" });
});

test("an agent that is about to end is waited for, and one that stays is named", async () => {
  const holder = new WarrenError("already-running", "in use by process 7");
  let tries = 0;
  const lock = () => {
    if (++tries < 3) throw holder;
    return () => {};
  };
  const done = withdraw({}, { lock });
  await harness.clock.advance(1_000);
  expect((await done).pods).toEqual([]);
  const never = withdraw(
    {},
    {
      lock: () => {
        throw holder;
      },
    },
  );
  never.catch(() => {});
  await harness.clock.advance(20_000);
  await expect(never).rejects.toBe(holder);
});
