import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgeUdpPacket } from "./forge.ts";
import { readDatagrams } from "./pcap.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "warren-pcap-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A capture file of these packets, each in an Ethernet frame. */
function captureOf(...packets: Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16 + 14);
    record.writeUInt32LE(14 + packet.length, 8);
    record.writeUInt32LE(14 + packet.length, 12);
    return [record, packet];
  });
  return Buffer.concat([header, ...records]);
}

function read(file: Buffer) {
  const path = join(directory, "file.pcap");
  writeFileSync(path, file);
  return readDatagrams(path).map(({ destinationPort, payload }) => `${destinationPort} ${String(payload)}`);
}

const udp = (payload: string, family: 4 | 6 = 4) =>
  forgeUdpPacket({
    ...(family === 4
      ? { source: "192.0.2.1", destination: "192.0.2.2" }
      : { source: "2001:db8::1", destination: "2001:db8::2" }),
    port: 7,
    payload,
  });

test("datagrams of both families are read in their order", () => {
  expect(read(captureOf(udp("one"), udp("two", 6), udp("")))).toEqual(["7 one", "7 two", "7 "]);
});

test("what is no whole UDP is left out, also the end of a file that is still being written", () => {
  const icmp = udp("icmp");
  icmp[9] = 1;
  const cut = udp("cut").subarray(0, -1);
  expect(read(captureOf(icmp, cut, Buffer.alloc(3), udp("whole")))).toEqual(["7 whole"]);
  expect(read(captureOf(udp("one"), udp("two")).subarray(0, -5))).toEqual(["7 one"]);
});

test("another kind of file is refused", () => {
  expect(() => read(Buffer.from("no capture"))).toThrowError(expect.objectContaining({ code: "usage" }));
});
