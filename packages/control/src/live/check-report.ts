import { DATAPLANES, type PeerInfo, type PeerSession } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS } from "@warren/common/net/cipher.ts";
import { checkName } from "@warren/common/net/name.ts";
import type { PeerReport, PodReport, ReportRequest } from "@warren/common/rpc/messages.ts";
import { REPORT_LIMITS } from "@warren/common/rpc/report-limits.ts";

const PATHS: readonly PeerInfo["path"][] = ["encapsulated", "direct", "mixed"];
const PEER_CIPHERS: readonly PeerInfo["cipher"][] = [...CIPHERS, "unknown"];
const SESSIONS: readonly (PeerSession["state"] | "")[] = ["", "idle", "handshaking", "up", "renewing"];
/** Ids of this cluster are shorter, versions too. */
const TEXT_LENGTH = 64;
const ADDRESS = /^[0-9a-f.:]{2,45}$/;

/**
 * Checks what a node tells of itself before any of it is kept: sizes, so that no node fills the memory of the control
 * plane, and the words that the page's contract has. The figures may be wrong all the same: they are the node's.
 * @throws `usage`, `name-invalid`
 */
export function checkReport(report: ReportRequest): void {
  oneOf(report.dataplane, DATAPLANES, "data plane");
  atMost(report.version.length, TEXT_LENGTH, "characters in the version");
  atMost(report.warnings.length, REPORT_LIMITS.warnings, "warnings");
  for (const text of report.warnings) atMost(text.length, REPORT_LIMITS.warningLength, "characters in a warning");
  atMost(report.pods.length, REPORT_LIMITS.pods, "pods");
  report.pods.forEach(checkPod);
  atMost(report.peers.length, REPORT_LIMITS.peers, "peers");
  report.peers.forEach(checkPeer);
}

function checkPod({ namespace, name, addresses }: PodReport): void {
  checkName(namespace, "namespace");
  checkName(name, "pod");
  atMost(addresses.length, REPORT_LIMITS.addresses, "addresses of a pod");
  for (const address of addresses)
    if (!ADDRESS.test(address)) throw new WarrenError("usage", "a report has a pod whose address is none");
}

function checkPeer({ node_id: id, path, cipher, session }: PeerReport): void {
  atMost(id.length, TEXT_LENGTH, "characters in the id of a peer");
  oneOf(path, PATHS, "path");
  oneOf(cipher, PEER_CIPHERS, "cipher");
  oneOf(session, SESSIONS, "state of a session");
}

function atMost(count: number, limit: number, what: string): void {
  if (count > limit) throw new WarrenError("usage", `a report has ${count} ${what}, expected at most ${limit}`);
}

/** The text itself may be of any length, so it is not repeated. */
function oneOf(text: string, known: readonly string[], what: string): void {
  if (known.includes(text)) return;
  throw new WarrenError("usage", `a report has an unknown ${what}, expected ${known.filter(Boolean).join(", ")}`);
}
