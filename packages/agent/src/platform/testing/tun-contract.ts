import { beforeEach, describe, expect, test } from "vitest";
import { type Arena, PACKETS, SCRATCH } from "../../dataplane/arena.ts";
import { type TunPort, WOULD_BLOCK } from "../../dataplane/ports.ts";
import { buildPacket } from "../../dataplane/testing/packets.ts";
import { VNET_HEADER } from "../../dataplane/vnet-header.ts";

/** A TUN device with a host behind it that has `local` and routes `remote` into the device; both are IPv4. */
export interface TunFixture {
  readonly arena: Arena;
  readonly port: TunPort;
  readonly local: string;
  readonly remote: string;
  /** The host's stack sends a UDP datagram from `local` to `remote`. */
  sendFromHost(payload: Uint8Array): Promise<void>;
  /** Payload of the next UDP datagram that came to `local`, port 5000; null when none came for a while. */
  receiveAtHost(): Promise<Uint8Array | null>;
  /** Resolves when the device may have something to read. */
  readable(): Promise<void>;
}

/** What the packet path relies on in every TUN device. */
export function describeTunContract(name: string, open: () => Promise<TunFixture>): void {
  describe(`TUN contract: ${name}`, () => {
    let fixture: TunFixture;
    beforeEach(async () => {
      fixture = await open();
      while (fixture.port.read(PACKETS, 65_545) !== WOULD_BLOCK);
    });

    const toHost = (payload: Uint8Array) =>
      buildPacket({ src: fixture.remote, dst: fixture.local, protocol: "udp", dstPort: 5000, payload });

    test("reading an idle device says so at once", () => {
      expect(fixture.port.read(PACKETS, 65_545)).toBe(WOULD_BLOCK);
    });

    test("one read brings one packet, behind its virtio_net_hdr", async () => {
      const payload = Uint8Array.from({ length: 99 }, (_, i) => i);
      await fixture.sendFromHost(payload);
      await fixture.readable();
      const { bytes } = fixture.arena;
      expect(fixture.port.read(PACKETS, 65_545)).toBe(VNET_HEADER + 28 + payload.length);
      expect(bytes[PACKETS + VNET_HEADER]).toBe(0x45);
      expect(bytes.slice(PACKETS + VNET_HEADER + 28, PACKETS + VNET_HEADER + 28 + 99)).toEqual(payload);
      expect(fixture.port.read(PACKETS, 65_545)).toBe(WOULD_BLOCK);
    });

    test("a packet that is gathered from pieces arrives whole", async () => {
      const payload = Uint8Array.from({ length: 500 }, (_, i) => i * 7);
      const packet = toHost(payload);
      const { arena, port } = fixture;
      arena.bytes.fill(0, PACKETS, PACKETS + VNET_HEADER);
      arena.bytes.set(packet.subarray(0, 200), PACKETS + VNET_HEADER);
      arena.bytes.set(packet.subarray(200), PACKETS + 4096);
      arena.kernels.writeIovec(SCRATCH, PACKETS, VNET_HEADER + 200);
      arena.kernels.writeIovec(SCRATCH + 16, PACKETS + 4096, packet.length - 200);
      expect(port.write(SCRATCH, 2)).toBe(VNET_HEADER + packet.length);
      expect(await fixture.receiveAtHost()).toEqual(payload);
    });

    test("what is no IP packet is refused with EINVAL, and the device goes on", async () => {
      const { arena, port } = fixture;
      arena.bytes.fill(0, PACKETS, PACKETS + 100);
      arena.kernels.writeIovec(SCRATCH, PACKETS, 60);
      expect(port.write(SCRATCH, 1)).toBe(-22);
      const packet = toHost(Uint8Array.of(1, 2, 3));
      arena.bytes.set(packet, PACKETS + VNET_HEADER);
      arena.kernels.writeIovec(SCRATCH, PACKETS, VNET_HEADER + packet.length);
      expect(port.write(SCRATCH, 1)).toBe(VNET_HEADER + packet.length);
      expect(await fixture.receiveAtHost()).toEqual(Uint8Array.of(1, 2, 3));
    });
  });
}
