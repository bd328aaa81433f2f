import { useEffect, useState } from "preact/hooks";
import { concernsOf } from "../model/attention.ts";
import { factsOf } from "../model/facts.ts";
import { matches } from "../model/filter.ts";
import { nodeRows } from "../model/node-row.ts";
import { Attention } from "./attention.tsx";
import { Facts } from "./facts.tsx";
import { Filter } from "./filter.tsx";
import { HowToJoin } from "./how-to-join.tsx";
import { Links } from "./links.tsx";
import { Nodes } from "./nodes.tsx";
import { Pods } from "./pods.tsx";
import { Status } from "./status.tsx";
import { useMesh } from "./use-mesh.ts";

/** With fewer nodes there is nothing to look for. */
const FILTER_FROM = 8;

/** The page. */
export function App() {
  const live = useMesh();
  const [filter, setFilter] = useState("");
  const { mesh, failure } = live;
  const elapsedMs = live.nowMs - live.receivedMs;
  const rows = mesh ? nodeRows(mesh, elapsedMs, live.histories) : [];
  const concerns = mesh ? concernsOf(mesh, rows) : [];

  const title = failure ? "no answer" : mesh ? titleOf(rows.filter((row) => row.state === "down").length) : "";
  useEffect(() => {
    document.title = title ? `Warren: ${title}` : "Warren";
  }, [title]);

  const shown = rows.filter(({ node }) => matches(filter, [node.name, node.underlayAddress, ...node.podCidrs]));
  const box = rows.length >= FILTER_FROM && (
    <Filter label="Filter nodes and links" value={filter} onChange={setFilter} found={shown.length} />
  );
  return (
    <>
      <header>
        <h1>Warren</h1>
        {mesh && <p class="cluster">cluster {mesh.cluster.id}</p>}
        <Status live={live} />
      </header>
      {mesh && (
        <main class={failure ? "old" : undefined}>
          <Facts facts={factsOf(mesh, rows, elapsedMs)} />
          <Attention concerns={concerns} />
          {rows.length === 0 ? (
            <HowToJoin />
          ) : (
            <>
              <Nodes filter={box} rows={shown} histories={live.histories} nowMs={live.receivedMs} />
              <div class="beside">
                <Links rows={shown} clusterCipher={mesh.cluster.cipher} />
                <Pods rows={rows} />
              </div>
            </>
          )}
        </main>
      )}
    </>
  );
}

function titleOf(down: number): string {
  return down > 0 ? `${down} down` : "all up";
}
