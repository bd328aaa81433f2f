import { expect, test } from "vitest";
import { HandshakeQueue, MAX_WAITING } from "./handshake-queue.ts";

test("lets only so many wait, and one more for each that was worked on", () => {
  const memory = HandshakeQueue.memory();
  const [worker, host] = [new HandshakeQueue(memory), new HandshakeQueue(memory)];
  for (let i = 0; i < MAX_WAITING; i++) expect(worker.enter()).toBe(true);
  expect(worker.enter()).toBe(false);
  host.leave();
  expect([worker.enter(), worker.enter()]).toEqual([true, false]);
});
