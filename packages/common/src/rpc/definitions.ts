import { fileURLToPath } from "node:url";
import { loadPackageDefinition, type ServiceClientConstructor, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The two services of `warren.v1`, in the form grpc-js wants for servers (`definition`) and clients (`Client`). */
export interface RpcService {
  readonly definition: ServiceDefinition;
  readonly Client: ServiceClientConstructor;
}

interface RpcServices {
  readonly enrollment: RpcService;
  readonly mesh: RpcService;
}

let services: RpcServices | undefined;

/** Parses the proto file once. The message shapes that come out are those of `messages.ts`. */
export function rpcServices(): RpcServices {
  services ??= load();
  return services;
}

function load(): RpcServices {
  const file = fileURLToPath(new URL("../../proto/warren/v1/warren.proto", import.meta.url));
  const parsed = loadPackageDefinition(
    loadSync(file, { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true }),
  ) as unknown as { warren: { v1: Record<string, ServiceClientConstructor> } };
  const pick = (name: string): RpcService => {
    const Client = parsed.warren.v1[name]!;
    return { definition: Client.service, Client };
  };
  return { enrollment: pick("Enrollment"), mesh: pick("Mesh") };
}
