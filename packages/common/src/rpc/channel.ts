import {
  type CallOptions,
  type ChannelOptions,
  type Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { ASK_TIMEOUT_MS } from "../api/ask.ts";
import { CONTROL_SERVER_NAME } from "../identity/node-uri.ts";
import { formatEndpoint, parseEndpoint } from "../net/endpoint.ts";
import { type RpcService, rpcServices } from "./definitions.ts";
import type { MeshApi } from "./mesh-api.ts";
import type { NetmapUpdate, TaskMessage } from "./messages.ts";
import { fromStatus } from "./status.ts";

/** How long one unary call may take before the control plane counts as not answering. */
const CALL_TIMEOUT_MS = 10_000;
/** For a call that waits for another node: the control plane says first that it did not answer. */
const ASK_CALL_TIMEOUT_MS = ASK_TIMEOUT_MS + CALL_TIMEOUT_MS;
/** A snapshot of 5,000 dual-stack nodes is about 1 MB. */
const MAX_RECEIVE_BYTES = 32 << 20;

/** What a client shows and trusts; PEM. Without `cert` and `key` only Enrollment answers. */
export interface ChannelIdentity {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface MeshClient extends MeshApi {
  /** Ends the connection and every call on it. */
  close(): void;
}

/** A gRPC client of one service, with the calls we make of it: unary and server streaming. */
export interface RpcChannel {
  unary<Request, Response>(
    method: string,
    request: Request,
    signal?: AbortSignal,
    timeoutMs?: number,
  ): Promise<Response>;
  stream<Request, Response>(method: string, request: Request, signal: AbortSignal): AsyncIterable<Response>;
  close(): void;
}

/**
 * A client of the Mesh service over mutual TLS. Connects at the first call and again by itself after a break; a call
 * made while nobody answers fails with `unavailable` at once, so that the caller decides how long to wait.
 * @param address `HOST:PORT` of the control plane
 */
export function createMeshClient(address: string, identity: Required<ChannelIdentity>): MeshClient {
  const channel = openChannel(address, rpcServices().mesh, identity);
  return {
    register: (request, signal) => channel.unary("Register", request, signal),
    heartbeat: (request, signal) => channel.unary("Heartbeat", request, signal),
    watchNetmap: (request, signal) => channel.stream<typeof request, NetmapUpdate>("WatchNetmap", request, signal),
    renewCertificate: (request, signal) => channel.unary("RenewCertificate", request, signal),
    setPairCipher: async (request, signal) => {
      await channel.unary("SetPairCipher", request, signal);
    },
    leave: async (request, signal) => {
      await channel.unary("Leave", request, signal);
    },
    report: async (request, signal) => {
      await channel.unary("Report", request, signal);
    },
    askNode: (request, signal) => channel.unary("AskNode", request, signal, ASK_CALL_TIMEOUT_MS),
    watchTasks: (signal) => channel.stream<object, TaskMessage>("WatchTasks", {}, signal),
    answerTask: async (request, signal) => {
      await channel.unary("AnswerTask", request, signal);
    },
    close: () => channel.close(),
  };
}

/**
 * A TLS channel to the control plane. The server proves that its certificate is `warren-control`'s of `identity.ca`,
 * whatever address was dialled.
 * @throws `address-invalid` for an address that is not HOST:PORT
 */
export function openChannel(address: string, service: RpcService, identity: ChannelIdentity): RpcChannel {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const creds = credentials.createSsl(pem(identity.ca), pem(identity.key), pem(identity.cert));
  const peer = formatEndpoint(parseEndpoint(address));
  const client = new service.Client(`dns:${peer}`, creds, CHANNEL_OPTIONS);
  return {
    unary: (method, request, signal, timeoutMs = CALL_TIMEOUT_MS) =>
      unary(client, pathOf(service, method), request, { peer, timeoutMs, signal }),
    stream: (method, request, signal) => stream(client, pathOf(service, method), request, peer, signal),
    close: () => client.close(),
  };
}

const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.ssl_target_name_override": CONTROL_SERVER_NAME,
  "grpc.default_authority": CONTROL_SERVER_NAME,
  // A dead peer is noticed in 15 s on an idle watch as well.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 250,
  "grpc.max_reconnect_backoff_ms": 5_000,
  "grpc.max_receive_message_length": MAX_RECEIVE_BYTES,
  // One client, one connection: closing the client ends it, and two certificates never share one.
  "grpc.use_local_subchannel_pool": 1,
  // The underlay is reached directly; a web proxy in the environment is not meant for it.
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_retries": 0,
};

function pathOf(service: RpcService, method: string): MethodPath {
  const definition = service.definition[method];
  if (!definition) throw new RangeError(`the service has no method ${method}`);
  return {
    path: definition.path,
    encode: definition.requestSerialize as (value: unknown) => Buffer,
    decode: definition.responseDeserialize as (bytes: Buffer) => unknown,
  };
}

interface MethodPath {
  readonly path: string;
  readonly encode: (value: unknown) => Buffer;
  readonly decode: (bytes: Buffer) => unknown;
}

interface UnaryCall {
  readonly peer: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

function unary<Request, Response>(
  client: Client,
  method: MethodPath,
  request: Request,
  { peer, timeoutMs, signal }: UnaryCall,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    let call: ClientUnaryCall | undefined;
    const abort = () => call?.cancel();
    const options: CallOptions = { deadline: Date.now() + timeoutMs };
    signal?.addEventListener("abort", abort, { once: true });
    call = client.makeUnaryRequest(
      method.path,
      method.encode,
      method.decode as (bytes: Buffer) => Response,
      request,
      new Metadata(),
      options,
      (error: ServiceError | null, response?: Response) => {
        signal?.removeEventListener("abort", abort);
        if (signal?.aborted) reject(signal.reason as Error);
        else if (error) reject(fromStatus(error, peer));
        else resolve(response as Response);
      },
    );
  });
}

/** The stream is read only as fast as the caller iterates: HTTP/2 flow control holds the server back. */
async function* stream<Request, Response>(
  client: Client,
  method: MethodPath,
  request: Request,
  peer: string,
  signal: AbortSignal,
): AsyncGenerator<Response> {
  if (signal.aborted) return;
  const call: ClientReadableStream<unknown> = client.makeServerStreamRequest(
    method.path,
    method.encode,
    method.decode,
    request,
    new Metadata(),
  );
  const abort = () => call.cancel();
  signal.addEventListener("abort", abort, { once: true });
  try {
    for await (const message of call) yield message as Response;
  } catch (error) {
    if (signal.aborted) return;
    throw fromStatus(error as ServiceError, peer);
  } finally {
    signal.removeEventListener("abort", abort);
    call.cancel();
  }
}
