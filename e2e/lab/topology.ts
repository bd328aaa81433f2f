/**
 * The underlay of a lab, from real namespaces and veth pairs. Nothing of it is ever in the root namespace: both ends of
 * a pair are born in the namespaces they belong to.
 *
 *   topology "switch"                                     topology "direct"
 *
 *   ┌ NAME-ctl ┐  ┌ NAME-h1 ┐      ┌ NAME-hN ┐            ┌ NAME-h1 ┐        ┌ NAME-h2 ┐
 *   │   eth0   │  │  eth0   │  …   │  eth0   │            │  eth0 ──┼─ veth ─┼── eth0  │
 *   └────┬─────┘  └────┬────┘      └────┬────┘            └─────────┘        └─────────┘
 *     .2 │         .11 │        .10+N   │                   .11                 .12
 *   ┌────┴─────────────┴────────────────┴────┐
 *   │   ctl            h1               hN   │   198.18.0.0/24 and/or fd18::/64, one MTU everywhere,
 *   │            bridge br0                  │   no default route, no way out
 *   └──────────────── NAME-sw ───────────────┘
 */
import { record } from "./journal.ts";
import { addNetns, ipBatch } from "./netns.ts";
import { type LabPlan, type PlannedNode, UNDERLAY_PREFIX } from "./plan.ts";

/** Builds what the plan says. On an error the caller sweeps the lab's journal. */
export async function buildTopology(plan: LabPlan, signal?: AbortSignal): Promise<void> {
  const nodes = new Set([plan.control, ...plan.hosts]);
  for (const netns of [...(plan.switchNetns ? [plan.switchNetns] : []), ...[...nodes].map((node) => node.netns)]) {
    signal?.throwIfAborted();
    record(plan.name, { made: "netns", name: netns });
    await addNetns(netns);
  }
  const { switchNetns } = plan;
  if (switchNetns) await buildSwitch(plan, switchNetns, [...nodes]);
  else await buildDirect(plan);
  for (const node of nodes) {
    signal?.throwIfAborted();
    await ipBatch(
      ["link set lo up", `link set eth0 mtu ${plan.mtu}`, "link set eth0 up", ...node.addresses.map(addAddress)],
      node.netns,
    );
  }
}

async function buildSwitch(plan: LabPlan, switchNetns: string, nodes: readonly PlannedNode[]): Promise<void> {
  // The bridge forwards from the first packet: no learning delay, no multicast snooping that eats neighbour discovery.
  await ipBatch(["link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0"], switchNetns);
  await ipBatch(
    nodes.map((node) => `link add eth0 netns ${node.netns} type veth peer name ${node.port} netns ${switchNetns}`),
  );
  await ipBatch(
    [
      ...nodes.flatMap((node) => [
        `link set ${node.port} mtu ${plan.mtu}`,
        `link set ${node.port} master br0`,
        `link set ${node.port} up`,
      ]),
      `link set br0 mtu ${plan.mtu}`,
      "link set br0 up",
    ],
    switchNetns,
  );
}

async function buildDirect(plan: LabPlan): Promise<void> {
  const [first, second] = plan.hosts as [PlannedNode, PlannedNode];
  await ipBatch([`link add eth0 netns ${first.netns} type veth peer name eth0 netns ${second.netns}`]);
}

/** Duplicate address detection would keep an IPv6 address from being used for a second or two. */
function addAddress(address: string): string {
  return address.includes(":")
    ? `address add ${address}/${UNDERLAY_PREFIX[6]} dev eth0 nodad`
    : `address add ${address}/${UNDERLAY_PREFIX[4]} dev eth0`;
}
