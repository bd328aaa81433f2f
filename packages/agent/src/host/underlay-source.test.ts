import { networkInterfaces } from "node:os";
import { expect, it } from "vitest";
import { hasAddress, sourceTo } from "./underlay-source.ts";

const own = Object.values(networkInterfaces()).flatMap((infos) => infos ?? []);

it("knows the addresses of this host, in any spelling, and no others", () => {
  expect(hasAddress("127.0.0.1")).toBe(true);
  expect(hasAddress("192.0.2.254")).toBe(false);
  expect(hasAddress("::1")).toBe(own.some(({ address }) => address === "::1"));
  expect(hasAddress("0:0::1")).toBe(hasAddress("::1"));
});

it("finds an address that others can reach although the control plane is on this host, or says what to do", async () => {
  const found = await sourceTo("127.0.0.1:7443").catch((error: Error) => error);
  if (found instanceof Error) expect(found.message).toMatch(/auto found 127\.0\.0\.1.*name the address of this host/);
  else expect(own.map(({ address }) => address)).toContain(found);
});

it("says which name it does not know", async () => {
  const refused = expect(sourceTo("control.invalid:7443")).rejects;
  await refused.toMatchObject({ code: "unavailable" });
  await refused.toThrow(/the address of control\.invalid is not known/);
});
