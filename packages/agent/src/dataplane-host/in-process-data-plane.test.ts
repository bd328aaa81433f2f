import { parseAddress } from "@warren/common/net/address.ts";
import { beforeAll } from "vitest";
import { buildKernels } from "../../../../scripts/build-kernels.ts";
import { buildPacket } from "../dataplane/testing/packets.ts";
import { MemoryTun } from "../platform/memory/memory-tun.ts";
import { MemoryUdpNetwork } from "../platform/memory/memory-udp.ts";
import { StepClock } from "../platform/testing/step-clock.ts";
import { createInProcessDataPlane } from "./in-process-data-plane.ts";
import {
  type DataPlaneFixture,
  describeDataPlaneContract,
  describePacketCounting,
} from "./testing/data-plane-contract.ts";
import { contractOptions, contractView } from "./testing/two-nodes.ts";

beforeAll(() => buildKernels());

function open(): Promise<DataPlaneFixture> {
  const clock = new StepClock();
  const network = new MemoryUdpNetwork(clock, 1);
  const tuns = [new MemoryTun(), new MemoryTun()] as const;
  const planes = tuns.map((tun, i) => {
    const options = contractOptions((i + 1) as 1 | 2);
    const bind = (port: number) => network.bind(parseAddress(options.underlayAddress), port);
    return createInProcessDataPlane(options, { tun, bind });
  });
  return Promise.resolve({
    planes: [planes[0]!, planes[1]!],
    views: [contractView(1), contractView(2)],
    exchange: (from, family) => {
      let arrived = false;
      tuns[1 - from]!.onPacket(() => {
        arrived = true;
      });
      const host = (node: number) => (family === 4 ? `10.${node}.0.1` : `fd00:${node}::1`);
      const payload = Uint8Array.of(1, 2, 3);
      tuns[from].send(buildPacket({ src: host(from + 1), dst: host(2 - from), protocol: "udp", payload }));
      clock.advance(1);
      return Promise.resolve(arrived);
    },
    close: () => Promise.resolve(),
  });
}

describeDataPlaneContract("in process", open);
describePacketCounting("in process", open);
