import { beforeEach, describe, expect, test } from "vitest";
import { type Arena, PACKETS, RECEIVE_NAME, SEND_NAME } from "../../dataplane/arena.ts";
import { type UdpPort, WOULD_BLOCK } from "../../dataplane/ports.ts";
import { sockaddrLength } from "../../route/sockaddr.ts";

export interface UdpEnd {
  readonly arena: Arena;
  readonly port: UdpPort;
  /** Its socket address, as `encodeSockaddr` writes it. */
  readonly name: Uint8Array;
}

export interface UdpFixture {
  readonly a: UdpEnd;
  readonly b: UdpEnd;
  /** Resolves when `end` may have something to receive. */
  readable(end: UdpEnd): Promise<void>;
}

/** What the packet path relies on in every UDP socket. The two ends reach each other, nothing else is sent to them. */
export function describeUdpContract(name: string, open: () => Promise<UdpFixture>): void {
  describe(`UDP contract: ${name}`, () => {
    let fixture: UdpFixture;
    beforeEach(async () => {
      fixture = await open();
    });

    const send = (from: UdpEnd, to: UdpEnd, payload: Uint8Array, segmentSize = 0): number => {
      from.arena.bytes.set(to.name, SEND_NAME);
      from.arena.bytes.set(payload, PACKETS);
      return from.port.send(SEND_NAME, sockaddrLength(to.name, 0), PACKETS, payload.length, segmentSize);
    };

    test("receiving from an idle socket says so at once", () => {
      expect(fixture.a.port.receive(PACKETS, 65_536)).toBe(WOULD_BLOCK);
    });

    test("a datagram arrives with the sender's address", async () => {
      const { a, b } = fixture;
      expect(send(a, b, Uint8Array.of(1, 2, 3))).toBe(3);
      await fixture.readable(b);
      expect(b.port.receive(PACKETS, 65_536)).toBe(3);
      expect(b.port.segmentSize).toBe(0);
      expect(b.arena.bytes.slice(PACKETS, PACKETS + 3)).toEqual(Uint8Array.of(1, 2, 3));
      const length = sockaddrLength(a.name, 0);
      expect(b.arena.bytes.slice(RECEIVE_NAME, RECEIVE_NAME + length)).toEqual(a.name.slice(0, length));
    });

    test("one send of many datagrams arrives complete and in order, each receive with its datagram size", async () => {
      const { a, b } = fixture;
      const payload = Uint8Array.from({ length: 40 * 1000 + 7 }, (_, i) => i * 13);
      expect(send(a, b, payload, 1000)).toBe(payload.length);
      const parts: Uint8Array[] = [];
      let got = 0;
      while (got < payload.length) {
        await fixture.readable(b);
        const length = b.port.receive(PACKETS, 65_536);
        expect(length).toBeGreaterThan(0);
        const size = b.port.segmentSize || length;
        expect(size === 1000 || got + length === payload.length).toBe(true);
        parts.push(b.arena.bytes.slice(PACKETS, PACKETS + length));
        got += length;
      }
      expect(Buffer.concat(parts).equals(payload)).toBe(true);
    });

    test("a run of odd size, whose last datagram is shorter, keeps its borders", async () => {
      const { a, b } = fixture;
      expect(send(a, b, new Uint8Array(33 * 3 + 5), 33)).toBe(104);
      const sizes: number[] = [];
      while (sizes.reduce((x, y) => x + y, 0) < 104) {
        await fixture.readable(b);
        const length = b.port.receive(PACKETS, 65_536);
        const size = b.port.segmentSize || length;
        for (let at = 0; at < length; at += size) sizes.push(Math.min(size, length - at));
      }
      expect(sizes).toEqual([33, 33, 33, 5]);
    });

    test("more than one send may carry is refused, and nothing of it is sent", () => {
      const { a, b } = fixture;
      expect(send(a, b, new Uint8Array(65_508))).toBe(-90);
      expect(send(a, b, new Uint8Array(129 * 10), 10)).toBe(-22);
      expect(b.port.receive(PACKETS, 65_536)).toBe(WOULD_BLOCK);
    });
  });
}
