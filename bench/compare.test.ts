import type { LabNode } from "@warren/e2e/lab/node.ts";
import { describe, expect, it } from "vitest";
import { type CompareOptions, compare } from "./compare.ts";
import type { Contender } from "./systems/system.ts";
import type { Path, Work } from "./works/work.ts";

const path: Path = {
  client: {} as LabNode,
  server: {} as LabNode,
  serverAddress: "192.0.2.2",
  serverProcesses: [],
};

/** Contenders and works that write what happens into one journal. */
function stage() {
  const journal: string[] = [];
  const contender = (name: string, setUp: () => Promise<Path> = async () => path): Contender => ({
    name,
    setUp: () => {
      journal.push(`up ${name}`);
      return setUp();
    },
    tearDown: async () => {
      journal.push(`down ${name}`);
    },
  });
  const work = (name: string, run: Work["run"] = async () => [1]): Work => ({
    name,
    figures: [{ name, about: name, unit: "x", better: "higher" }],
    run: (on, seconds, signal) => {
      journal.push(`${name} ${seconds}`);
      return run(on, seconds, signal);
    },
  });
  const options = (contenders: Contender[], works: Work[], more: Partial<CompareOptions> = {}): CompareOptions => ({
    contenders,
    works,
    rounds: 1,
    seconds: 5,
    warmUpSeconds: 1,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  });
  return { journal, contender, work, options };
}

describe("comparison", () => {
  it("has one system up at a time, warms each work up, and moves the order on by one each round", async () => {
    const { journal, contender, work, options } = stage();
    await compare(options([contender("a"), contender("b")], [work("w")], { rounds: 2 }));
    const once = (name: string) => [`up ${name}`, "w 1", "w 5", `down ${name}`];
    expect(journal).toEqual([...once("a"), ...once("b"), ...once("b"), ...once("a")]);
  });

  it("keeps the measured values and not those of the warm-up", async () => {
    const { contender, work, options } = stage();
    const { samples } = await compare(options([contender("a")], [work("w", async (_, seconds) => [seconds * 10])]));
    expect(samples).toEqual([{ system: "a", figure: "w", round: 0, value: 50 }]);
  });

  it("names a system that cannot be set up, takes down its remains, and goes on without it", async () => {
    const { journal, contender, work, options } = stage();
    const broken = contender("broken", () => Promise.reject(new Error("no such module")));
    const { samples, failures } = await compare(options([broken, contender("a")], [work("w")], { rounds: 2 }));
    expect(failures).toEqual([{ system: "broken", work: null, round: 0, reason: "no such module" }]);
    expect(journal.filter((line) => line.includes("broken"))).toEqual(["up broken", "down broken"]);
    expect(samples).toHaveLength(2);
  });

  it("names a run that failed and goes on with the next work", async () => {
    const { contender, work, options } = stage();
    const works = [work("bad", () => Promise.reject(new Error("connection refused"))), work("good")];
    const { samples, failures } = await compare(options([contender("a")], works));
    expect(failures).toEqual([{ system: "a", work: "bad", round: 0, reason: "connection refused" }]);
    expect(samples.map(({ figure }) => figure)).toEqual(["good"]);
  });

  it("stops at once when told to, and still takes the system down", async () => {
    const { journal, contender, work, options } = stage();
    const controller = new AbortController();
    const interrupted = work("w", async () => {
      controller.abort();
      throw new Error("ended by a signal");
    });
    const whole = compare(options([contender("a"), contender("b")], [interrupted], { signal: controller.signal }));
    await expect(whole).rejects.toMatchObject({ name: "AbortError" });
    expect(journal).toEqual(["up a", "w 1", "down a"]);
  });
});
