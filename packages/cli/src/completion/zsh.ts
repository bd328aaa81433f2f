import type { FlagSpec } from "../command-spec.ts";
import { type CompletionPoint, lastWord, valueKind } from "./words.ts";

/** A zsh completion script: finds the command among the words so far, then describes its words and flags. */
export function zshScript(points: readonly CompletionPoint[]): string {
  return `#compdef warren
# zsh completion of warren; load with: source <(warren completion zsh)
_warren() {
  local path="" word i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    [[ $word == -- ]] && { _command_names -e; return }
    case "$path/$word" in
${points.flatMap((point) => point.subcommands.map((sub) => `      ${quote(`${point.path}/${lastWord(sub.path)}`)}) path=${quote(sub.path)} ;;`)).join("\n")}
    esac
  done
  case "$path" in
${points.map(pointCase).join("\n")}
  esac
}
compdef _warren warren
`;
}

function pointCase(point: CompletionPoint): string {
  const words = [
    ...point.subcommands.map((sub) => `${lastWord(sub.path)}:${sub.description.replaceAll(":", "\\:")}`),
    ...point.choices,
  ];
  const offered = words.length > 0 ? `      local -a offered=(${words.map(quote).join(" ")})\n` : "";
  const first = words.length > 0 ? [quote("*:word:{_describe word offered}")] : [];
  return `    ${quote(point.path)})
${offered}      _arguments ${[...point.flags.flatMap(flagSpecs), ...first].join(" \\\n        ")}
      ;;`;
}

function flagSpecs(flag: FlagSpec): string[] {
  const repeat = flag.list ? "*" : "";
  const text = `[${flag.description.replace(/[[\]:]/g, (sign) => `\\${sign}`)}]`;
  const kind = valueKind(flag);
  const completer =
    kind === "file" ? "_files" : kind === "directory" ? "_files -/" : kind === "none" ? " " : `(${kind.join(" ")})`;
  const value = flag.value === undefined ? "" : `:${flag.value.replaceAll(":", "\\:")}:${completer}`;
  return [`--${flag.name}`, ...(flag.short ? [`-${flag.short}`] : [])].map((name) =>
    quote(`${repeat}${name}${text}${value}`),
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
