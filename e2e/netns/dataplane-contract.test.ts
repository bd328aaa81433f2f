import type { DataPlaneOptions } from "@warren/agent/dataplane-host/data-plane.ts";
import {
  type DataPlaneFixture,
  describeDataPlaneContract,
  describePacketCounting,
  SECOND_ADDRESS,
} from "@warren/agent/dataplane-host/testing/data-plane-contract.ts";
import { contractOptions, contractView } from "@warren/agent/dataplane-host/testing/two-nodes.ts";
import type { DataplaneKind } from "@warren/common/api/types.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { buildKernels } from "../../scripts/build-kernels.ts";
import { addNetns, deleteNetns, ipBatch } from "../lab/netns.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";
import { RemotePlane } from "./dataplane-remote.ts";

const NAMESPACES = ["wdp-c1", "wdp-c2"] as const;

/** Two namespaces with a veth pair between them, as underlay. */
async function makeUnderlay(): Promise<void> {
  for (const name of NAMESPACES) {
    await deleteNetns(name);
    await addNetns(name);
  }
  await ipBatch(["link add wdpu netns wdp-c1 type veth peer name wdpu netns wdp-c2"]);
  for (const [i, name] of NAMESPACES.entries()) {
    await ipBatch(["link set lo up", `addr add 192.0.2.${i + 1}/24 dev wdpu`, "link set wdpu up"], name);
    if (i === 0) await ipBatch([`addr add ${SECOND_ADDRESS}/24 dev wdpu`], name);
  }
}

let marks = 0;

async function arrives(from: RemotePlane, to: RemotePlane, family: 4 | 6): Promise<boolean> {
  const text = `mark ${++marks}`;
  await from.call("send", family, text);
  const arrived = await waitFor("the datagram", () => to.call<boolean>("hasReceived", text), {
    timeoutMs: 400,
    everyMs: 10,
  }).catch(() => false);
  await from.refresh();
  await to.refresh();
  return arrived;
}

describeAsRoot("the data plane on the kernel's devices", () => {
  beforeAll(async () => {
    await buildKernels();
    await makeUnderlay();
  });
  afterAll(async () => {
    for (const name of NAMESPACES) await deleteNetns(name);
  });

  const opened: RemotePlane[] = [];
  afterEach(async () => {
    for (const plane of opened.splice(0)) expect(await plane.end()).toBe(0);
  });
  const open = (node: 1 | 2, changes: Partial<DataPlaneOptions> = {}, kind: DataplaneKind = "tun"): RemotePlane => {
    const plane = new RemotePlane(NAMESPACES[node - 1]!, { ...contractOptions(node), ...changes }, node, kind);
    opened.push(plane);
    return plane;
  };
  const both = (kind1: DataplaneKind, kind2: DataplaneKind) => (): Promise<DataPlaneFixture> => {
    const planes = [open(1, {}, kind1), open(2, {}, kind2)] as const;
    return Promise.resolve({
      planes,
      views: [contractView(1), contractView(2)] as const,
      exchange: (from, family) => arrives(planes[from], planes[from === 0 ? 1 : 0], family),
      close: () => Promise.resolve(),
    });
  };

  describeDataPlaneContract("worker threads", both("tun", "tun"));
  describePacketCounting("worker threads", both("tun", "tun"));
  describeDataPlaneContract("the kernel's vxlan device", both("kernel", "kernel"));
  describeDataPlaneContract("the kernel's vxlan device, and worker threads at the other end", both("kernel", "tun"));

  test("uses every offload of this kernel", async () => {
    const plane = open(1);
    await plane.start();
    expect(plane.stats().offloads).toMatchObject({ tunVnetHdr: true, tunTso: true, udpSegment: true, udpGro: true });
  });

  test("a process that ends without stop does not hang on its blocked workers, and leaves no device", async () => {
    const plane = open(1);
    await plane.start();
    expect(await plane.end()).toBe(0);
    const { stdout } = await tryRun("ip", ["-n", NAMESPACES[0], "-br", "link", "show"]);
    expect(stdout).not.toContain("wdp1");
  });

  test("refuses a port in use, an address that is not local, a device that is held, each with its code", async () => {
    const plane = open(1);
    await plane.start();
    const second = open(1);
    await expect(second.call("start")).rejects.toMatchObject({ code: "port-in-use" });
    const foreign = open(1, { underlayAddress: "192.0.2.77" });
    await expect(foreign.call("start")).rejects.toMatchObject({ code: "address-not-local" });
    const held = open(1, { port: 4790 });
    await expect(held.call("start")).rejects.toMatchObject({ code: "already-exists" });
  });

  test("says so when its TUN device is deleted", async () => {
    const plane = open(1);
    await plane.start();
    await ipBatch(["link del wdp1"], NAMESPACES[0]);
    const said = await waitFor("the failure", () => plane.call<string | null>("failure"));
    expect(said).toContain("wdp1");
  });

  test("uses no processor time at rest", async () => {
    const plane = open(1);
    await plane.start();
    await plane.apply(contractView(1));
    const before = await plane.call<number>("cpuMs");
    const until = performance.now() + 2000;
    await waitFor("two seconds", () => performance.now() > until, { everyMs: 500 });
    const used = (await plane.call<number>("cpuMs")) - before;
    expect(used).toBeLessThan(100);
  });
});
