import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "@warren/common/runtime/run.ts";
import type { Lab } from "@warren/e2e/lab/lab.ts";
import type { PeerPrograms } from "@warren/e2e/lab/peers/peer.ts";
import { daemonPair, type End } from "./daemon-pair.ts";
import type { Contender } from "./system.ts";

interface NebulaEnd extends End {
  readonly name: string;
  readonly files: Files;
}

/** Certificate and key. */
interface Files {
  readonly crt: string;
  readonly key: string;
}

const PORT = 4242;
/** Nebula's default of `tun.mtu` is 1300 over 1500; on a link with another MTU the same room is left for headers. */
const HEADROOM = 200;

/** Nebula on both hosts, which find each other by a static host map: no lighthouse. All else is Nebula's default. */
export function nebulaContender(name: string, lab: Lab, programs: PeerPrograms): Contender {
  const directory = join(lab.directory, name);
  const files = (of: string): Files => ({ crt: join(directory, `${of}.crt`), key: join(directory, `${of}.key`) });
  const end = (number: 1 | 2, of: string): NebulaEnd => {
    return { host: lab.host(number), address: `198.19.5.${number}`, name: of, files: files(of) };
  };
  const ca = files("ca");
  const ends = [end(1, "client"), end(2, "server")] as const;
  return daemonPair({
    name,
    ends,
    // Once for the lab: keys and certificates end with its directory.
    before: async (signal) => {
      if (existsSync(directory)) return;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      await certify(programs.path("nebula-cert"), ca, ends, signal);
    },
    launch: (own, peer) => {
      const config = join(directory, `${own.name}.yml`);
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(configuration(ca, own, peer, lab.plan.mtu - HEADROOM), null, 2));
      return own.host.spawn(programs.path("nebula"), ["-config", config]);
    },
  });
}

/** Makes a certificate authority and a certificate of each host. */
async function certify(tool: string, ca: Files, ends: readonly NebulaEnd[], signal: AbortSignal): Promise<void> {
  const certificate = (args: readonly string[], { crt, key }: Files) =>
    run(tool, [...args, "-out-crt", crt, "-out-key", key], { signal });
  await certificate(["ca", "-name", "bench"], ca);
  for (const { name, address, files } of ends) {
    const signing = ["sign", "-ca-crt", ca.crt, "-ca-key", ca.key, "-name", name, "-ip", `${address}/24`];
    await certificate(signing, files);
  }
}

function configuration(ca: Files, own: NebulaEnd, peer: NebulaEnd, mtu: number) {
  const anybody = [{ port: "any", proto: "any", host: "any" }];
  return {
    pki: { ca: ca.crt, cert: own.files.crt, key: own.files.key },
    static_host_map: { [peer.address]: [`${peer.host.underlay}:${PORT}`] },
    lighthouse: { am_lighthouse: false, hosts: [] },
    listen: { host: "0.0.0.0", port: PORT },
    tun: { dev: "nebula1", mtu },
    firewall: { outbound: anybody, inbound: anybody },
  };
}
