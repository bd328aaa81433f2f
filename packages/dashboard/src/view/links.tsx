import { type LinkCell, linkMatrix, MOST_DETAILED, MOST_NODES } from "../model/link-matrix.ts";
import type { NodeRow } from "../model/node-row.ts";

interface LinksProps {
  readonly rows: readonly NodeRow[];
  readonly clusterCipher: string;
}

/** The matrix of links: who reaches whom, how fast, and how. */
export function Links({ rows, clusterCipher }: LinksProps) {
  const { columns, rows: lines, left, isDetailed } = linkMatrix(rows, clusterCipher);
  if (columns.length < 2) return null;
  return (
    <section class="links" aria-labelledby="links-title">
      <h2 id="links-title">Links</h2>
      <p class="note">
        {isDetailed
          ? "From the node of the row to the node of the column: round trip, what is sent, and how."
          : `Round trips from the node of the row to the node of the column. With ${MOST_DETAILED} nodes or fewer, by the filter above, there is more.`}
        {left > 0 && ` The first ${MOST_NODES} nodes are shown, ${left} are not: filter for them.`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="scroll" aria-labelledby="links-title" tabIndex={0}>
        <table class={isDetailed ? "matrix" : "matrix compact"}>
          <thead>
            <tr>
              <th scope="col">
                <span class="spoken">From</span>
              </th>
              {columns.map(({ node }) => (
                <th key={node.id} scope="col">
                  <span>{node.name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ from, cells }) => (
              <tr key={from.node.id}>
                <th scope="row">{from.node.name}</th>
                {cells.map((cell, index) => (
                  <Cell key={columns[index]!.node.id} cell={cell} isDetailed={isDetailed} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Cell({ cell, isDetailed }: { readonly cell: LinkCell; readonly isDetailed: boolean }) {
  if (!isDetailed)
    return (
      <td class={cell.tone} title={cell.how && `${cell.rate}, ${cell.how}`}>
        {cell.roundTrip}
      </td>
    );
  return (
    <td class={cell.tone}>
      {cell.roundTrip}
      {cell.rate && <span>{cell.rate}</span>}
      {cell.how && <small>{cell.how}</small>}
    </td>
  );
}
