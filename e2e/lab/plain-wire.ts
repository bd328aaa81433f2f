/** What a host's underlay carried, counted by nftables in a table of the lab's own, so that nothing is missed. */
import type { LabNode } from "./node.ts";

const TABLE = "lab_wire";

export interface WireCount {
  /** UDP to the VXLAN port. */
  readonly vxlan: number;
  /** Everything with a source in the pools and a destination in the pools, as it stands on the wire. */
  readonly plain: number;
}

/** Begins to count, from zero, what leaves and what arrives at `eth0` of the host. */
export async function countWire(host: LabNode): Promise<void> {
  await host.tryRun("nft", ["delete", "table", "netdev", TABLE]);
  const rules = `
    udp dport 4789 counter name vxlan
    ip saddr 10.244.0.0/16 ip daddr 10.244.0.0/16 counter name plain
    ip6 saddr fd00:77::/48 ip6 daddr fd00:77::/48 counter name plain`;
  const input = `table netdev ${TABLE} {
  counter vxlan { }
  counter plain { }
  chain in { type filter hook ingress device "eth0" priority 10; policy accept;${rules}
  }
  chain out { type filter hook egress device "eth0" priority 10; policy accept;${rules}
  }
}
`;
  await host.run("nft", ["-f", "-"], { input });
}

export async function readWire(host: LabNode): Promise<WireCount> {
  const { stdout } = await host.run("nft", ["-j", "list", "counters", "table", "netdev", TABLE]);
  const listed = (JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] }).nftables;
  const packets = (name: string) => listed.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
  return { vxlan: packets("vxlan"), plain: packets("plain") };
}
