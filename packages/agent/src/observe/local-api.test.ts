import { matchRoute } from "@warren/common/api/route.ts";
import { expect, it, vi } from "vitest";
import { type AgentActions, agentRoutes } from "./local-api.ts";

const agent = {
  keys: vi.fn(() => ({ epoch: 1 })),
  rotateKeys: vi.fn(async () => ({ epoch: 2 })),
  setPeerCipher: vi.fn(async () => {}),
  leave: vi.fn(async () => {}),
} as unknown as AgentActions;
const routes = agentRoutes({ agent, view: () => null as never });

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const { route, params } = matchRoute(routes, method, path);
  return route.handle({ params, body, signal: new AbortController().signal });
}

it("shows the keys and rotates them, at once only when told so", async () => {
  expect(await call("GET", "/v1/keys")).toEqual({ epoch: 1 });
  expect(await call("POST", "/v1/keys/rotate")).toEqual({ epoch: 2 });
  await call("POST", "/v1/keys/rotate", { now: true });
  expect(vi.mocked(agent.rotateKeys).mock.calls).toEqual([[{ now: false }], [{ now: true }]]);
  await expect(call("POST", "/v1/keys/rotate", { now: "yes" })).rejects.toThrow("now must be true or false");
});

it("sets the cipher of a peer, and takes default for the cluster's", async () => {
  expect(await call("PUT", "/v1/peers/b", { cipher: "aes-256-gcm" })).toEqual({ peer: "b", cipher: "aes-256-gcm" });
  expect(await call("PUT", "/v1/peers/b", { cipher: "default" })).toEqual({ peer: "b", cipher: "default" });
  expect(vi.mocked(agent.setPeerCipher).mock.calls).toEqual([
    ["b", "aes-256-gcm"],
    ["b", ""],
  ]);
  for (const body of [undefined, {}, { cipher: "" }, { cipher: 1 }])
    await expect(call("PUT", "/v1/peers/b", body)).rejects.toThrow(expect.objectContaining({ code: "usage" }));
});

it("leaves without giving the pod CIDRs away unless told so", async () => {
  await call("POST", "/v1/leave");
  await call("POST", "/v1/leave", { release: true });
  expect(vi.mocked(agent.leave).mock.calls.map(([release]) => release)).toEqual([false, true]);
});
