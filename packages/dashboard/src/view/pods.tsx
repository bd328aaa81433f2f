import { useState } from "preact/hooks";
import type { NodeRow } from "../model/node-row.ts";
import { countPods, podRows } from "../model/pod-rows.ts";
import { countOf, formatCount } from "../model/text.ts";
import { Filter } from "./filter.tsx";

/** So many rows are drawn; the filter finds the others. */
const MOST = 100;

/** The table of pods. */
export function Pods({ rows }: { readonly rows: readonly NodeRow[] }) {
  const [filter, setFilter] = useState("");
  const pods = podRows(rows, filter);
  const { total, untold } = countPods(rows);
  return (
    <section class="pods" aria-labelledby="pods-title">
      <div class="head">
        <h2 id="pods-title">
          Pods <span class="count">{formatCount(total)}</span>
        </h2>
        {total > 0 && <Filter label="Filter pods" value={filter} onChange={setFilter} found={pods.length} />}
      </div>
      {pods.length === 0 ? (
        <p class="note">{total === 0 ? "No node has told of a pod." : "No pod has these words."}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Namespace</th>
              <th scope="col">Pod</th>
              <th scope="col">Addresses</th>
              <th scope="col">Node</th>
            </tr>
          </thead>
          <tbody>
            {pods.slice(0, MOST).map((pod) => (
              <tr key={pod.key} class={pod.isCurrent ? undefined : "waiting"}>
                <td>{pod.namespace}</td>
                <th scope="row">{pod.name}</th>
                <td class="address">
                  {pod.addresses.map((address) => (
                    <span key={address}>{address}</span>
                  ))}
                </td>
                <td>{pod.node}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {pods.length > MOST && (
        <p class="note">
          The first {MOST} of {formatCount(pods.length)}: filter for the others.
        </p>
      )}
      {untold > 0 && (
        <p class="note">
          {countOf(untold, "pod is", "pods are")} not among them: the mesh has too many. Ask their nodes with{" "}
          <code>warren pod list</code>.
        </p>
      )}
    </section>
  );
}
