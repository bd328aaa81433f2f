import { networkInterfaces } from "node:os";
import { expect, it } from "vitest";
import { createSourceTo, hasAddress } from "./underlay-source.ts";

const own = Object.values(networkInterfaces()).flatMap((infos) => infos ?? []);

it("knows the addresses of this host, in any spelling, and no others", () => {
  expect(hasAddress("127.0.0.1")).toBe(true);
  expect(hasAddress("192.0.2.254")).toBe(false);
  expect(hasAddress("::1")).toBe(own.some(({ address }) => address === "::1"));
  expect(hasAddress("0:0::1")).toBe(hasAddress("::1"));
});

it("finds an address that others can reach although the control plane is on this host, or says what to do", async () => {
  const found = await createSourceTo()("127.0.0.1:7443").catch((error: Error) => error);
  if (found instanceof Error) expect(found.message).toMatch(/auto found 127\.0\.0\.1.*name the address of this host/);
  else expect(own.map(({ address }) => address)).toContain(found);
});

it("says which name it does not know", async () => {
  const refused = expect(createSourceTo()("control.invalid:7443")).rejects;
  await refused.toMatchObject({ code: "unavailable" });
  await refused.toThrow(/the address of control\.invalid is not known/);
});

it("stays where it is when a name gives its addresses in another order, and asks for them once a minute", async () => {
  let [asked, nowMs] = [0, 0];
  const sources = new Map([
    ["192.0.2.1", "192.0.2.11"],
    ["198.51.100.1", "198.51.100.11"],
  ]);
  const source = async ({ address }: { address: string }) => {
    const found = sources.get(address);
    if (found === undefined) throw new Error(`no route to ${address}`);
    return found;
  };
  const lookUp = async () => {
    const addresses = ["2001:db8::1", "192.0.2.1", "198.51.100.1"];
    return (asked++ % 2 === 0 ? addresses : addresses.reverse()).map((address) => ({ address, family: 4 }) as const);
  };
  const sourceTo = createSourceTo({ lookUp, source, nowMs: () => nowMs });
  const at = await sourceTo("control.test:7443");
  expect(at).toBe("192.0.2.11");
  expect(await sourceTo("control.test:7443", at)).toBe(at);
  expect(asked).toBe(1);
  nowMs = 60_000;
  expect(await sourceTo("control.test:7443", at)).toBe(at);
  expect(asked).toBe(2);
  sources.delete("192.0.2.1");
  expect(await sourceTo("control.test:7443", at)).toBe("198.51.100.11");
  sources.clear();
  await expect(sourceTo("control.test:7443", at)).rejects.toThrow("no route");
  expect(asked).toBe(2);
  await expect(sourceTo("control.test:7443", at)).rejects.toThrow("no route");
  expect(asked).toBe(3);
});
