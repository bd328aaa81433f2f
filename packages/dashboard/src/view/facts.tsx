import type { Fact } from "../model/facts.ts";

/** The mesh in six facts. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts" aria-label="The mesh">
      {facts.map(({ name, value, detail, tone }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class={tone}>{value}</span>
            {detail && <small>{detail}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
