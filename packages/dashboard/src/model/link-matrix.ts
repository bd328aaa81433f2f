import type { MeshLink } from "@warren/common/api/mesh-view.ts";
import type { NodeRow } from "./node-row.ts";
import { cipherName, compareNames, formatRate, formatRoundTrip, NOTHING } from "./text.ts";

export type Tone = "plain" | "quiet" | "warn" | "bad";

/** One direction of a pair, in words. */
export interface LinkCell {
  readonly roundTrip: string;
  /** What the node of the row sends to the node of the column; empty where there is no link. */
  readonly rate: string;
  /** Cipher, session and path; empty where there is no link. */
  readonly how: string;
  readonly tone: Tone;
}

export interface LinkMatrix {
  /** All nodes, foreign peers included: they are sent to, and tell nothing. */
  readonly columns: readonly NodeRow[];
  readonly rows: readonly { readonly from: NodeRow; readonly cells: readonly LinkCell[] }[];
  /** Nodes that are left out, so that a browser can draw it. */
  readonly left: number;
  /** Whether there is room for all three lines of a cell. */
  readonly isDetailed: boolean;
}

/** Of each second, 200 × 200 cells took a browser 0.56 s, 40 × 40 of the same mesh 0.07 s, all the rest of the page included. */
export const MOST_NODES = 40;
/** As many columns of three lines as fit a small laptop's screen. */
export const MOST_DETAILED = 7;

/** Who reaches whom, and how. */
export function linkMatrix(nodes: readonly NodeRow[], clusterCipher: string): LinkMatrix {
  const shown = [...nodes].sort((a, b) => compareNames(a.node.name, b.node.name)).slice(0, MOST_NODES);
  const rows = shown
    .filter((row) => row.state !== "foreign")
    .map((from) => {
      const links = new Map((from.report?.peers ?? []).map((link) => [link.peer, link]));
      return { from, cells: shown.map((to) => cellOf(from, to, links.get(to.node.name), clusterCipher)) };
    });
  return { columns: shown, rows, left: nodes.length - shown.length, isDetailed: shown.length <= MOST_DETAILED };
}

function cellOf(from: NodeRow, to: NodeRow, link: MeshLink | undefined, clusterCipher: string): LinkCell {
  if (from.node.id === to.node.id) return nothing("");
  if (from.state === "down" || to.state === "down") return nothing("down");
  if (from.report === null) return nothing(NOTHING);
  // A report has the hundred peers with the most traffic.
  if (link === undefined) return nothing(NOTHING);
  return {
    roundTrip: roundTrip(from, to, link),
    rate: formatRate(link.txBitsPerSecond),
    how: [sealing(link), path(link)].filter(Boolean).join(", "),
    tone: toneOf(from, to, link, clusterCipher),
  };
}

function roundTrip(from: NodeRow, to: NodeRow, { rttMs }: MeshLink): string {
  if (rttMs !== null) return formatRoundTrip(rttMs);
  // A foreign peer need not answer.
  return from.isSettled && to.state === "ready" ? "no answer" : NOTHING;
}

function toneOf(from: NodeRow, to: NodeRow, link: MeshLink, clusterCipher: string): Tone {
  if (isExposed(link, clusterCipher)) return "bad";
  if (!from.isCurrent) return "quiet";
  return link.rttMs === null && from.isSettled && to.state === "ready" ? "warn" : "plain";
}

function nothing(why: string): LinkCell {
  return { roundTrip: why, rate: "", how: "", tone: "quiet" };
}

/** A pair that sends in the clear although the cluster has a cipher. */
export function isExposed(link: MeshLink, clusterCipher: string): boolean {
  return clusterCipher !== "none" && link.cipher === "none";
}

function sealing({ cipher, session }: MeshLink): string {
  if (cipher === "none") return "not sealed";
  if (cipher === "unknown") return "unknown cipher: not sent";
  return `${cipherName(cipher)} ${session ?? "not sealed yet"}`;
}

function path({ path, cipher }: MeshLink): string {
  if (path === "direct") return "plain route";
  if (path === "mixed") return "partly plain route";
  return cipher === "none" ? "VXLAN" : "";
}
