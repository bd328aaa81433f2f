import type { ProbeTarget, SendTask } from "@warren/common/api/ask.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type MemoryDatagram, MemoryProbeNetwork } from "./memory-probe-network.ts";
import { ProbeListeners } from "./probe-listeners.ts";
import { encodeAnswer, encodeProbe, PROBE_BYTES, readAnswer, readProbe, sessionMark } from "./probe-message.ts";
import { ProbePacer } from "./probe-pacer.ts";
import { placeFinder } from "./probe-place.ts";
import { sendProbes } from "./probe-sender.ts";

const session = "00112233445566778899aabbccddeeff";
const SESSION = sessionMark(session);
const HERE = ["10.244.1.1", "fd00:77:0:1::1"];
const MTU = 1450;
const isInMesh = (address: string): boolean => HERE.includes(address);

let clock: VirtualClock;
let network: MemoryProbeNetwork;
let listeners: ProbeListeners;
/** Datagrams that were sent, and what becomes of them: true takes one off the way. */
let sent: MemoryDatagram[];
let swallow: (datagram: MemoryDatagram, index: number) => boolean;
let change: (datagram: MemoryDatagram) => MemoryDatagram;
let refuse: string | null;

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  swallow = () => false;
  change = (datagram) => datagram;
  refuse = null;
  network = new MemoryProbeNetwork({
    addressesOf: (netns) => (netns === null ? HERE : null),
    carry: (datagram) => {
      if (refuse !== null) throw new Error(refuse);
      const header = datagram.to.address.includes(":") ? 48 : 28;
      if (datagram.payload.length + header > MTU) return "too-long";
      sent.push(datagram);
      if (!swallow(datagram, sent.length - 1)) clock.after(3, () => network.arrive(change(datagram)));
      return "sent";
    },
  });
  listeners = new ProbeListeners(network, clock);
});
afterEach(() => listeners.close());

const listen = (seconds = 60) =>
  listeners.listen({ do: "listen", session, places: [{ kind: "node" }], seconds }, placeFinder(HERE, []), isInMesh);
const targetsOf = async (sizes: Partial<ProbeTarget> = {}): Promise<ProbeTarget[]> => {
  const [listener] = (await listen()).listeners;
  return listener!.addresses.map((address) => ({ ...sizes, address, port: listener!.port }));
};
/** Sends, and lets as much time pass as that takes. */
const send = async (targets: readonly ProbeTarget[], options: Partial<SendTask> = {}, from = HERE) => {
  const task = { do: "send", session, from: { kind: "node" }, targets, timeoutMs: 900, ...options } as const;
  const never = new AbortController().signal;
  const startMs = clock.monotonicMs();
  let endMs: number | null = null;
  const result = sendProbes(
    { network, clock, pacer: new ProbePacer(clock) },
    task,
    { netns: null, addresses: from },
    never,
  );
  const done = result.finally(() => {
    endMs ??= clock.monotonicMs();
  });
  done.catch(() => {});
  for (let i = 0; endMs === null && i < 20_000; i++) await clock.advance(1);
  return { answers: (await done).answers, tookMs: endMs! - startMs };
};

