import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createArena, RECEIVE_NAME } from "@warren/agent/dataplane/arena.ts";
import { loadKernels } from "@warren/agent/dataplane-host/load-kernels.ts";
import { loadLibc, nativeAddress } from "@warren/agent/platform/linux/libc.ts";
import { createTunPort, openTun } from "@warren/agent/platform/linux/tun.ts";
import { openUdp } from "@warren/agent/platform/linux/udp.ts";
import { createUdpPort } from "@warren/agent/platform/linux/udp-port.ts";
import { describeTunContract } from "@warren/agent/platform/testing/tun-contract.ts";
import { describeUdpContract, type UdpEnd } from "@warren/agent/platform/testing/udp-contract.ts";
import { encodeSockaddr } from "@warren/agent/route/sockaddr.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { run } from "@warren/common/runtime/run.ts";
import koffi from "koffi";
import { afterAll, beforeAll } from "vitest";
import { buildKernels } from "../../scripts/build-kernels.ts";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "./as-root.ts";

const CLONE_NEWNET = 0x40000000;
const closers: (() => void)[] = [];
let home = -1;

/** Moves this thread, and so the sockets and processes it makes, to a network namespace of its own. */
async function enterNewNamespace(): Promise<void> {
  const libc = koffi.load(null);
  home = openSync("/proc/thread-self/ns/net", "r");
  if (libc.func("int unshare(int flags)")(CLONE_NEWNET) !== 0) throw new Error("unshare failed");
  // No router solicitations among the packets of the tests.
  writeFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  await run("ip", ["link", "set", "lo", "up"]);
}

function goHome(): void {
  for (const close of closers.splice(0)) close();
  koffi.load(null).func("int setns(int fd, int type)")(home, CLONE_NEWNET);
  closeSync(home);
}

function nativeArena() {
  const arena = createArena(loadKernels());
  const base = nativeAddress(arena.bytes);
  arena.kernels.setNativeBase(base % 0x1_0000_0000, Math.floor(base / 0x1_0000_0000));
  return arena;
}

describeAsRoot("the kernel's devices", () => {
  beforeAll(async () => {
    await buildKernels();
    await enterNewNamespace();
  });
  afterAll(goHome);

  let count = 0;
  describeTunContract("/dev/net/tun", async () => {
    const libc = loadLibc();
    const arena = nativeArena();
    const name = `wdpt${++count}`;
    const [local, remote] = [`10.${count}.0.1`, `10.${count}.0.9`];
    const { fd } = openTun(libc, name);
    await run("ip", ["addr", "add", `${local}/24`, "dev", name]);
    await run("ip", ["link", "set", name, "up"]);
    const socket = createSocket("udp4");
    const received: Uint8Array[] = [];
    socket.on("message", (bytes) => received.push(new Uint8Array(bytes)));
    socket.bind(5000, local);
    await once(socket, "listening");
    closers.push(() => {
      socket.close();
      libc.close(fd);
    });
    return {
      arena,
      port: createTunPort(libc, arena, fd),
      local,
      remote,
      sendFromHost: (payload) =>
        new Promise<void>((resolve, reject) => {
          socket.send(payload, 5000, remote, (error) => (error ? reject(error) : resolve()));
        }),
      receiveAtHost: () =>
        waitFor("a datagram", () => received.shift(), { timeoutMs: 2000, everyMs: 5 }).catch(() => null),
      readable: () => nextTurn(),
    };
  });

  describeUdpContract("UDP sockets", () => {
    const libc = loadLibc();
    const open = (text: string): UdpEnd => {
      const address = parseAddress(text);
      const arena = nativeArena();
      const { fd, port } = openUdp(libc, address, 0);
      closers.push(() => libc.close(fd));
      const name = new Uint8Array(28);
      encodeSockaddr(name, 0, address, port);
      return { arena, port: createUdpPort(libc, arena, fd, RECEIVE_NAME), name };
    };
    return Promise.resolve({ a: open("127.0.0.1"), b: open("127.0.0.2"), readable: () => nextTurn() });
  });
});
