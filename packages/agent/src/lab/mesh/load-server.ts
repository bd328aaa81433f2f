import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { loadLibc } from "../../platform/linux/libc.ts";
import { openCappedSocket } from "../../platform/linux/tcp-listener.ts";
import { LineChannel } from "./line-channel.ts";
import type { AgentView } from "./local-agent.ts";
import { type Answers, greeting, type Request, request, VERSION } from "./protocol.ts";
import { RunCounter } from "./run-counter.ts";

export interface LoadServerOptions {
  /** Where to listen: the node's own addresses in the overlay. */
  readonly addresses: readonly string[];
  /** Of TCP and UDP. */
  readonly port: number;
  readonly agent: AgentView;
  /** End after the first measurement. */
  readonly once: boolean;
  /** Number of the first run. */
  readonly firstRun: number;
  /** Told who measures, a line each. */
  readonly log: (line: string) => void;
}

/** What the kernel keeps for a program that is late; it grants less where net.core.rmem_max is less. */
const UDP_BUFFER = 8 << 20;
/** When nothing has come for so long, nothing more comes; and that is not waited for longer than the limit. */
const SETTLED_MS = 150;
const SETTLE_LIMIT_MS = 3000;

/**
 * The far end of `warren bench mesh`: takes TCP and UDP load on the node's overlay addresses, counts it, throws it away,
 * and says what came and what it cost the agent here. Whoever reaches the addresses can use it while it runs; it sends
 * nothing but answers on the connection that asked.
 */
export class LoadServer implements Startable {
  /** Resolves after the first measurement, with `once`; else never. */
  readonly ended: Promise<void>;
  readonly #options: LoadServerOptions;
  readonly #counter: RunCounter;
  readonly #servers = new Set<Server>();
  readonly #udp: UdpSocket[] = [];
  readonly #sockets = new Set<Socket>();
  #end: () => void = () => {};

  constructor(options: LoadServerOptions) {
    this.#options = options;
    this.#counter = new RunCounter(options.firstRun);
    this.ended = new Promise((resolve) => {
      if (options.once) this.#end = resolve;
    });
  }

  async start(): Promise<void> {
    const { addresses, port } = this.#options;
    try {
      for (const host of addresses) {
        await this.#listen((server) => server.listen({ host, port }));
        await this.#bind(host, port);
      }
    } catch (error) {
      await this.stop();
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      throw new WarrenError("port-in-use", `port ${port} is in use; choose another with --port`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#udp.splice(0)) socket.close();
    const servers = [...this.#servers];
    this.#servers.clear();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(listen: (server: Server) => Server): Promise<Server> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    listen(server);
    await once(server, "listening");
    this.#servers.add(server);
    return server;
  }

  async #bind(address: string, port: number): Promise<void> {
    const socket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", recvBufferSize: UDP_BUFFER });
    socket.on("message", (payload) => this.#counter.datagram(payload));
    socket.bind(port, address);
    await once(socket, "listening");
    this.#udp.push(socket);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    void this.#serve(socket).catch((error: Error) => {
      this.#options.log(`${socket.remoteAddress ?? "a caller"} was cut off: ${error.message}`);
      socket.destroy();
    });
  }

  async #serve(socket: Socket): Promise<void> {
    const channel = new LineChannel(socket);
    const first = greeting.safeParse(await channel.read());
    if (!first.success)
      throw new WarrenError("version-mismatch", "it speaks another protocol than this `warren bench`");
    const { run } = first.data;
    if (run === undefined) return this.#control(socket, channel);
    if (!this.#counter.knows(run)) throw new WarrenError("not-found", `there is no run ${run}`);
    this.#counter.bytes(run, channel.release());
    socket.on("data", (chunk) => this.#counter.bytes(run, chunk.length));
  }

  async #control(socket: Socket, channel: LineChannel): Promise<void> {
    const { log } = this.#options;
    const caller = socket.remoteAddress ?? "a caller";
    const mine = { runs: new Set<number>(), servers: new Set<Server>() };
    log(`${caller} measures`);
    try {
      channel.write({ lab: VERSION });
      for (let value = await channel.read(); value !== undefined; value = await channel.read()) {
        const answer = await this.#answer(value, socket.localAddress!, mine).catch((error: unknown) => ({
          error: WarrenError.from(error).toObject(),
        }));
        channel.write(answer);
      }
    } finally {
      for (const run of mine.runs) this.#counter.end(run);
      for (const server of mine.servers) {
        this.#servers.delete(server);
        server.close();
      }
      log(`${caller} is done`);
      this.#end();
    }
  }

  async #answer(
    value: unknown,
    localAddress: string,
    mine: { readonly runs: Set<number>; readonly servers: Set<Server> },
  ): Promise<Answers[Request["do"]]> {
    const { data: asked, error } = request.safeParse(value);
    if (asked === undefined) throw new WarrenError("usage", `not a request: ${error.issues[0]!.message}`);
    switch (asked.do) {
      case "describe":
        return this.#options.agent.describe();
      case "listen": {
        const fd = openCappedSocket(loadLibc(), parseAddress(localAddress), asked.mss);
        const server = await this.#listen((each) => each.listen({ fd }));
        mine.servers.add(server);
        return { port: (server.address() as { port: number }).port };
      }
      case "begin": {
        const run = this.#counter.begin();
        if (run === undefined) throw new WarrenError("busy", "too many measurements run here; try again later");
        mine.runs.add(run);
        return { run };
      }
      case "count":
        return this.#count(asked.run, asked.seconds);
      case "finish": {
        const total = await this.#settled(asked.run);
        this.#counter.end(asked.run);
        mine.runs.delete(asked.run);
        return { ...total, seconds: 0 };
      }
    }
  }

  async #count(run: number, seconds: number): Promise<Answers["count"]> {
    const before = this.#counter.read(run);
    const startMs = performance.now();
    // Stages and counts end together: both take `seconds`, and begin now.
    const [stages, counted] = await Promise.all([
      this.#options.agent.stages(seconds),
      delay(seconds * 1000).then(() => ({ ...this.#counter.read(run), endMs: performance.now() })),
    ]);
    return {
      bytes: counted.bytes - before.bytes,
      datagrams: counted.datagrams - before.datagrams,
      seconds: (counted.endMs - startMs) / 1000,
      stages,
    };
  }

  async #settled(run: number): Promise<Omit<Answers["finish"], "seconds">> {
    let last = this.#counter.read(run);
    for (let waited = 0; waited < SETTLE_LIMIT_MS; waited += SETTLED_MS) {
      await delay(SETTLED_MS);
      const now = this.#counter.read(run);
      if (now.bytes === last.bytes) return now;
      last = now;
    }
    return last;
  }
}