describe("probes of a task", () => {
  it("carry no bytes that whoever asks for them may choose", async () => {
    await send(await targetsOf());
    for (const { payload } of sent) expect(Buffer.from(payload).includes(Buffer.from(session, "hex"))).toBe(false);
  });

  it("are answered with the address that was seen, and the time it took", async () => {
    const { answers, tookMs } = await send(await targetsOf());
    expect(answers).toEqual(
      HERE.map((address) => ({ outcome: "answered", rttMs: 6, tries: 1, seenAs: address, sentFrom: address })),
    );
    expect(tookMs).toBeLessThan(20);
    expect(network.size).toBe(HERE.length);
  });

  it("are as long as asked, and so are their answers", async () => {
    await send(await targetsOf({ sendBytes: 1000, answerBytes: 1200 }));
    const lengths = (version: 4 | 6) =>
      sent.filter(({ to }) => to.address.includes(":") === (version === 6)).map(({ payload }) => payload.length);
    expect(lengths(4)).toEqual([972, 1172]);
    expect(lengths(6)).toEqual([952, 1152]);
  });

  it("are sent again where no answer came, and told by the try that was answered", async () => {
    swallow = (_, index) => index < 2;
    const { answers, tookMs } = await send([(await targetsOf())[0]!]);
    expect(answers).toMatchObject([{ outcome: "answered", tries: 3, rttMs: 6 }]);
    expect(tookMs).toBe(606);
  });

  it("are lost after the timeout and all tries, the others at once", async () => {
    swallow = ({ to }) => to.address === HERE[1];
    const { answers, tookMs } = await send(await targetsOf());
    expect(answers).toMatchObject([
      { outcome: "answered", tries: 1 },
      { outcome: "lost", tries: 3, rttMs: null, seenAs: null },
    ]);
    expect(tookMs).toBeGreaterThanOrEqual(900);
    expect(tookMs).toBeLessThan(910);
  });

  it("are too long when this host refuses them, and not sent again", async () => {
    const { answers } = await send(await targetsOf({ sendBytes: MTU + 1 }));
    expect(answers).toMatchObject([
      { outcome: "too-long", tries: 1 },
      { outcome: "too-long", tries: 1 },
    ]);
    expect(sent).toEqual([]);
  });

  it("fail when the other side cannot send the answer, which says so", async () => {
    const { answers } = await send(await targetsOf({ answerBytes: MTU + 1 }));
    for (const answer of answers)
      expect(answer).toMatchObject({
        outcome: "failed",
        error: expect.stringContaining("too long for the other side"),
      });
  });

  it("fail with the kernel's reason when none could be sent", async () => {
    const targets = await targetsOf();
    refuse = "no way";
    expect((await send(targets)).answers[0]).toMatchObject({ outcome: "failed", tries: 3, error: "no way" });
  });

  it("fail where the sender has no address of the family", async () => {
    const { answers } = await send(await targetsOf(), {}, [HERE[0]!]);
    expect(answers).toMatchObject([{ outcome: "answered" }, { outcome: "failed", sentFrom: null, tries: 1 }]);
  });

  it("show addresses that are translated, on either way", async () => {
    const targets = [(await targetsOf())[0]!];
    const other = { address: "192.0.2.77", port: 4000 };
    change = (datagram) => (readProbe(datagram.payload, SESSION) ? { ...datagram, from: other } : datagram);
    swallow = (datagram) => {
      if (datagram.to.address !== other.address) return false;
      // The way back, as connection tracking has it.
      clock.after(1, () => network.arrive({ ...datagram, to: sent[0]!.from }));
      return true;
    };
    expect((await send(targets)).answers).toMatchObject([
      { outcome: "answered", seenAs: "192.0.2.77", sentFrom: HERE[0] },
    ]);
    sent = [];
    change = (datagram) => (readProbe(datagram.payload, SESSION) ? datagram : { ...datagram, from: other });
    swallow = () => false;
    expect((await send(targets)).answers).toMatchObject([
      { outcome: "failed", error: expect.stringContaining("192.0.2.77:4000") },
    ]);
  });

  it("are not answered by what was not asked: another session, another probe, a try that was not made", async () => {
    const target = { address: HERE[0]!, port: 9 };
    const seen = { address: parseAddress(HERE[0]!), port: 1 };
    const forged = [
      [Buffer.alloc(16), 0, 0],
      [SESSION, 1, 0],
      [SESSION, 0, 7],
    ] as const;
    swallow = ({ from }, index) => {
      if (index > 0) return true;
      for (const [session, number, attempt] of forged)
        network.arrive({
          ...{ from: target, to: from },
          payload: encodeAnswer(session, { number, attempt, answerLength: 0 }, seen, false),
        });
      return true;
    };
    expect((await send([target], { tries: 1 })).answers).toMatchObject([{ outcome: "lost" }]);
  });

  it("leave at an even pace, all tasks of a node together", async () => {
    const target = (await targetsOf())[0]!;
    const { answers, tookMs } = await send(Array.from({ length: 1_000 }, () => target));
    expect(answers.every(({ outcome }) => outcome === "answered")).toBe(true);
    expect(tookMs).toBeGreaterThan(490);
  });

  it("leave the slower the longer they, or the answers to them, are", async () => {
    const target = (await targetsOf())[0]!;
    const took = async (sizes: Partial<ProbeTarget>) =>
      (await send(Array.from({ length: 100 }, () => ({ ...target, ...sizes })))).tookMs;
    const short = await took({});
    expect(short).toBeLessThan(70);
    expect(await took({ sendBytes: 1_400 })).toBeGreaterThan(130);
    expect(await took({ answerBytes: 1_400 })).toBeGreaterThan(130);
  });
});

