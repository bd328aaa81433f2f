import type { Lab } from "@warren/e2e/lab/lab.ts";
import { ipBatch } from "@warren/e2e/lab/netns.ts";
import {
  forgetWireGuard,
  launchWireGuard,
  type WireGuardCommand,
  wireGuardSocket,
} from "@warren/e2e/lab/wireguard-daemon.ts";
import { configureWireGuard, type WireGuardKeys, wireGuardKeys } from "@warren/e2e/lab/wireguard-uapi.ts";
import { daemonPair, type End } from "./daemon-pair.ts";
import type { Contender } from "./system.ts";

interface WireGuardEnd extends End {
  readonly device: string;
  readonly keys: WireGuardKeys;
}

const PORT = 51820;
/** What `wg-quick` leaves for the headers: outer IPv6 40, UDP 8, WireGuard 32. */
const OVERHEAD = 80;

/** A WireGuard of user space on both hosts, each the other's only peer; device, addresses and route as `wg-quick`. */
export function wireGuardContender(name: string, lab: Lab, command: WireGuardCommand): Contender {
  const end = (number: 1 | 2, address: string): WireGuardEnd => {
    return { host: lab.host(number), address, device: `${lab.name}w${number}`, keys: wireGuardKeys() };
  };
  const ends = [end(1, "198.19.3.1"), end(2, "198.19.4.1")] as const;
  return daemonPair({
    name,
    ends,
    launch: ({ host, device }) => launchWireGuard(host, device, command, name),
    configure: async (daemon, own, peer, signal) => {
      await configureWireGuard(
        await wireGuardSocket(daemon, own.device, signal),
        [
          `private_key=${own.keys.privateKey}`,
          `listen_port=${PORT}`,
          `public_key=${peer.keys.publicKey}`,
          `endpoint=${peer.host.underlay}:${PORT}`,
          `allowed_ip=${peer.address}/32`,
        ],
        signal,
      );
      await ipBatch(
        [
          `address add ${own.address}/32 dev ${own.device}`,
          `link set ${own.device} mtu ${lab.plan.mtu - OVERHEAD} up`,
          `route add ${peer.address}/32 dev ${own.device}`,
        ],
        own.host.netns,
      );
    },
    after: () => {
      for (const { device } of ends) forgetWireGuard(device);
    },
  });
}
