import { constants, connect as http2Connect } from "node:http2";
import { type Socket, connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { openChannel } from "@warren/common/rpc/channel.ts";
import { rpcServices } from "@warren/common/rpc/definitions.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControlHarness, registerRequest } from "../app/testing/control-harness.ts";
import { createRpcServer, type RpcServer } from "./rpc-server.ts";

let control: ControlHarness;
let tight: RpcServer;
const sockets: { destroy(): void }[] = [];

beforeEach(async () => {
  control = await ControlHarness.make();
  const { core } = await control.start();
  // The same service with limits small enough to reach in a test.
  tight = createRpcServer({
    address: "127.0.0.1:0",
    core,
    ca: core.context.ca,
    clock: systemClock,
    logger: pino({ level: "silent" }),
    observe: () => {},
    handshakeTimeoutMs: 200,
    maxConnections: 20,
  });
  await tight.start();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await tight.stop();
  await control.dispose();
});

describe("limits of the gRPC port", () => {
  it("cuts off who does not finish the TLS handshake", async () => {
    const { host, port } = parseEndpoint(tight.address);
    const idle = Array.from({ length: 10 }, () => open(host, port));
    for (const socket of idle) socket.write(Buffer.from([0x16, 0x03, 0x01]));
    await expect.poll(() => idle.every((socket) => socket.destroyed), { timeout: 5_000 }).toBe(true);
    await expect.poll(() => tight.connections, { timeout: 5_000 }).toBe(0);
  });

  it("refuses connections over its number and goes on serving those it has", async () => {
    const node = await control.join("a", "192.0.2.1");
    const channel = openChannel(tight.address, rpcServices().mesh, {
      ca: node.enrollment.caPem,
      cert: node.enrollment.certificatePem,
      key: node.keyPem,
    });
    await channel.unary("Register", registerRequest(node));
    const { host, port } = parseEndpoint(tight.address);
    const flood = Array.from({ length: 60 }, () => open(host, port));
    await expect
      .poll(() => flood.filter((socket) => socket.destroyed).length, { timeout: 5_000 })
      .toBeGreaterThanOrEqual(40);
    await channel.unary("Heartbeat", { epoch: 1, applied_revision: 0, pods: 0 });
    expect(tight.connections).toBeLessThanOrEqual(20);
    channel.close();
  });

  it("refuses a message that is far too large without reading it to its end", async () => {
    const node = await control.join("a", "192.0.2.1");
    const huge = registerRequest(node, { version: "x".repeat(4 << 20) });
    await expect(node.mesh.register(huge)).rejects.toThrow(/larger than max|limit/i);
    await node.mesh.register(registerRequest(node));
  });

  it("speaks TLS 1.3 only, and HTTP/2 only", async () => {
    const { host, port } = parseEndpoint(tight.address);
    const old = tlsConnect({ host, port, rejectUnauthorized: false, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] });
    await expect(new Promise((_, reject) => old.on("error", reject))).rejects.toThrow(/version|alert/i);
    const http1 = tlsConnect({ host, port, rejectUnauthorized: false });
    sockets.push(http1);
    await new Promise<void>((resolve) => http1.on("close", () => resolve()).on("error", () => {}));
  });

  it.each([
    "warren.v1.Mesh/Register",
    "//warren.v1.Mesh/Register",
    "/warren.v1.Mesh/register",
    "/warren.v1.Mesh/Register/",
    "/warren.v1.Mesh/../warren.v1.Mesh/Register",
    "/warren.v1.Mesh%2fRegister",
  ])("knows no method at the path %j, so no rule can be passed by", async (path) => {
    const session = http2Connect(`https://${tight.address}`, {
      rejectUnauthorized: false,
      servername: "warren-control",
    });
    sockets.push(session);
    const status = await new Promise((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let status: unknown;
      stream.on("response", (headers) => {
        status = headers["grpc-status"];
      });
      stream.on("trailers", (headers) => {
        status ??= headers["grpc-status"];
      });
      stream.on("close", () => resolve(status ?? "refused"));
      stream.on("error", () => {});
      stream.end(Buffer.alloc(5));
    });
    // 12 is UNIMPLEMENTED.
    expect(["12", "refused"]).toContain(status);
  });

  it("survives streams that are opened and reset in bulk", async () => {
    const session = http2Connect(`https://${tight.address}`, {
      rejectUnauthorized: false,
      servername: "warren-control",
    });
    sockets.push(session);
    session.on("error", () => {});
    await new Promise<void>((resolve) => session.once("connect", () => resolve()));
    for (let i = 0; i < 2_000 && !session.destroyed; i++) {
      const stream = session.request({
        ":method": "POST",
        ":path": "/warren.v1.Mesh/WatchNetmap",
        "content-type": "application/grpc",
      });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
    const node = await control.join("a", "192.0.2.1");
    await node.mesh.register(registerRequest(node));
  });

  it("answers the health service without a certificate", async () => {
    const { service } = await import("grpc-health-check");
    const check = service["Check"]!;
    const ca = Buffer.from(control.app.core.context.ca.certificate.toString());
    const client = new Client(control.app.address, credentials.createSsl(ca), {
      "grpc.ssl_target_name_override": "warren-control",
    });
    const answer = await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        check.path,
        check.requestSerialize as (value: unknown) => Buffer,
        check.responseDeserialize as (bytes: Buffer) => unknown,
        { service: "warren.v1.Mesh" },
        (error: ServiceError | null, value: unknown) => (error ? reject(error) : resolve(value)),
      );
    });
    client.close();
    expect(answer).toMatchObject({ status: "SERVING" });
  });
});

function open(host: string, port: number): Socket {
  const socket = tcpConnect({ host, port });
  socket.on("error", () => {});
  // Read, or the end of the connection is never seen.
  socket.resume();
  sockets.push(socket);
  return socket;
}
