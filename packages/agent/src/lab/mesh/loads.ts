import { isIPv6 } from "node:net";
import type { LabKey } from "../run.ts";

/** What is sent through the mesh. */
export type MeshLoad =
  | {
      readonly load: "tcp";
      /** Largest packet, in bytes of IP; null for the overlay MTU as it is then. */
      readonly mtu: number | null;
      readonly streams: number;
    }
  | {
      readonly load: "udp";
      /** Bytes of a datagram's payload. */
      readonly size: number;
    };

export interface MeshOptions {
  /** Ciphers of the cluster, one after the other; null for the present one. */
  readonly ciphers: readonly string[] | null;
  readonly loads: readonly MeshLoad[];
  readonly repeats: number;
  /** Of one measurement. */
  readonly seconds: number;
}

export interface LoadChoice {
  readonly mtus: readonly number[] | undefined;
  readonly streams: readonly number[] | undefined;
  readonly sizes: readonly number[] | undefined;
  readonly quick: boolean;
}

/** The loads of a run: what was chosen, else the default; choosing only of one protocol leaves the other out. */
export function loadsOf({ mtus, streams, sizes, quick }: LoadChoice): MeshLoad[] {
  const wantsTcp = mtus !== undefined || streams !== undefined || sizes === undefined;
  const wantsUdp = sizes !== undefined || (mtus === undefined && streams === undefined);
  const tcp = (mtus ?? [null]).flatMap((mtu) =>
    (streams ?? (quick ? [1] : [1, 8])).map((count) => ({ load: "tcp", mtu, streams: count }) as const),
  );
  const udp = (sizes ?? (quick ? [64] : [64, 512, 1400])).map((size) => ({ load: "udp", size }) as const);
  return [...(wantsTcp ? tcp : []), ...(wantsUdp ? udp : [])];
}

/** Bytes of the IP header and the one behind it, without options. */
function headers(load: "tcp" | "udp", host: string): number {
  return (isIPv6(host) ? 40 : 20) + (load === "tcp" ? 20 : 8);
}

/** Place in the matrix. */
export function keyOf(load: MeshLoad, cipher: string, overlayMtu: number): LabKey {
  return load.load === "tcp"
    ? { cipher, load: "tcp", mtu: load.mtu ?? overlayMtu, streams: load.streams }
    : { cipher, load: "udp", size: load.size };
}

/** Why the load does not fit; undefined when it does. */
export function misfit(load: MeshLoad, host: string, overlayMtu: number): string | undefined {
  const packet = load.load === "tcp" ? load.mtu : load.size + headers("udp", host);
  if (packet === null || packet <= overlayMtu) return undefined;
  return `a packet of ${packet} bytes is more than the overlay MTU, ${overlayMtu}`;
}

/** Segment size that makes packets of the load's size; undefined where those of the device have it anyhow. */
export function segmentSize(load: MeshLoad, host: string, overlayMtu: number): number | undefined {
  if (load.load === "udp" || load.mtu === null || load.mtu >= overlayMtu) return undefined;
  return load.mtu - headers("tcp", host);
}
