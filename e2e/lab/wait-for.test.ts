import { expect, it } from "vitest";
import { WaitEnded, waitFor } from "./wait-for.ts";

it("returns the first answer that is one", async () => {
  let asked = 0;
  expect(await waitFor("three", () => (++asked === 3 ? asked : undefined), { everyMs: 1 })).toBe(3);
});

it("says what it waited for and the last error", async () => {
  const probe = () => {
    throw new Error("not there");
  };
  await expect(waitFor("the sun", probe, { timeoutMs: 5, everyMs: 1 })).rejects.toThrow(/the sun.*not there/);
});

it("stops at once when waiting is pointless", async () => {
  const probe = () => {
    throw new WaitEnded(new Error("it died"));
  };
  await expect(waitFor("x", probe, { timeoutMs: 60_000 })).rejects.toThrow("it died");
});

it("stops when aborted", async () => {
  await expect(waitFor("x", () => false, { signal: AbortSignal.timeout(10) })).rejects.toThrow();
});
