import { matchRoute } from "@warren/common/api/route.ts";
import { beforeEach, expect, it } from "vitest";
import { type AgentActions, agentRoutes } from "./local-api.ts";

let asked: unknown[];
beforeEach(() => {
  asked = [];
});

const agent = {
  keys: () => ({ epoch: 1 }),
  rotateKeys: async (options: unknown) => {
    asked.push(options);
    return { epoch: 2 };
  },
  setPeerCipher: async (...words: string[]) => void asked.push(words),
  leave: async (release: boolean) => void asked.push(release),
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
  await expect(call("POST", "/v1/keys/rotate", { now: "yes" })).rejects.toThrow("now must be true or false");
  expect(asked).toEqual([{ now: false }, { now: true }]);
});

it("sets the cipher of a peer, and takes default for the cluster's", async () => {
  expect(await call("PUT", "/v1/peers/b", { cipher: "aes-256-gcm" })).toEqual({ peer: "b", cipher: "aes-256-gcm" });
  expect(await call("PUT", "/v1/peers/b", { cipher: "default" })).toEqual({ peer: "b", cipher: "default" });
  for (const body of [undefined, {}, { cipher: "" }, { cipher: 1 }])
    await expect(call("PUT", "/v1/peers/b", body)).rejects.toThrow(expect.objectContaining({ code: "usage" }));
  expect(asked).toEqual([
    ["b", "aes-256-gcm"],
    ["b", ""],
  ]);
});

it("leaves without giving the pod CIDRs away unless told so", async () => {
  await call("POST", "/v1/leave");
  await call("POST", "/v1/leave", { release: true });
  expect(asked).toEqual([false, true]);
});
