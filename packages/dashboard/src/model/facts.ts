import type { MeshView } from "@warren/common/api/mesh-view.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import type { NodeRow } from "./node-row.ts";
import { cipherName, formatRate, NOTHING } from "./text.ts";

/** One fact about the whole mesh. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** More of it, in small. */
  readonly detail: string;
  readonly tone: "plain" | "good" | "warn" | "bad";
}

/** What is to be known of the mesh before any of its nodes. `elapsedMs` is the time since the picture came. */
export function factsOf(mesh: MeshView, rows: readonly NodeRow[], elapsedMs: number): Fact[] {
  const { cluster } = mesh;
  const sealed = isSealed(cluster.cipher);
  const down = rows.filter((row) => row.state === "down").length;
  return [
    { name: "Nodes", ...nodesFact(rows), tone: down > 0 ? "bad" : "plain" },
    {
      name: "Encryption between nodes",
      value: sealed ? cipherName(cluster.cipher) : "Not encrypted",
      detail: sealed ? `sealed, UDP port ${cluster.sealedPort}` : "readable for all on the way",
      tone: sealed ? "good" : "warn",
    },
    {
      name: "Encapsulation",
      value: cluster.encapsulation,
      detail: sealed ? `VNI ${cluster.vni}` : `VNI ${cluster.vni}, UDP port ${cluster.port}`,
      tone: "plain",
    },
    { name: "Sent by all nodes", ...trafficFact(rows), tone: "plain" },
    {
      name: "Pod CIDRs",
      value: cluster.podCidrs[0] ?? NOTHING,
      detail: cluster.podCidrs.slice(1).join(", "),
      tone: "plain",
    },
    {
      name: "Control plane",
      value: `Revision ${mesh.revision}`,
      detail: `version ${mesh.version}, up ${formatDuration(mesh.uptimeSeconds * 1000 + elapsedMs)}`,
      tone: "plain",
    },
  ];
}

function nodesFact(rows: readonly NodeRow[]): Pick<Fact, "value" | "detail"> {
  const count = (state: NodeRow["state"]) => rows.filter((row) => row.state === state).length;
  const foreign = count("foreign");
  return {
    value: `${count("ready")} ready, ${count("down")} down`,
    detail: foreign > 0 ? `and ${foreign} foreign` : "",
  };
}

function trafficFact(rows: readonly NodeRow[]): Pick<Fact, "value" | "detail"> {
  const rates = rows.flatMap(({ isCurrent, report }) => (isCurrent ? [report?.txBitsPerSecond ?? null] : []));
  const known = rates.filter((rate) => rate !== null);
  if (known.length === 0) return { value: NOTHING, detail: "" };
  const nodes = rows.filter((row) => row.state !== "foreign").length;
  return {
    value: formatRate(known.reduce((sum, rate) => sum + rate, 0)),
    detail: known.length < nodes ? `of ${known.length} of ${nodes} nodes` : "",
  };
}
