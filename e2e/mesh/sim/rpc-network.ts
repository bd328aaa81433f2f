import { ASK_TIMEOUT_MS } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { MeshClient } from "@warren/common/rpc/channel.ts";
import { rpcServices } from "@warren/common/rpc/definitions.ts";
import type { MeshApi } from "@warren/common/rpc/mesh-api.ts";
import type { NetmapUpdate, TaskMessage, WatchNetmapRequest } from "@warren/common/rpc/messages.ts";
import { Connection } from "./connection.ts";
import type { SimProcess } from "./sim-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The deadline of a unary call, as in `common/rpc/channel.ts`. */
const CALL_TIMEOUT_MS = 10_000;
/** Updates on their way to a client that has not read them: what HTTP/2's flow control lets through. */
export const STREAM_WINDOW = 4;

export interface RpcWeather {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Share of messages that TCP has to send again, and how long that takes at most. */
  readonly stallRate?: number;
  readonly stallMs?: number;
}

/** The control plane that listens at the moment. */
export interface MeshServer {
  as(nodeId: string): MeshApi;
  /** Lets a node in; asked again with the same key it gives the same node. */
  enroll(applicant: {
    readonly nodeName: string;
    readonly underlayAddress: string;
    readonly key: string;
  }): Promise<string>;
}

interface SentUpdate {
  readonly host: string;
  readonly kind: "snapshot" | "delta";
  readonly bytes: number;
  readonly atMs: number;
}

type UnaryName =
  | ("Register" | "Heartbeat" | "RenewCertificate" | "SetPairCipher" | "Leave")
  | ("Report" | "AskNode" | "AnswerTask");

/**
 * What is between the agents and the control plane. Messages cross it as bytes of the real protobuf codec, over
 * connections that are slow, get stuck, break, and lose answers to calls that were carried out.
 */
export class RpcNetwork {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #cut = new Set<string>();
  readonly #connections = new Map<Connection, string>();
  #server: MeshServer | null = null;
  weather: RpcWeather;
  /** Errors of the control plane that no user should ever see. */
  readonly defects: unknown[] = [];
  /** Netmap updates sent so far, oldest first. */
  readonly updates: SentUpdate[] = [];

