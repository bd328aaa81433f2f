import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import { startTcp, startUdp } from "./load-client.ts";
import { LoadServer } from "./load-server.ts";
import type { AgentView } from "./local-agent.ts";
import { loadMeasurer } from "./measure-load.ts";
import { PeerControl } from "./peer-control.ts";

const agent: AgentView = {
  describe: () => Promise.resolve({ node: "b", version: "1", cipher: "none", overlayMtu: 1450 }),
  addresses: () => Promise.resolve([]),
  stages: (seconds) => delay(seconds * 1000).then(() => null),
};
const never = new AbortController().signal;
const host = "127.0.0.1";
let closing: (() => unknown)[] = [];

async function setup(once = false) {
  const log: string[] = [];
  let server: LoadServer | undefined;
  let port = 0;
  await vi.waitFor(async () => {
    // Below those that the kernel gives out; one that is taken is followed by another try.
    port = 20_000 + Math.floor(Math.random() * 20_000);
    server = new LoadServer({ addresses: [host], port, agent, once, firstRun: 41, log: (line) => log.push(line) });
    await server.start();
  });
  const peer = await PeerControl.connect({ host, port }, never);
  closing = [() => peer.close(), () => server!.stop()];
  return { server: server!, peer, port, log };
}

afterEach(async () => {
  for (const close of closing) await close();
});

it("counts a stream of TCP, and one whose segments are capped", async () => {
  const { peer } = await setup();
  expect(await peer.ask({ do: "describe" })).toMatchObject({ node: "b", overlayMtu: 1450 });
  const measure = loadMeasurer(agent, peer);
  for (const mtu of [null, 600]) {
    const { received, loss, sender } = await measure({ load: "tcp", mtu, streams: 2 }, 1, 1450, never);
    expect(received.bytes).toBeGreaterThan(1e6);
    expect(received.seconds).toBeGreaterThan(0.9);
    expect([loss, sender, received.datagrams]).toEqual([null, null, 0]);
  }
});

it("counts datagrams of its runs only, and says what was lost", async () => {
  const { peer, port } = await setup();
  const { run } = await peer.ask({ do: "begin" });
  expect(run).toBe(41);
  const stranger = await startUdp({ host, port }, run + 1, 64);
  const load = await startUdp({ host, port }, run, 64);
  expect((await peer.ask({ do: "count", run, seconds: 1 })).datagrams).toBeGreaterThan(0);
  stranger.stop();
  const sent = load.stop();
  const { datagrams, bytes } = await peer.ask({ do: "finish", run });
  expect(datagrams).toBeGreaterThan(0);
  // What was with the kernel when it stopped is not counted as sent.
  expect(datagrams).toBeLessThanOrEqual(sent + 64);
  expect(bytes).toBe(datagrams * 64);
});

it("cuts off whoever speaks something else, or streams into a run that is not there", async () => {
  const { port, log } = await setup();
  for (const text of ["GET / HTTP/1.1\r\n", '{"lab":99}\n', '{"lab":1,"run":7}\n']) {
    const socket = connect({ host, port });
    socket.on("error", () => {});
    socket.write(text);
    await new Promise((resolve) => socket.on("close", resolve));
  }
  expect(log.filter((line) => line.includes("cut off"))).toHaveLength(3);
});

it("keeps no requests of whoever does not wait for the answers", async () => {
  const { port } = await setup();
  const socket = connect({ host, port });
  socket.on("error", () => {});
  socket.write('{"lab":1}\n');
  socket.write('{"do":"count","run":1,"seconds":60}\n'.repeat(1000));
  await new Promise((resolve) => socket.on("close", resolve));
});

it("says why a request cannot be done, and serves on", async () => {
  const { peer } = await setup();
  await expect(peer.ask({ do: "count", run: 1, seconds: 0 })).rejects.toMatchObject({ code: "usage" });
  expect((await peer.ask({ do: "describe" })).node).toBe("b");
});

it("ends after the first measurement when asked to, and a load hears that its end is gone", async () => {
  const { peer, server, port } = await setup(true);
  const { run } = await peer.ask({ do: "begin" });
  const load = await startTcp({ host, port }, run, 1, never);
  peer.close();
  await server.ended;
  await server.stop();
  await expect(load.broken).rejects.toThrow();
  load.stop();
  await expect(PeerControl.connect({ host, port }, never)).rejects.toThrow("start `warren bench mesh serve`");
});
