import { execFile } from "node:child_process";
import { closeSync } from "node:fs";
import { promisify } from "node:util";
import { inNetns, openNetns } from "@warren/agent/platform/linux/netns.ts";
import { createLinuxProbeNetwork } from "@warren/agent/probe/linux-probe-network.ts";
import { describeProbeNetworkContract } from "@warren/agent/probe/testing/probe-network-contract.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addNetns, deleteNetns, ipBatch } from "../lab/netns.ts";
import { describeAsRoot } from "./as-root.ts";

const NAMESPACES = ["wprobe-a", "wprobe-b"] as const;
const MTU = 1400;
const place = (index: 0 | 1) => ({
  netns: `/run/netns/${NAMESPACES[index]}`,
  addresses: [`198.51.100.${index + 1}`, `fd00:99::${index + 1}`] as const,
});

/** A program: from, to, port, length. `ProbeNetwork` itself binds no link-local address. */
const SEND = `
const [from, to, port, length] = process.argv.slice(1);
const socket = require("node:dgram").createSocket("udp6");
socket.bind({ address: from }, () => socket.send(Buffer.alloc(Number(length)), Number(port), to, () => socket.close()));
`;

describeAsRoot("probes on the kernel", () => {
  beforeAll(async () => {
    for (const name of NAMESPACES) {
      await deleteNetns(name);
      await addNetns(name);
    }
    await ipBatch([`link add wpr0 mtu ${MTU} netns wprobe-a type veth peer name wpr0 mtu ${MTU} netns wprobe-b`]);
    for (const index of [0, 1] as const) {
      const [v4, v6] = place(index).addresses;
      await ipBatch(
        ["link set lo up", `addr add ${v4}/24 dev wpr0`, `addr add ${v6}/64 dev wpr0 nodad`, "link set wpr0 up"],
        NAMESPACES[index],
      );
    }
  });
  afterAll(async () => {
    for (const name of NAMESPACES) await deleteNetns(name);
  });

  it("survives datagrams from a link-local address, and listens on", async () => {
    const listener = await createLinuxProbeNetwork().open({
      netns: place(1).netns,
      address: place(1).addresses[1],
      port: 0,
    });
    const received: string[] = [];
    listener.onDatagram((payload, { address }) => received.push(`${payload.length} bytes from ${address}`));
    try {
      await ipBatch(["addr add fe80::99/64 dev wpr0 nodad"], NAMESPACES[0]);
      const to = place(1).addresses[1];
      for (const [from, bytes] of [
        ["fe80::99%wpr0", 7],
        [place(0).addresses[1], 8],
      ] as const) {
        const args = ["netns", "exec", NAMESPACES[0], process.execPath, "-e", SEND, from, to, `${listener.port}`];
        await promisify(execFile)("ip", [...args, `${bytes}`]);
      }
      await expect.poll(() => received).toEqual([`8 bytes from ${place(0).addresses[1]}`]);
    } finally {
      listener.close();
    }
  });

  describeProbeNetworkContract("Linux", () => {
    const network = createLinuxProbeNetwork();
    return {
      // An agent taps an interface of its own namespace; here that of the test is no place for traffic.
      network: {
        open: (site) => network.open(site),
        tap(interfaceName, onPacket) {
          const fd = openNetns(place(0).netns);
          try {
            return inNetns(fd, () => network.tap(interfaceName, onPacket));
          } finally {
            closeSync(fd);
          }
        },
      },
      ...{ a: place(0), b: place(1), mtu: MTU, interfaceName: "wpr0" },
    };
  });
});