  constructor(time: VirtualTime, random: () => number, weather: RpcWeather) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
  }

  /** The control plane is up. */
  listen(server: MeshServer): void {
    this.#server = server;
  }

  /** It is gone: its machine resets every connection. */
  unlisten(): void {
    this.#server = null;
    for (const connection of this.#connections.keys())
      connection.carry("down", () => connection.break("connection reset"));
  }

  /** Nothing passes between that host and the control plane, and nobody is told. */
  cut(host: string): void {
    if (this.#cut.has(host)) return;
    this.#cut.add(host);
    for (const connection of this.#of(host)) connection.onCut();
  }

  heal(host: string): void {
    if (!this.#cut.delete(host)) return;
    for (const connection of this.#of(host)) connection.onHeal();
  }

  /** The connections of the host are of an address that it has no more, or of a time that it slept through. */
  strand(host: string, isAsleep = false): void {
    for (const connection of this.#of(host)) connection.strand(isAsleep);
  }

  isCut(host: string): boolean {
    return this.#cut.has(host);
  }

  /** Asks to be let in. @returns the node's id */
  enroll(
    host: string,
    process: SimProcess,
    applicant: Parameters<MeshServer["enroll"]>[0],
    signal?: AbortSignal,
  ): Promise<string> {
    const caller = { connection: this.#connect(host, process), process, timeoutMs: CALL_TIMEOUT_MS, signal };
    return this.#call(caller, (server) => server.enroll(applicant));
  }

  /** The Mesh service, as a process on that host sees it with that node's certificate. */
  client(host: string, nodeId: string, process: SimProcess): MeshClient {
    let connection: Connection | null = null;
    const current = (): Connection => {
      if (!connection?.open) connection = this.#connect(host, process);
      return connection;
    };
    const unary = <Request, Response>(
      name: UnaryName,
      request: Request,
      signal?: AbortSignal,
      timeoutMs = CALL_TIMEOUT_MS,
    ): Promise<Response> => {
      const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
        rpcServices().mesh.definition[name]!;
      const bytes = requestSerialize(request);
      const respond = async (server: MeshServer, gone: AbortSignal): Promise<Response> => {
        const response = await METHODS[name](server.as(nodeId), requestDeserialize(bytes) as never, gone);
        return responseDeserialize(responseSerialize(response ?? {})) as Response;
      };
      return this.#call({ connection: current(), process, timeoutMs, signal }, respond);
    };
    return {
      register: (request, signal) => unary("Register", request, signal),
      heartbeat: (request, signal) => unary("Heartbeat", request, signal),
      renewCertificate: (request, signal) => unary("RenewCertificate", request, signal),
      setPairCipher: async (request, signal) => {
        await unary("SetPairCipher", request, signal);
      },
      leave: async (request, signal) => {
        await unary("Leave", request, signal);
      },
      report: async (request, signal) => {
        await unary("Report", request, signal);
      },
      watchNetmap: (request, signal) =>
        this.#watch<WatchNetmapRequest, NetmapUpdate>({
          ...{ process, connection: current(), signal, name: "WatchNetmap", request },
          run: (server, asked, end) => server.as(nodeId).watchNetmap(asked, end),
          onSent: (update, bytes) => {
            const kind = update.snapshot ? "snapshot" : "delta";
            this.updates.push({ host, kind, bytes, atMs: this.#time.monotonicMs() });
          },
        }),
      askNode: (request, signal) => unary("AskNode", request, signal, ASK_TIMEOUT_MS + CALL_TIMEOUT_MS),
      watchTasks: (signal) =>
        this.#watch<object, TaskMessage>({
          ...{ process, connection: current(), signal, name: "WatchTasks", request: {} },
          run: (server, _, end) => server.as(nodeId).watchTasks(end),
          onSent: () => {},
        }),
      answerTask: async (request, signal) => {
        await unary("AnswerTask", request, signal);
      },
      close: () => connection?.break("the client closed it"),
    };
  }

  #call<T>(
    { connection, process, timeoutMs, signal }: Caller,
    respond: (server: MeshServer, gone: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // The server's side of the call.
      const remote = new AbortController();
      if (signal?.aborted) return reject(signal.reason as Error);
      const settle = (outcome: () => void): void => {
        cancel();
        unbreak();
        signal?.removeEventListener("abort", abort);
        if (process.alive) outcome();
      };
      const fail = (why: string): void => settle(() => reject(silence(why)));
      // As in `common/rpc/channel.ts`: who aborts a call hears why, and not that nobody answers.
      const abort = (): void => {
        connection.carry("up", () => remote.abort());
        settle(() => reject(signal!.reason as Error));
      };
      const cancel = process.after(timeoutMs, () => fail("deadline exceeded"));
      const unbreak = connection.onBreak((why) => {
        remote.abort();
        fail(why);
      });
      signal?.addEventListener("abort", abort, { once: true });
      connection.carry("up", () => {
        const server = this.#server;
        if (!server) return connection.carry("down", () => connection.break("connection refused"));
        respond(server, remote.signal).then(
          (response) => {
            if (server === this.#server) connection.carry("down", () => settle(() => resolve(response)));
          },
          (thrown: unknown) => {
            const error = this.#answerOf(thrown);
            if (server === this.#server) connection.carry("down", () => settle(() => reject(error)));
          },
        );
      });
    });
  }

  async *#watch<Request, Response>(watch: Watch<Request, Response>): AsyncGenerator<Response> {
    const { process, connection, signal, name, request, run, onSent } = watch;
    if (signal.aborted) return;
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
      rpcServices().mesh.definition[name]!;
    const asked = requestDeserialize(requestSerialize(request)) as Request;
    const received: Buffer[] = [];
    let error: WarrenError | null = null;
    let wake = (): void => {};
    const fail = (thrown: WarrenError): void => {
      error ??= thrown;
      wake();
    };
    const onAbort = (): void => wake();
    // The server's side of the stream.
    const remote = new AbortController();
    const window = new Credits(STREAM_WINDOW);
    const unbreak = connection.onBreak((why) => {
      // A process that was killed hears of nothing.
      if (process.alive) fail(silence(why));
    });
    // The server hears of the end whatever the client does meanwhile.
    const forget = connection.onBreak(() => {
      remote.abort();
      window.add();
    });
    signal.addEventListener("abort", onAbort);
    const serve = async (server: MeshServer): Promise<void> => {
      try {
        for await (const update of run(server, asked, remote.signal)) {
          const bytes = responseSerialize(update as object);
          onSent(update, bytes.length);
          connection.carry("down", () => {
            received.push(bytes);
            wake();
          });
          await window.take();
        }
        connection.carry("down", () => fail(silence("the stream ended")));
      } catch (thrown) {
        const answer = this.#answerOf(thrown);
        connection.carry("down", () => fail(answer));
      } finally {
        forget();
      }
    };
    connection.carry("up", () => {
      if (this.#server) void serve(this.#server);
      else connection.carry("down", () => connection.break("connection refused"));
    });
    try {
      while (!signal.aborted) {
        const bytes = received.shift();
        if (bytes) {
          connection.carry("up", () => window.add());
          yield responseDeserialize(bytes) as Response;
        } else if (error) throw error;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      unbreak();
      signal.removeEventListener("abort", onAbort);
      connection.carry("up", () => {
        remote.abort();
        window.add();
      });
    }
  }

  #answerOf(thrown: unknown): WarrenError {
    const error = WarrenError.from(thrown);
    if (error.code === "internal") this.defects.push(thrown);
    return WarrenError.fromObject(error.toObject());
  }

  #connect(host: string, process: SimProcess): Connection {
    const connection = new Connection(
      { time: this.#time, delayMs: () => this.#delayMs(), isCut: () => this.#cut.has(host) },
      process,
    );
    this.#connections.set(connection, host);
    connection.onBreak(() => this.#connections.delete(connection));
    return connection;
  }

  #delayMs(): number {
    const { delayMs, jitterMs, stallRate = 0, stallMs = 0 } = this.weather;
    const stall = this.#random() < stallRate ? this.#random() * stallMs : 0;
    return delayMs + this.#random() * jitterMs + stall;
  }

  *#of(host: string): IterableIterator<Connection> {
    for (const [connection, owner] of [...this.#connections]) if (owner === host) yield connection;
  }
}

const METHODS: Readonly<Record<UnaryName, (api: MeshApi, request: never, gone: AbortSignal) => Promise<unknown>>> = {
  Register: (api, request) => api.register(request),
  Heartbeat: (api, request) => api.heartbeat(request),
  RenewCertificate: (api, request) => api.renewCertificate(request),
  SetPairCipher: (api, request) => api.setPairCipher(request),
  Leave: (api, request) => api.leave(request),
  Report: (api, request) => api.report(request),
  AskNode: (api, request, gone) => api.askNode(request, gone),
  AnswerTask: (api, request) => api.answerTask(request),
};

interface Caller {
  readonly connection: Connection;
  readonly process: SimProcess;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Watch<Request, Response> {
  readonly process: SimProcess;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly name: "WatchNetmap" | "WatchTasks";
  readonly request: Request;
  readonly run: (server: MeshServer, request: Request, end: AbortSignal) => AsyncIterable<Response>;
  /** Told of each message and its length in bytes. */
  readonly onSent: (message: Response, bytes: number) => void;
}

function silence(why: string): WarrenError {
  return new WarrenError("unavailable", `the control plane does not answer: ${why}`);
}

/** How many more messages may be sent before the other side has read some. */
class Credits {
  #left: number;
  #wake = (): void => {};

  constructor(count: number) {
    this.#left = count;
  }

  add(): void {
    this.#left += 1;
    this.#wake();
  }

  async take(): Promise<void> {
    this.#left -= 1;
    while (this.#left <= 0) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
