import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, isIPv6, type Socket } from "node:net";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { DATAGRAM_HEAD, MAGIC, VERSION } from "./protocol.ts";

/** Load that runs until it is stopped. */
export interface Load {
  /** Rejects when it breaks off by itself; never resolves. */
  readonly broken: Promise<never>;
  /** Ends it. @returns datagrams that were sent; 0 for TCP, where the stream counts itself */
  stop(): number;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

const CHUNK = 256 * 1024;
/** Datagrams that are with the kernel at a time: it never waits for this program, and a stop is soon over. */
const IN_FLIGHT = 64;

/** Opens `streams` connections and writes into each as fast as it takes. */
export async function startTcp(target: Target, run: number, streams: number, signal: AbortSignal): Promise<Load> {
  const chunk = Buffer.alloc(CHUNK);
  const sockets: Socket[] = [];
  let isStopped = false;
  let fail: (error: Error) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits elsewhere when it breaks hears of it at the next wait.
  broken.catch(() => {});
  const stop = () => {
    isStopped = true;
    for (const socket of sockets) socket.destroy();
    return 0;
  };
  try {
    for (let index = 0; index < streams; index++) sockets.push(await open(target, signal));
  } catch (error) {
    stop();
    throw error;
  }
  for (const socket of sockets) {
    socket.on("error", fail);
    socket.on("close", () => {
      if (!isStopped) fail(new WarrenError("unavailable", "the other node closed a stream"));
    });
    socket.write(`${JSON.stringify({ lab: VERSION, run })}\n`);
    const pump = () => {
      while (!isStopped && socket.write(chunk));
    };
    socket.on("drain", pump);
    pump();
  }
  return { broken, stop };
}

/** Sends datagrams with `size` bytes of payload as fast as the kernel takes them. */
export async function startUdp(target: Target, run: number, size: number): Promise<Load> {
  const payload = Buffer.alloc(Math.max(size, DATAGRAM_HEAD));
  payload.writeUInt32BE(MAGIC, 0);
  payload.writeUInt32BE(run, 4);
  const socket = createSocket(isIPv6(target.host) ? "udp6" : "udp4");
  socket.connect(target.port, target.host);
  await once(socket, "connect");
  let isStopped = false;
  let sent = 0;
  let fail: (error: Error) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    fail = reject;
  });
  broken.catch(() => {});
  socket.on("error", fail);
  let inFlight = 0;
  let isWaiting = false;
  const done = (error: Error | null) => {
    inFlight--;
    if (isStopped) return;
    if (error) return fail(error);
    sent++;
    if (!isWaiting) return;
    isWaiting = false;
    setImmediate(burst);
  };
  // What the kernel takes at once is done before anything else of this program has its turn: one sending the next from
  // `done` would never let it come. So bursts are sent from the event loop, and rest while the kernel is behind.
  const burst = () => {
    if (isStopped) return;
    isWaiting = inFlight === IN_FLIGHT;
    if (isWaiting) return;
    while (inFlight < IN_FLIGHT) {
      inFlight++;
      socket.send(payload, done);
    }
    setImmediate(burst);
  };
  burst();
  return {
    broken,
    stop() {
      isStopped = true;
      socket.close();
      return sent;
    },
  };
}

/** A connection. @throws WarrenError `unavailable` with what to do */
export async function open({ host, port }: Target, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  // Whoever uses it learns of its end by `close`, and may listen for more.
  socket.on("error", () => {});
  const limit = AbortSignal.any([signal, AbortSignal.timeout(5000)]);
  try {
    await once(socket, "connect", { signal: limit });
    return socket;
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new WarrenError(
      "unavailable",
      `nobody answers on ${host} port ${port}; start \`warren bench mesh serve\` on that node`,
      { cause },
    );
  }
}
