import { expect, test } from "vitest";
import { checksum, updateChecksum16 } from "./checksum.ts";
import { flowHash4, flowHash6, flowPort } from "./flow-hash.ts";
import { checkIpv4, ipv4Dst, ipv4HeaderLength, ipv4IsLaterFragment } from "./ipv4.ts";
import { checkIpv6, findIpv6Transport, transportOffset } from "./ipv6.ts";
import { checkTcp, tcpFlags } from "./tcp.ts";
import { golden } from "./testing/golden-packets.ts";
import { heapGrowth, SMALLEST_OBJECT } from "./testing/heap-growth.ts";
import { checkVxlan, encodeVxlan } from "./vxlan.ts";

test("reading a packet allocates nothing", () => {
  const [four, six, vxlan] = [golden("ipv4-tcp-syn"), golden("ipv6-extensions"), golden("vxlan")];
  const packets = 20_000;
  let seen = 0;
  const growth = heapGrowth(() => {
    for (let i = 0; i < packets; i++) {
      four[19] = i;
      six[39] = i;
      encodeVxlan(vxlan, 0, i);
      seen ^= checkVxlan(vxlan, 0, vxlan.length, i);
      seen ^= checkIpv4(four, 0, four.length) ^ ipv4Dst(four, 0) ^ (ipv4IsLaterFragment(four, 0) ? 1 : 0);
      const tcp = ipv4HeaderLength(four, 0);
      seen ^= checkTcp(four, tcp, four.length - tcp) ^ tcpFlags(four, tcp);
      seen ^= updateChecksum16(checksum(four, 0, 20), i, i + 1) ^ flowPort(flowHash4(four, 0));
      seen ^= checkIpv6(six, 0, six.length) ^ transportOffset(findIpv6Transport(six, 0)) ^ flowHash6(six, 0);
    }
  });
  expect(growth).toBeLessThan(packets * SMALLEST_OBJECT);
  expect(seen).toBeTypeOf("number");
});
