import { type AddressInfo, connect, createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { parseToken } from "@warren/common/identity/join-token.ts";
import { createNodeKey } from "@warren/common/identity/node-key.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { clockOffOf, enroll } from "@warren/common/rpc/enroll.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ControlHarness } from "../app/testing/control-harness.ts";
import { CertificateAuthority, SERVER_LIFETIME_MS, type ServerIdentity } from "../identity/certificate-authority.ts";

const coded = (code: string) => expect.objectContaining({ code });

let control: ControlHarness;
let token: string;
const servers: Server[] = [];

beforeEach(async () => {
  control = await ControlHarness.make();
  await control.start();
  ({ token } = await control.token());
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await control.dispose();
});

const join = (address: string, signal?: AbortSignal, text = token) =>
  enroll(address, text, {
    nodeName: "a",
    underlayAddress: "192.0.2.1",
    keyPem: createNodeKey(),
    ...(signal && { signal }),
  });

/** A TLS server that is not the control plane, and everything it was told after the handshake. */
async function impostor({ keyPem, chainPem }: ServerIdentity): Promise<{ address: string; heard: () => string }> {
  let heard = "";
  const server = createTlsServer({ key: keyPem, cert: chainPem, ALPNProtocols: ["h2"] }, (socket) => {
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  return { address: await listen(server), heard: () => heard };
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a node that joins", () => {
  it("gets the CA the token named and a certificate for its own key", async () => {
    const { caPem, clusterId } = await join(control.app.address);
    const { core } = control.app;
    expect(caPem).toBe(core.context.ca.certificate.toString());
    expect(clusterId).toBe(core.context.view.cluster.id);
  });

  it("does not say the secret to a control plane of another CA, and says so", async () => {
    const other = await CertificateAuthority.createInMemory(systemClock);
    const fake = await impostor(await other.issueServer());
    await expect(join(fake.address)).rejects.toThrow(coded("ca-mismatch"));
    await expect(join(fake.address)).rejects.toThrow(/sha256:[0-9a-f]{64}, the token names .* secret was not sent/);
    // Not one byte after the handshake, so no part of the secret in any encoding.
    expect(fake.heard()).toBe("");
  });

  it("is not taken in by who shows the right CA's public certificate without its key", async () => {
    const other = await CertificateAuthority.createInMemory(systemClock);
    const { keyPem, chainPem } = await other.issueServer();
    const leaf = chainPem.slice(0, chainPem.indexOf("-----END CERTIFICATE-----") + 26);
    const fake = await impostor({ keyPem, chainPem: `${leaf}${control.app.core.context.ca.certificate.toString()}` });
    await expect(join(fake.address)).rejects.toThrow(coded("ca-mismatch"));
    expect(fake.heard()).toBe("");
  });

  it("does not say the secret to who takes the place of the right one after the check", async () => {
    const other = await CertificateAuthority.createInMemory(systemClock);
    const fake = await impostor(await other.issueServer());
    // The first connection goes to the control plane, every later one to the impostor.
    let connections = 0;
    const proxy = createTcpServer((socket) => {
      connections += 1;
      const upstream = connect(parseEndpoint(connections === 1 ? control.app.address : fake.address));
      socket.pipe(upstream).pipe(socket);
      for (const end of [socket, upstream]) end.on("error", () => {});
    });
    await expect(join(await listen(proxy))).rejects.toThrow(coded("unavailable"));
    expect(connections).toBeGreaterThan(1);
    expect(fake.heard()).not.toContain(parseToken(token).secret);
    expect(fake.heard()).not.toContain("Enroll");
  });

  it("refuses a control plane whose certificate is over", async () => {
    const { ca } = control.app.core.context;
    const past = { ...systemClock, nowMs: () => Date.now() - 2 * SERVER_LIFETIME_MS };
    const old = await CertificateAuthority.createInMemory(past);
    const fake = await impostor(await old.issueServer());
    const stale = token.replace(ca.keyHash, old.keyHash);
    await expect(join(fake.address, undefined, stale)).rejects.toThrow(/right CA, but .* expired/);
    // It was asked for the time, since it might be our clock that is wrong.
    expect(fake.heard()).not.toContain(parseToken(stale).secret);
    expect(fake.heard()).not.toContain("Enroll");
  });

  it.each([
    ["a day behind", -24, /^the clock of this host is 1 d behind the control plane's; set it/],
    ["forty days ahead", 40 * 24, /^the clock of this host is 40 d ahead of the control plane's; set it/],
  ])("says so where it is its own clock that is wrong: %s", async (_what, hours, said) => {
    // Dates of answers, and those of TLS, are of the real clock.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + hours * 3_600_000 });
    try {
      const joining = expect(join(control.app.address)).rejects;
      await joining.toThrow(coded("clock-off"));
      await expect(join(control.app.address)).rejects.toThrow(said);
    } finally {
      vi.useRealTimers();
    }
    // The token was not used up.
    await join(control.app.address);
  });

  it("does not believe the time of who is not the control plane", async () => {
    const other = await CertificateAuthority.createInMemory(systemClock);
    const fake = await impostor(await other.issueServer());
    const { ca } = control.app.core.context;
    await expect(clockOffOf(fake.address, ca.certificate)).rejects.toThrow(/not of this cluster's CA/);
    expect(fake.heard()).toBe("");
    expect(Math.abs(await clockOffOf(control.app.address, ca.certificate))).toBeLessThan(5_000);
  });

  it("says unavailable when nobody answers, or not in TLS", async () => {
    await expect(join("127.0.0.1:1")).rejects.toThrow(coded("unavailable"));
    const plain = await listen(createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-none\r\n")));
    await expect(join(plain)).rejects.toThrow(coded("unavailable"));
  });

  it("stops to wait when told so", async () => {
    const silent = await listen(createTcpServer((socket) => void socket.on("error", () => {})));
    const stop = new AbortController();
    const joining = join(silent, stop.signal);
    setImmediate(() => stop.abort());
    await expect(joining).rejects.toThrow(/abort/i);
  });

  it("brings the reason of a refusal to the caller, with its code", async () => {
    await join(control.app.address);
    await expect(join(control.app.address)).rejects.toThrow(coded("token-used"));
    await expect(join(control.app.address, undefined, "wrn1.nonsense")).rejects.toThrow(coded("token-malformed"));
    const { token: second } = await control.token();
    await expect(join(control.app.address, undefined, second)).rejects.toThrow(coded("node-name-taken"));
  });
});
