import { expect, it } from "vitest";
import { encodeArpProbe, rivalIn } from "./ip-arp.ts";

const OWN = "02:00:00:00:00:01";

it("asks for the address without claiming it", () => {
  const ethernet = "ffffffffffff0200000000010806";
  const request = "0001080006040001";
  const sender = "02000000000100000000";
  const target = "000000000000c0000207";
  const frame = Buffer.from(encodeArpProbe(OWN, "192.0.2.7")).subarray(0, 42);
  expect(frame.toString("hex")).toBe(ethernet + request + sender + target);
});

it("takes for a rival who sends from the address with another Ethernet address", () => {
  const answer = new Uint8Array(64);
  answer.set([2, 0, 0, 0, 0, 9], 22);
  answer.set([192, 0, 2, 7], 28);
  expect(rivalIn(answer, OWN, "192.0.2.7")).toBe("02:00:00:00:00:09");
  expect(rivalIn(answer, OWN, "192.0.2.8")).toBeNull();
  expect(rivalIn(answer, "02:00:00:00:00:09", "192.0.2.7")).toBeNull();
});
