import { CIPHERS } from "@warren/common/net/cipher.ts";
import { type Html, html } from "@warren/common/report/html.ts";
import { describeKey } from "../figure.ts";
import type { Figure, LabLine, LabRun } from "../run.ts";
import { axisOf, type BarRow, barTable } from "./bar-table.ts";

/** Of TCP and of UDP a plot of each figure, with the ciphers side by side, and what the stages of the packet path cost. */
export function meshCharts({ lines }: LabRun): Html {
  const sections = [...Map.groupBy(lines, ({ key }) => String(key["load"]))].map(([load, group], number) => {
    // Identifiers are numbers, never a text of the run.
    const id = `load-${number}`;
    const ordered = group.toSorted(byLoad);
    const figures = new Map(group.flatMap(({ figures: of }) => of.map((figure) => [figure.name, figure])));
    // The size of packets is no result: it shows that the load was the one that was asked for.
    figures.delete("packet-size");
    const plots = [...figures.values()].map((figure, index) => plotOf(ordered, figure, `${id}-${index}`));
    return html`<section aria-labelledby="${id}"><h2 id="${id}">${load.toUpperCase()}</h2>
${plots}</section>
`;
  });
  return html`${sections}${stages(lines)}`;
}

/** By streams and sizes, so that the ciphers of one load stand below each other. */
function byLoad(a: LabLine, b: LabLine): number {
  const part = (name: string) => Number(a.key[name] ?? 0) - Number(b.key[name] ?? 0);
  return part("streams") || part("size") || -part("mtu");
}

const BETTER: Readonly<Record<Figure["kind"], string>> = {
  speed: ", higher is better",
  cost: ", lower is better",
  shown: "",
};

function plotOf(lines: readonly LabLine[], { name, unit, kind }: Figure, id: string): Html {
  const rows = lines.flatMap((line): BarRow[] => {
    const figure = line.figures.find((each) => each.name === name && each.samples.length > 0);
    return figure ? [{ name: describeKey(line.key), color: colorOf(line), value: figure }] : [];
  });
  return html`<section class="figure" aria-labelledby="${id}"><h3 id="${id}">${name}</h3><p class="unit">${unit}${BETTER[kind]}</p>
${barTable("load", unit, rows, id)}</section>
`;
}

/** All on one axis, so that loads and ciphers can be compared. */
function stages(lines: readonly LabLine[]): Html | null {
  const measured = lines.flatMap((line) => (line.stages?.length ? [{ line, of: line.stages }] : []));
  if (measured.length === 0) return null;
  const axis = axisOf(measured.flatMap(({ of }) => of.map((value) => ({ value }))));
  const tables = measured.map(({ line, of }, index) => {
    const rows = of.map((value) => {
      const name = [value.side, value.direction ?? "", value.stage].filter(Boolean).join(" ");
      return { name, color: colorOf(line), value };
    });
    return html`<section class="figure" aria-labelledby="stages-${index}"><h3 id="stages-${index}">${describeKey(line.key)}</h3>
${barTable("stage", "ns/packet", rows, `stages-${index}`, axis)}</section>
`;
  });
  return html`<section aria-labelledby="stages"><h2 id="stages">Cost by stage</h2>
<p class="quiet">CPU time of the packet path for each packet, at both nodes; docs/architecture.md says what happens in each stage.</p>
${tables}</section>
`;
}

/** Each cipher has its own. */
function colorOf({ key }: LabLine): string {
  return `c${Math.max(0, CIPHERS.indexOf(key["cipher"] as never))}`;
}
