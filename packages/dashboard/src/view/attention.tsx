import type { Concern } from "../model/attention.ts";

/** More than this nobody reads; what is worst comes first. */
const MOST = 12;

/** What an operator should look at; nothing when all is well. */
export function Attention({ concerns }: { readonly concerns: readonly Concern[] }) {
  if (concerns.length === 0) return null;
  return (
    <section id="attention" aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      <ul class="concerns">
        {concerns.slice(0, MOST).map(({ node, text, isBad }) => (
          <li key={`${node} ${text}`} class={isBad ? "mark bad" : "mark warn"}>
            <strong>{node}</strong>: {text}
          </li>
        ))}
      </ul>
      {concerns.length > MOST && <p class="note">and {concerns.length - MOST} more, in the table of nodes</p>}
    </section>
  );
}