describe("listeners", () => {
  it("answer the probes of their session, and nothing else", async () => {
    const [listener] = (await listen()).listeners;
    const to = { address: HERE[0]!, port: listener!.port };
    for (const payload of [
      Buffer.alloc(48),
      Buffer.from("x"),
      Buffer.concat([Buffer.from("WP\u0001\u0001"), Buffer.alloc(44)]),
    ])
      network.arrive({ from: { address: "10.244.2.2", port: 5 }, to, payload });
    await clock.advance(10);
    expect(sent).toEqual([]);
  });

  it("answer a source outside of the mesh, which is NAT or made up, as briefly as can be", async () => {
    const [listener] = (await listen()).listeners;
    const to = { address: HERE[0]!, port: listener!.port };
    const payload = encodeProbe(SESSION, { number: 0, attempt: 0, answerLength: 1_000 }, PROBE_BYTES);
    for (const address of ["192.0.2.1", HERE[0]!]) network.arrive({ from: { address, port: 5 }, to, payload });
    await clock.advance(10);
    expect(sent.map(({ to, payload }) => [to.address, payload.length])).toEqual([
      ["192.0.2.1", PROBE_BYTES],
      [HERE[0], 1_000],
    ]);
    expect(readAnswer(sent[0]!.payload, SESSION)).toMatchObject({ seenAddress: "192.0.2.1", isRefusal: false });
  });

  it("let a flood of probes go by", async () => {
    const [listener] = (await listen()).listeners;
    const to = { address: HERE[0]!, port: listener!.port };
    const payload = encodeProbe(SESSION, { number: 0, attempt: 0, answerLength: 0 }, PROBE_BYTES);
    for (let i = 0; i < 10_000; i++) network.arrive({ from: { address: HERE[0]!, port: 5 }, to, payload });
    await clock.advance(10);
    expect(sent.length).toBeLessThan(1_000);
    network.arrive({ from: { address: HERE[0]!, port: 6 }, to, payload });
    await clock.advance(10);
    expect(sent.at(-1)!.to.port).toBe(6);
  });

  it("end when their time is over", async () => {
    await listen(5);
    expect(listeners.size).toBe(2);
    await clock.advance(5_000);
    expect([listeners.size, network.size]).toEqual([0, 0]);
  });

  it("say for each place why it could not be opened, and open the others on one port for both families", async () => {
    const places = [{ kind: "pod", namespace: "default", name: "gone" } as const, { kind: "node" } as const];
    const result = await listeners.listen(
      { do: "listen", session, places, seconds: 5 },
      placeFinder(HERE, []),
      isInMesh,
    );
    expect(result.listeners).toEqual([
      { addresses: [], port: 0, error: expect.stringContaining("no pod default/gone") },
      { addresses: HERE, port: expect.any(Number) },
    ]);
  });

  it("take another port when the one of the first family is in use in the second", async () => {
    // The next free port is taken at the IPv6 address only.
    const probe = await network.open({ netns: null, address: HERE[0]!, port: 0 });
    await network.open({ netns: null, address: HERE[1]!, port: probe.port + 1 });
    const [listener] = (await listen()).listeners;
    expect(listener).toMatchObject({ addresses: HERE, port: probe.port + 2 });
  });
});
