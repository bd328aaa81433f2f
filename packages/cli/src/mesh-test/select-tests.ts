import { WarrenError } from "@warren/common/errors/warren-error.ts";

/**
 * The names that patterns select, in the order of `names`: those that a plain pattern matches, or all where there is none,
 * without those that a pattern with `!` matches. `*` stands for any characters.
 * @throws `usage` for a pattern that matches nothing, and when nothing is left
 */
export function selectNames<Name extends string>(names: readonly Name[], patterns: readonly string[]): Name[] {
  const matching = (pattern: string) => {
    const found = names.filter((name) => matcherOf(pattern).test(name));
    if (found.length > 0) return found;
    throw new WarrenError("usage", `no test is named "${pattern}"; expected one of ${names.join(", ")}, or * in it`);
  };
  const wanted = patterns.filter((pattern) => !pattern.startsWith("!")).flatMap(matching);
  const unwanted = patterns.filter((pattern) => pattern.startsWith("!")).flatMap((each) => matching(each.slice(1)));
  const selected = names.filter((name) => (wanted.length === 0 || wanted.includes(name)) && !unwanted.includes(name));
  if (selected.length > 0) return selected;
  throw new WarrenError("usage", `${patterns.join(" ")} leaves no test; there are ${names.join(", ")}`);
}

function matcherOf(pattern: string): RegExp {
  const literal = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}
