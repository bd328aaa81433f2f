import type { KeysInfo, KeyTraffic } from "@warren/common/api/types.ts";
import { formatDuration } from "@warren/common/report/duration.ts";
import { formatCount, formatUntil } from "./human.ts";
import { type Column, formatProperties, formatTable } from "./table.ts";

/** The keys of a node, and below what became of packets that were sealed to them. */
export function formatKeys(keys: KeysInfo): string {
  const { previous, next } = keys;
  const lines: [string, string][] = [
    ["Public key", keys.publicKey],
    ["Epoch", String(keys.epoch)],
    ["Age", formatDuration(keys.ageSeconds * 1000)],
    [
      "Previous",
      previous ? `epoch ${previous.epoch}, answered for ${formatUntil(previous.answeredUntil)} more` : "none",
    ],
  ];
  if (next) lines.push(["Next", `${next.publicKey}, waits for the control plane`]);
  const table = keys.traffic.length > 0 ? `\n${formatTable(TRAFFIC, keys.traffic, false)}` : "";
  return `${formatProperties(lines)}${table}`;
}

const TRAFFIC: readonly Column<KeyTraffic>[] = [
  { header: "EPOCH", cell: ({ epoch }) => String(epoch) },
  { header: "OPENED", cell: ({ opened }) => formatCount(opened) },
  { header: "LOST", cell: ({ lost }) => formatCount(lost) },
  { header: "UNDECRYPTABLE", cell: ({ undecryptable }) => formatCount(undecryptable) },
];
