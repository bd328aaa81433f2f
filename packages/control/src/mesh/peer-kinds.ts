import type { VxlanPeerRequest, WireguardPeerRequest } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatSealingKey, parseSealingKey } from "@warren/common/identity/sealing-key.ts";
import { isSealed, WIREGUARD_CIPHER } from "@warren/common/net/cipher.ts";
import { type Endpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import { formatMac, parseMac } from "@warren/common/net/mac.ts";
import type { ClusterRecord, NodeRecord } from "../registry/keys.ts";
import { checkPort } from "./node-checks.ts";
import { vtepMac } from "./vtep-mac.ts";

/** A peer without an agent, whatever it speaks. */
export interface ForeignPeer {
  readonly name: string;
  readonly underlayAddress: string;
  readonly podCidrs: readonly string[];
  /** What goes into its record because of what it speaks. */
  record(id: string, cluster: ClusterRecord): Spoken;
  /** Throws `setting-conflict` in a cluster that does not speak the same. */
  admit(cluster: ClusterRecord): void;
}

type Spoken = Pick<NodeRecord, "port" | "vtepMac" | "sealingKey" | "sealedPort" | "keyEpoch">;

/**
 * A Linux vxlan device, Open vSwitch, a router: what it says and hears is in the clear.
 * @throws `address-invalid`, `usage`
 */
export function vxlanPeer(request: VxlanPeerRequest): ForeignPeer {
  const mac = parseMac(request.vtepMac);
  if ((mac[0]! & 1) === 1) {
    throw new WarrenError("address-invalid", `${request.vtepMac} is a group address; expected the one of a device`);
  }
  const port = request.port === undefined ? undefined : checkPort(request.port);
  return {
    ...request,
    record: (_id, cluster) => ({ port: port ?? cluster.port, vtepMac: formatMac(mac) }),
    admit({ cipher }) {
      if (!isSealed(cipher)) return;
      throw new WarrenError(
        "setting-conflict",
        `a VXLAN peer sends in the clear, and this cluster seals with ${cipher}: nobody would talk to it. Add it as a ` +
          "WireGuard peer (--public-key, --endpoint, --allowed-ips)",
      );
    },
  };
}

/**
 * wireguard-go, the kernel's WireGuard, a router. It is reached with its own cipher also when the cluster goes over to
 * another one.
 * @throws `key-invalid`, `address-invalid`
 */
export function wireguardPeer(request: WireguardPeerRequest): ForeignPeer {
  const sealingKey = formatSealingKey(parseSealingKey(request.publicKey));
  const { host, port: sealedPort } = addressAndPort(request.endpoint);
  return {
    name: request.name,
    underlayAddress: host,
    podCidrs: request.allowedIps,
    // It has neither a VTEP nor a port of VXLAN; older agents take no entry without them.
    record: (id, { port }) => ({ port, vtepMac: vtepMac(id), sealingKey, sealedPort, keyEpoch: 1 }),
    admit({ cipher }) {
      if (cipher === WIREGUARD_CIPHER) return;
      throw new WarrenError(
        "setting-conflict",
        `a WireGuard peer speaks ${WIREGUARD_CIPHER}, and this cluster has cipher ${cipher}; change it first: ` +
          `"warren cluster set cipher=${WIREGUARD_CIPHER}"`,
      );
    },
  };
}

function addressAndPort(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (/^[\d.]+$|:/.test(endpoint.host)) return endpoint;
  throw new WarrenError(
    "address-invalid",
    `the endpoint ${text} has a name, which nodes do not look up; expected an address and a port, such as 192.0.2.60:51820`,
  );
}
