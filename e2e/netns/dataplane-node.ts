/**
 * One node of the data plane tests: a real data plane, of the kind named, in the namespace this program was started in, driven by lines of
 * JSON on its standard input, `{"id", "call", "args"}`; each is answered by one line `{"id", "value"}` or `{"id", "error"}`.
 * It ends with its input.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { DataPlaneOptions, ForwardingView } from "@warren/agent/dataplane-host/data-plane.ts";
import { createKernelDataPlane } from "@warren/agent/dataplane-host/kernel-data-plane.ts";
import { createTunDataPlane } from "@warren/agent/dataplane-host/tun-data-plane.ts";
import { createLinuxHostNetwork } from "@warren/agent/host/linux-host-network.ts";
import type { DataplaneKind } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run } from "@warren/common/runtime/run.ts";

const options = JSON.parse(process.argv[2]!) as DataPlaneOptions;
const node = Number(process.argv[3]);
const kind = process.argv[4] as DataplaneKind;
const other = 3 - node;
const plane =
  kind === "kernel"
    ? createKernelDataPlane(options, createLinuxHostNetwork().overlayGuard)
    : createTunDataPlane(options);
let failure: string | null = null;
plane.onFailure((error) => {
  failure = error.message;
});

/** A kernel without a way to the peer, or whose filter lets the packet not out, says so at once: it did not arrive. */
const REFUSED = ["ENETUNREACH", "EHOSTUNREACH", "EPERM"];

const received: string[] = [];
const sockets: Socket[] = [];

/** The node's own addresses on the device, a route to the other's unless the device lays it, and a socket on each address. */
async function setUp(): Promise<void> {
  const routes = [
    `route replace 10.${other}.0.0/24 dev ${options.tunName}`,
    `route replace fd00:${other}::/64 dev ${options.tunName}`,
  ];
  const lines = [
    `addr replace 10.${node}.0.1/24 dev ${options.tunName}`,
    `addr replace fd00:${node}::1/64 dev ${options.tunName} nodad`,
    ...(kind === "kernel" ? [] : routes),
  ];
  await run("ip", ["-batch", "-"], { input: `${lines.join("\n")}\n` });
  for (const [type, address] of [
    ["udp4", `10.${node}.0.1`],
    ["udp6", `fd00:${node}::1`],
  ] as const) {
    const socket = createSocket(type);
    socket.on("message", (bytes) => received.push(bytes.toString()));
    socket.bind(5000, address);
    await once(socket, "listening");
    sockets.push(socket);
  }
}

function tearDown(): void {
  for (const socket of sockets.splice(0)) socket.close();
}

const calls: Record<string, (...args: never[]) => unknown> = {
  start: async () => {
    await plane.start();
    await setUp();
  },
  apply: (view: ForwardingView) => plane.apply(view),
  rebind: (underlayAddress: string) => plane.rebind(underlayAddress),
  timeStages: (on: boolean) => plane.timeStages(on),
  stats: () => {
    const stats = plane.stats();
    return { ...stats, peers: stats.peers && [...stats.peers] };
  },
  stop: async () => {
    tearDown();
    await plane.stop();
  },
  send: (family: 4 | 6, text: string) =>
    new Promise<void>((resolve, reject) => {
      const to = family === 4 ? `10.${other}.0.1` : `fd00:${other}::1`;
      sockets[family === 4 ? 0 : 1]!.send(text, 5000, to, (error) =>
        error && !REFUSED.includes((error as NodeJS.ErrnoException).code!) ? reject(error) : resolve(),
      );
    }),
  hasReceived: (text: string) => received.includes(text),
  failure: () => failure,
  rssMb: () => process.memoryUsage.rss() / 2 ** 20,
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, args } = JSON.parse(line) as { id: number; call: string; args: never[] };
  try {
    console.log(JSON.stringify({ id, value: (await calls[call]!(...args)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: WarrenError.from(error).toObject() }));
  }
}
// Not stopped on purpose when the input just ends: an exit with blocked workers must not hang.
process.exit(0);
