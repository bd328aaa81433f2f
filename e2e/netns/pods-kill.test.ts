import { setTimeout as delay } from "node:timers/promises";
import type { PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeAsRoot } from "./as-root.ts";
import { PodsHost } from "./pods-host.ts";

describeAsRoot("kill -9 while pods come and go", () => {
  const host = new PodsHost(["10.244.1.0/28"]);
  beforeAll(async () => {
    await host.make();
    await host.start();
  });
  afterAll(() => host.close());

  it("loses no pod that was confirmed, gives no address twice, leaves nothing half made", async () => {
    const confirmed = new Map<string, PodInfo>();
    const unsure = new Set<string>();
    const work = async (worker: number, round: number) => {
      for (let i = 0; i < 6; i++) {
        const name = `p${worker}-${i % 3}`;
        const had = confirmed.get(name);
        try {
          if (had) {
            unsure.add(name);
            await host.delete(name);
            confirmed.delete(name);
          } else {
            confirmed.set(name, await host.add({ name, command: ["sleep", "600"] }));
          }
          unsure.delete(name);
        } catch {
          // Killed under it: whether it was done, nobody was told.
          unsure.add(name);
          return round;
        }
      }
      return round;
    };
    for (let round = 0; round < 6; round++) {
      const working = Promise.all([1, 2, 3].map((worker) => work(worker, round)));
      await delay(Math.random() * 250);
      await host.end("SIGKILL");
      await working;
      await host.start();

      const listed = new Map((await host.list()).map((pod) => [pod.name, pod]));
      for (const [name, pod] of confirmed)
        if (!unsure.has(name)) {
          expect(listed.get(name)?.addresses).toEqual(pod.addresses);
          expect(listed.get(name)?.process?.running).toBe(true);
        }
      const addresses = [...listed.values()].flatMap((pod) => pod.addresses);
      expect(new Set(addresses).size).toBe(addresses.length);
      expect(host.podNamespaces()).toHaveLength(listed.size);
      for (const pod of listed.values()) expect(await host.reaches(pod.addresses[0]!)).toBe(true);
      confirmed.clear();
      unsure.clear();
      for (const [name, pod] of listed) confirmed.set(name, pod);
    }
    const links = (await host.run("ip", "-json", "link")).stdout.match(/"ifname":"wrn/g) ?? [];
    expect(links).toHaveLength(confirmed.size);
  });
}, ["ping"]);
