import { setTimeout as pause } from "node:timers/promises";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { linuxEchoNetwork } from "./linux-echo-network.ts";
import { MemoryEchoNetwork } from "./memory-echo-network.ts";
import { describeEchoContract } from "./testing/echo-network-contract.ts";

describeEchoContract("memory", () => {
  const clock = new VirtualClock();
  const network = new MemoryEchoNetwork(clock);
  network.roundTripMs.set("10.244.1.1", 0.3).set("fd00:77:1::1", 2);
  const answering = [...network.roundTripMs.keys()];
  return { network, answering, silent: "10.244.9.1", pause: () => clock.advance(1) };
});

// The kernel answers for its own loopback. Raw sockets are for root; `e2e/netns` has those of a whole mesh.
if (process.getuid?.() === 0)
  describeEchoContract("Linux", () => ({
    network: linuxEchoNetwork,
    ...{ answering: ["127.0.0.1", "::1", "127.1.2.3"], silent: "240.0.0.1", pause: () => pause(2) },
  }));
