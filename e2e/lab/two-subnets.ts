import { record } from "./journal.ts";
import { createLab, type Lab } from "./lab.ts";
import { addNetns, ipBatch, runIn } from "./netns.ts";

export interface TwoSubnets {
  readonly lab: Lab;
  /** Namespace of the router. */
  readonly router: string;
  /** Underlay address of the last host. */
  readonly farUnderlay: string;
}

const NEAR_ROUTER = "198.18.0.254";
const FAR_ROUTER = "198.18.1.254";
const FAR_HOST = "198.18.1.11";

/**
 * A lab whose last host is in a subnet of its own, behind a router; nothing runs in it yet:
 *
 *     h1 … hN-1, ctl ── br0 ── eth0 ┌ NAME-rt ┐ eth1 ── hN
 *        198.18.0.0/24         .254 └─────────┘ .254    198.18.1.11/24
 */
export async function createTwoSubnets(name: string, nodes: number): Promise<TwoSubnets> {
  const lab = await createLab({ name, nodes });
  try {
    const router = `${name}-rt`;
    record(name, { made: "netns", name: router });
    await addNetns(router);
    const far = lab.hosts.at(-1)!;
    await ipBatch(["link del eth0"], far.netns);
    await ipBatch([
      `link add eth0 netns ${router} type veth peer name rt netns ${lab.plan.switchNetns}`,
      `link add eth1 netns ${router} type veth peer name eth0 netns ${far.netns}`,
    ]);
    await ipBatch(["link set rt master br0", "link set rt up"], lab.plan.switchNetns!);
    await ipBatch(
      [
        ...[`address add ${NEAR_ROUTER}/24 dev eth0`, `address add ${FAR_ROUTER}/24 dev eth1`],
        ...["link set lo up", "link set eth0 up", "link set eth1 up"],
      ],
      router,
    );
    await runIn(router, "sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
    await ipBatch(
      [`address add ${FAR_HOST}/24 dev eth0`, "link set eth0 up", `route add default via ${FAR_ROUTER}`],
      far.netns,
    );
    for (const near of [lab.control, ...lab.hosts.slice(0, -1)])
      await ipBatch([`route add 198.18.1.0/24 via ${NEAR_ROUTER}`], near.netns);
    return { lab, router, farUnderlay: FAR_HOST };
  } catch (thrown) {
    await lab.remove();
    throw thrown;
  }
}
