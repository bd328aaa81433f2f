import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { EchoNetwork, EchoReply, EchoSocket } from "../echo-network.ts";

export interface EchoFixture {
  readonly network: EchoNetwork;
  /** Addresses of both families that answer. */
  readonly answering: readonly string[];
  /** One of which nothing comes back. */
  readonly silent: string;
  /** Lets a little time pass. */
  pause(): Promise<void>;
}

/** What the round trips rely on in every echo network. */
export function describeEchoContract(name: string, open: () => EchoFixture): void {
  describe(`echo contract: ${name}`, () => {
    let fixture: EchoFixture;
    let socket: EchoSocket;
    const another = (): EchoSocket => {
      const opened = fixture.network.open();
      onTestFinished(() => opened.close());
      return opened;
    };
    /** What is taken until there is so much, or a while has passed. */
    const taken = async (from: EchoSocket, count: number): Promise<EchoReply[]> => {
      const replies = from.take();
      for (let i = 0; i < 100 && replies.length < count; i++) {
        await fixture.pause();
        replies.push(...from.take());
      }
      return replies;
    };
    beforeEach(() => {
      fixture = open();
      socket = another();
    });

    it("brings each answer once, with who gave it, to which request, and how long it took", async () => {
      for (const [index, address] of fixture.answering.entries()) socket.send(address, 65_535 - index);
      const replies = await taken(socket, fixture.answering.length);
      expect(replies.sort((a, b) => b.sequence - a.sequence)).toEqual(
        fixture.answering.map((address, index) => ({
          ...{ address, sequence: 65_535 - index },
          roundTripUs: expect.any(Number),
        })),
      );
      for (const { roundTripUs } of replies) {
        expect(Number.isInteger(roundTripUs)).toBe(true);
        expect(roundTripUs).toBeGreaterThanOrEqual(1);
        expect(roundTripUs).toBeLessThan(5_000_000);
      }
      await fixture.pause();
      expect(socket.take()).toEqual([]);
    });

    it("does not count the time in which nobody took the answer", async () => {
      socket.send(fixture.answering[0]!, 1);
      const [prompt] = await taken(socket, 1);
      socket.send(fixture.answering[0]!, 2);
      for (let i = 0; i < 30; i++) await fixture.pause();
      const [late] = socket.take();
      expect(late!.roundTripUs).toBeLessThan(prompt!.roundTripUs + 20_000);
    });

    it("brings nothing of who does not answer, and takes it for no error", async () => {
      socket.send(fixture.silent, 1);
      socket.send(fixture.answering[0]!, 2);
      expect(await taken(socket, 1)).toMatchObject([{ sequence: 2 }]);
      expect(socket.take()).toEqual([]);
    });

    it("brings each socket its own", async () => {
      const other = another();
      socket.send(fixture.answering[0]!, 7);
      expect(await taken(socket, 1)).toHaveLength(1);
      await fixture.pause();
      expect(other.take()).toEqual([]);
    });

    it("neither sends nor brings anything once it is closed", async () => {
      socket.send(fixture.answering[0]!, 1);
      socket.close();
      await fixture.pause();
      expect(socket.take()).toEqual([]);
      socket.send(fixture.answering[0]!, 2);
      socket.close();
      expect(socket.take()).toEqual([]);
    });
  });
}
