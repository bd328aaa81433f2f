import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProbeEndpoint, ProbeNetwork, ProbeSocket } from "../probe-network.ts";

export interface ProbePlaceFixture {
  readonly netns: string;
  /** IPv4, then IPv6. */
  readonly addresses: readonly [string, string];
}

/** Two places that reach each other, and nobody else. */
export interface ProbeFixture {
  readonly network: ProbeNetwork;
  readonly a: ProbePlaceFixture;
  readonly b: ProbePlaceFixture;
  /** Longest IP packet between them. */
  readonly mtu: number;
  /** An interface that all packets between the two pass. */
  readonly interfaceName: string;
}

interface Received {
  readonly payload: Uint8Array;
  readonly from: ProbeEndpoint;
}

const UDP_AND_IP = [28, 48] as const;

/** What self-tests rely on in every implementation. */
export function describeProbeNetworkContract(name: string, fixture: () => ProbeFixture | Promise<ProbeFixture>): void {
  describe(`probe network contract: ${name}`, () => {
    let it: ProbeFixture;
    const opened: ProbeSocket[] = [];
    beforeEach(async () => {
      it = await fixture();
    });
    afterEach(() => {
      for (const socket of opened.splice(0)) socket.close();
    });

    const open = async (place: ProbePlaceFixture, family: 0 | 1 = 0, port = 0): Promise<ProbeSocket> => {
      const socket = await it.network.open({ netns: place.netns, address: place.addresses[family], port });
      opened.push(socket);
      return socket;
    };
    const listen = (socket: ProbeSocket): Received[] => {
      const received: Received[] = [];
      socket.onDatagram((payload, from) => received.push({ payload: new Uint8Array(payload), from }));
      return received;
    };
    const arrived = (received: readonly unknown[], count = 1) =>
      expect.poll(() => received.length, { timeout: 5_000, interval: 5 }).toBe(count);

    test.each([0, 1] as const)(
      "a datagram arrives whole, with its sender's address and port (family %i)",
      async (family) => {
        const [from, to] = [await open(it.a, family), await open(it.b, family)];
        const received = listen(to);
        const payload = Uint8Array.from({ length: 300 }, (_, i) => i);
        expect(await from.send(payload, { address: it.b.addresses[family], port: to.port })).toBe("sent");
        await arrived(received);
        expect(received).toEqual([{ payload, from: { address: it.a.addresses[family], port: from.port } }]);
        const answers = listen(from);
        await to.send(Uint8Array.of(1), received[0]!.from);
        await arrived(answers);
        expect(answers[0]!.from).toEqual({ address: it.b.addresses[family], port: to.port });
      },
    );

    test.each([0, 1] as const)(
      "what is as long as the MTU is sent, one byte more is too long (family %i)",
      async (family) => {
        const [from, to] = [await open(it.a, family), await open(it.b, family)];
        const received = listen(to);
        const peer = { address: it.b.addresses[family], port: to.port };
        const longest = it.mtu - UDP_AND_IP[family];
        expect(await from.send(new Uint8Array(longest + 1), peer)).toBe("too-long");
        expect(await from.send(new Uint8Array(longest), peer)).toBe("sent");
        await arrived(received);
        expect(received[0]!.payload).toHaveLength(longest);
      },
    );

    test("a port is free, or the one that was asked for, and not given twice", async () => {
      const [first, second] = [await open(it.a), await open(it.a)];
      expect(first.port).toBeGreaterThan(0);
      expect(second.port).not.toBe(first.port);
      await expect(open(it.a, 0, first.port)).rejects.toMatchObject({ code: "port-in-use" });
      expect((await open(it.a, 1, first.port)).port).toBe(first.port);
      expect((await open(it.b, 0, first.port)).port).toBe(first.port);
      first.close();
      await expect
        .poll(() =>
          open(it.a, 0, first.port).then(
            (socket) => socket.port,
            () => 0,
          ),
        )
        .toBe(first.port);
    });

    test("an address of another place, and a place that is gone, are refused with their codes", async () => {
      await expect(it.network.open({ netns: it.a.netns, address: it.b.addresses[0], port: 0 })).rejects.toMatchObject({
        code: "address-not-local",
      });
      const gone = { netns: `${it.a.netns}-gone`, address: it.a.addresses[0], port: 0 };
      await expect(it.network.open(gone)).rejects.toMatchObject({ code: "not-found" });
    });

    test("a socket that is closed hears nothing, sends nothing, and is closed again without harm", async () => {
      const [from, to, other] = [await open(it.a), await open(it.b), await open(it.b)];
      const [received, marks] = [listen(to), listen(other)];
      to.close();
      to.close();
      await from.send(Uint8Array.of(1), { address: it.b.addresses[0], port: to.port });
      await from.send(Uint8Array.of(2), { address: it.b.addresses[0], port: other.port });
      await arrived(marks);
      expect(received).toEqual([]);
      await expect(to.send(Uint8Array.of(3), { address: it.a.addresses[0], port: from.port })).rejects.toMatchObject({
        code: "not-ready",
      });
    });

    test.each([0, 1] as const)(
      "a tap sees packets from their IP header on, until it is closed (family %i)",
      async (family) => {
        const [from, to] = [await open(it.a, family), await open(it.b, family)];
        const received = listen(to);
        const peer = { address: it.b.addresses[family], port: to.port };
        const seen: Buffer[] = [];
        const marker = Buffer.from("a marker of sixteen bytes or so");
        const tap = it.network.tap(it.interfaceName, (packet) => seen.push(Buffer.from(packet)));
        await from.send(marker, peer);
        const found = () => seen.filter((packet) => packet.includes(marker));
        await expect.poll(() => found().length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(0);
        const [packet] = found();
        expect(packet![0]! >>> 4).toBe(family === 0 ? 4 : 6);
        expect(packet).toHaveLength(UDP_AND_IP[family] + marker.length);
        await arrived(received);
        tap.close();
        const before = seen.length;
        await from.send(marker, peer);
        await arrived(received, 2);
        expect(seen).toHaveLength(before);
      },
    );

    test("an interface that is not there cannot be tapped", () => {
      expect(() => it.network.tap("nothere0", () => {})).toThrow(expect.objectContaining({ code: "not-found" }));
    });
  });
}
