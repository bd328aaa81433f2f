import type { FlagSpec } from "../command-spec.ts";
import { type CompletionPoint, lastWord, valueKind } from "./words.ts";

/** A zsh completion script: finds the command among the words so far, then describes its words and flags. */
export function zshScript(points: readonly CompletionPoint[]): string {
  return `#compdef warren
# zsh completion of warren; load with: source <(warren completion zsh), or save as _warren in a folder of $fpath
_warren() {
  # Not "path": zsh ties that name to PATH.
  local at="" word i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    [[ $word == -- ]] && { _command_names -e; return }
    case "$at/$word" in
${points.flatMap((point) => point.subcommands.map((sub) => `      ${quote(`${point.path}/${lastWord(sub.path)}`)}) at=${quote(sub.path)} ;;`)).join("\n")}
    esac
  done
  case "$at" in
${points.map(pointCase).join("\n")}
  esac
}
# From $fpath this file is the body of the function, called to complete at once.
if [[ $funcstack[1] == _warren ]]; then _warren "$@"; else compdef _warren warren; fi
`;
}

function pointCase(point: CompletionPoint): string {
  const words = [
    ...point.subcommands.map((sub) => `${lastWord(sub.path)}:${sub.description.replaceAll(":", "\\:")}`),
    ...point.choices,
  ];
  const offered = words.length > 0 ? `      local -a offered=(${words.map(quote).join(" ")})\n` : "";
  // The words of the command are arguments too: without a place for them, no flag behind them is completed.
  const rest = quote(words.length > 0 ? "*:word:{_describe word offered}" : "*:word:( )");
  return `    ${quote(point.path)})
${offered}      _arguments ${[...point.flags.flatMap(flagSpecs), rest].join(" \\\n        ")}
      ;;`;
}

function flagSpecs(flag: FlagSpec): string[] {
  const repeat = flag.list ? "*" : "";
  const text = `[${flag.description.replace(/[[\]:]/g, (sign) => `\\${sign}`)}]`;
  const kind = valueKind(flag);
  const completer =
    kind === "file" ? "_files" : kind === "directory" ? "_files -/" : kind === "none" ? " " : `(${kind.join(" ")})`;
  const value = flag.value === undefined ? "" : `:${flag.value.replaceAll(":", "\\:")}:${completer}`;
  // With the sign the value may stand behind it, or be the next word.
  const long = `--${flag.name}${flag.value === undefined ? "" : "="}`;
  return [long, ...(flag.short ? [`-${flag.short}`] : [])].map((name) => quote(`${repeat}${name}${text}${value}`));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
