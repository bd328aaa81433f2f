import { type ConnectionInjector, Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { MAX_RESULT_BYTES } from "@warren/common/api/ask.ts";
import { rpcServices } from "@warren/common/rpc/definitions.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { HealthImplementation } from "grpc-health-check";
import type { Logger } from "pino";
import type { CertificateAuthority } from "../identity/certificate-authority.ts";
import type { MeshCore } from "../mesh/mesh-core.ts";
import { encodeOnce } from "./encode-once.ts";
import { type CallObserver, enrollmentHandlers, meshHandlers } from "./services.ts";
import { TlsListener, type TlsListenerOptions } from "./tls-listener.ts";

export interface RpcServerOptions extends Pick<TlsListenerOptions, "handshakeTimeoutMs" | "maxConnections"> {
  readonly address: string;
  readonly core: MeshCore;
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observe: CallObserver;
}

export interface RpcServer extends Startable {
  readonly address: string;
  readonly port: number;
  readonly connections: number;
}

/** Names in the health service; the empty one stands for the whole server. */
const SERVICES = ["", "warren.v1.Enrollment", "warren.v1.Mesh"];

const LIMITS = {
  // The largest request is the result of a task; a report with 1,000 pods of long names has 256 KB at most.
  "grpc.max_receive_message_length": MAX_RESULT_BYTES + (64 << 10),
  // An agent has two watches, the tasks it asks for, and a few calls open at a time.
  "grpc.max_concurrent_streams": 32,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc-node.max_session_memory": 4,
} as const;

/** How long calls that were under way at a stop may take to end. */
const DRAIN_MS = 1_000;

/** gRPC on top of the mesh core. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  let server: Server | undefined;
  let injector: ConnectionInjector | undefined;
  const health = new HealthImplementation();
  const listener = new TlsListener({
    ...options,
    onConnection: (socket) => injector?.injectConnection(socket),
  });
  return {
    get address() {
      return listener.address;
    },
    get port() {
      return listener.port;
    },
    get connections() {
      return listener.connections;
    },
    async start() {
      server = new Server(LIMITS);
      const { enrollment, mesh } = rpcServices();
      const { core, observe } = options;
      server.addService(enrollment.definition, enrollmentHandlers(core, observe) as UntypedServiceImplementation);
      const definition = { ...mesh.definition, WatchNetmap: encodeOnce(mesh.definition["WatchNetmap"]!) };
      server.addService(
        definition,
        meshHandlers(core, observe, (peer) => listener.dateError(peer)) as UntypedServiceImplementation,
      );
      health.addToServer(server);
      // TLS is done by the listener; what is injected is decrypted already.
      injector = server.createConnectionInjector(ServerCredentials.createInsecure());
      await listener.start();
      for (const name of SERVICES) health.setStatus(name, "SERVING");
    },
    async stop() {
      const stopping = server;
      server = undefined;
      if (!stopping) return;
      for (const name of SERVICES) health.setStatus(name, "NOT_SERVING");
      listener.closeDoor();
      await shutDown(stopping);
      injector?.destroy();
      await listener.stop();
    },
  };
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
