import { type CompletionPoint, lastWord, valueKind } from "./words.ts";

/** A bash completion script: finds the command among the words so far, then offers its words and flags. */
export function bashScript(points: readonly CompletionPoint[]): string {
  return `# bash completion of warren; load with: eval "$(warren completion bash)"
_warren() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} path="" word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -- ]] && { COMPREPLY=($(compgen -c -- "$current")); return; }
    case "$path/$word" in
${points.flatMap((point) => point.subcommands.map((sub) => `      "${point.path}/${lastWord(sub.path)}") path="${sub.path}" ;;`)).join("\n")}
    esac
  done
  case "$path/$previous" in
${points.flatMap(valueCases).join("\n")}
  esac
  case "$path" in
${points.map((point) => `    "${point.path}") COMPREPLY=($(compgen -W "${offers(point)}" -- "$current")) ;;`).join("\n")}
  esac
}
complete -F _warren warren
`;
}

function valueCases(point: CompletionPoint): string[] {
  return point.flags
    .filter((flag) => flag.value !== undefined)
    .map((flag) => {
      const names = [`"${point.path}/--${flag.name}"`, ...(flag.short ? [`"${point.path}/-${flag.short}"`] : [])];
      const kind = valueKind(flag);
      const generate =
        kind === "file" ? "-f" : kind === "directory" ? "-d" : kind === "none" ? undefined : `-W "${kind.join(" ")}"`;
      const action = generate === undefined ? "" : `COMPREPLY=($(compgen ${generate} -- "$current")); `;
      return `    ${names.join("|")}) ${action}return ;;`;
    });
}

function offers(point: CompletionPoint): string {
  return [
    ...point.subcommands.map((sub) => lastWord(sub.path)),
    ...point.choices,
    ...point.flags.map((flag) => `--${flag.name}`),
  ].join(" ");
}
