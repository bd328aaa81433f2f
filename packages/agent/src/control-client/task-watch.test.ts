import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { FakeControl } from "../testing/fake-control.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { watchTasks } from "./task-watch.ts";

const stop = new AbortController();
afterEach(() => stop.abort());

describe("the watch for tasks", () => {
  it("is not asked for more often than is good, of a control plane from before there were tasks", async () => {
    const clock = new VirtualClock();
    const control = new FakeControl(() => clock.nowMs());
    let tries = 0;
    const client = (): MeshClient => ({
      ...control.connect(),
      async *watchTasks() {
        tries += 1;
        yield* [];
        throw new WarrenError("version-mismatch", "it does not know this call");
      },
    });
    const logger = pino({ level: "silent" });
    const options = { client, clock, logger, random: () => 0.5, do: () => Promise.resolve({}) };
    const watching = watchTasks(options, stop.signal);
    await clock.advance(150_000);
    expect(tries).toBe(11);
    stop.abort();
    await watching;
  });
});
