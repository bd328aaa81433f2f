import type { Cipher } from "@warren/common/net/cipher.ts";
import type { PingResult, Throughput } from "../lab/measure.ts";

/** What `--json` prints. */
export interface DemoResult {
  /** Everything was as it should be. */
  ok: boolean;
  /** What traffic between nodes was sealed with. */
  cipher: Cipher;
  nodes: { name: string; underlay: string; podCidrs: readonly string[]; joinSeconds: number }[];
  pods: { name: string; node: string; addresses: readonly string[] }[];
  /** One for each ordered pair of pods and each address. */
  pings: (PingPair & Omit<PingResult, "output">)[];
  /** A server's view of clients on other nodes. */
  addressesSeen: { client: string; server: string; own: string; seenAs: string }[];
  nodeToPod: { node: string; pod: string; reached: boolean; rttMs: number | null }[];
  throughput: ({ from: string; to: string } & Throughput) | null;
  /** What is not as it should be, as sentences. */
  failures: string[];
  /** What the teardown left; null when the mesh was kept. */
  leftovers: readonly string[] | null;
  seconds: number;
}

export interface PingPair {
  readonly from: string;
  readonly to: string;
  readonly address: string;
}

export function emptyResult(): DemoResult {
  return {
    ok: false,
    cipher: "none",
    nodes: [],
    pods: [],
    pings: [],
    addressesSeen: [],
    nodeToPod: [],
    throughput: null,
    failures: [],
    leftovers: null,
    seconds: 0,
  };
}
