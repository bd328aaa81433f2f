import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { failOf } from "./check-result.ts";
import { checkControl } from "./control-checks.ts";
import { runDoctor } from "./doctor.ts";
import { checkSealedPort } from "./sealing-checks.ts";

it("goes through every check, whatever the host lacks, and says what to do about each that fails", async () => {
  const checks = await runDoctor({ underlay: "192.0.2.254", podCidrs: ["127.0.0.0/8", "10.254.0.0/16"] });
  const names = checks.map(({ name }) => name);
  for (const name of [
    "kernel",
    "capabilities",
    "tun device",
    "ciphers",
    "udp port",
    "sealed port",
    "vxlan devices",
    "pool 10.254.0.0/16",
  ])
    expect(names).toContain(name);
  for (const { state, detail, fix } of checks) {
    expect(["ok", "warn", "fail"]).toContain(state);
    expect(detail).not.toBe("");
    if (state === "ok") expect(fix).toBe("");
  }
  expect(checks.find(({ name }) => name === "underlay address")).toMatchObject({ state: "fail" });
});

it("fails for a sealed port that somebody else has only where the cluster has a cipher", async () => {
  const program = `process.title = "charon";
    const socket = require("node:dgram").createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));`;
  const other = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = Number(String((await once(other.stdout, "data"))[0]));
    expect(await checkSealedPort("127.0.0.1", port, "aes-256-gcm")).toMatchObject({
      ...{ name: "sealed port", state: "fail", detail: expect.stringContaining(`UDP ${port} is held by "charon"`) },
      fix: expect.stringContaining("--sealed-port"),
    });
    expect(await checkSealedPort("127.0.0.1", port, "none")).toMatchObject({
      ...{ state: "warn", detail: expect.stringContaining("a cluster with a cipher needs it") },
    });
  } finally {
    other.kill();
  }
});

it("tells a control plane that does not answer from one that does", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  // Answers, but not with TLS.
  const clock = { nowMs: Date.now, monotonicMs: Date.now, after: () => () => {} };
  const [broken] = await checkControl(`127.0.0.1:${port}`, clock);
  expect(broken).toMatchObject({ name: "control plane", state: "fail" });
  await new Promise((resolve) => server.close(resolve));
  const [closed] = await checkControl(`127.0.0.1:${port}`, clock);
  expect(closed).toMatchObject({ state: "fail", detail: expect.stringContaining("ECONNREFUSED") });
});

it("takes what to do from an error's own words", () => {
  expect(failOf("x", new Error("the port is taken; stop the other"))).toMatchObject({
    detail: "the port is taken",
    fix: "stop the other",
  });
});
