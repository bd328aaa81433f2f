import { connect } from "node:tls";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { type Clock, systemClock } from "@warren/common/runtime/clock.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ControlHarness, registerRequest } from "../app/testing/control-harness.ts";

const DAY_MS = 24 * 3_600_000;

/** Real time, but what is due in a day or later waits for the test. */
class LongTimers implements Clock {
  readonly #held = new Set<{ readonly delayMs: number; readonly fn: () => void }>();

  nowMs = () => systemClock.nowMs();
  monotonicMs = () => systemClock.monotonicMs();

  after(delayMs: number, fn: () => void): () => void {
    if (delayMs < DAY_MS) return systemClock.after(delayMs, fn);
    const timer = { delayMs, fn };
    this.#held.add(timer);
    return () => this.#held.delete(timer);
  }

  /** Runs what is due in so many days, give or take one; returns how many that were. */
  fire(days: number): number {
    const due = [...this.#held].filter(({ delayMs }) => Math.abs(delayMs - days * DAY_MS) < DAY_MS);
    for (const timer of due) this.#held.delete(timer);
    for (const { fn } of due) fn();
    return due.length;
  }

  get pending(): number {
    return this.#held.size;
  }
}

const clock = new LongTimers();
let control: ControlHarness;

beforeEach(async () => {
  control = await ControlHarness.make({ clock });
  await control.start();
});

afterEach(async () => {
  await control.dispose();
  expect(clock.pending).toBe(0);
});

it("ends a watch when the certificate it came with ends", async () => {
  const node = await control.join("a", "192.0.2.1");
  await node.mesh.register(registerRequest(node));
  const updates = node.mesh
    .watchNetmap({ after_revision: 0, generation: "" }, new AbortController().signal)
    [Symbol.asyncIterator]();
  await updates.next();
  const ended = expect(updates.next()).rejects.toThrow(expect.objectContaining({ code: "unauthenticated" }));
  expect(clock.fire(7)).toBe(1);
  await ended;
});

it("serves with a new certificate of its own every ten days, on connections old and new", async () => {
  const node = await control.join("a", "192.0.2.1");
  await node.mesh.register(registerRequest(node));
  const before = await serverSerial();
  expect(clock.fire(10)).toBe(1);
  await expect.poll(serverSerial).not.toBe(before);
  await node.mesh.heartbeat({ epoch: 1, applied_revision: 0, pods: 0 });
  const other = await control.join("b", "192.0.2.2");
  await other.mesh.register(registerRequest(other));
  expect(clock.fire(10)).toBe(1);
});

function serverSerial(): Promise<string> {
  const { host, port } = parseEndpoint(control.app.address);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] }, () => {
      resolve(socket.getPeerX509Certificate()!.serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
