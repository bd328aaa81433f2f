import { type CompletionPoint, lastWord, valueKind } from "./words.ts";

/** A fish completion script: one rule per subcommand and flag, each with the condition that its command was typed. */
export function fishScript(points: readonly CompletionPoint[]): string {
  return `# fish completion of warren; save as ~/.config/fish/completions/warren.fish
function __warren_path
    set -l path
    contains -- -- (commandline -opc); and return 1
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
${points.flatMap((point) => point.subcommands.map((sub) => `            case ${quote(`${point.path} ${lastWord(sub.path)}`)}\n                set path ${quote(sub.path)}`)).join("\n")}
        end
    end
    test "$path" = "$argv[1]"
end
complete -c warren -f
complete -c warren -n 'contains -- -- (commandline -opc)' -a '(__fish_complete_command)'
${points.flatMap(rules).join("\n")}
`;
}

function rules(point: CompletionPoint): string[] {
  const rule = `complete -c warren -n ${quote(`__warren_path ${quote(point.path)}`)}`;
  return [
    ...point.subcommands.map((sub) => `${rule} -a ${lastWord(sub.path)} -d ${quote(sub.description)}`),
    ...point.choices.map((choice) => `${rule} -a ${choice}`),
    ...point.flags.map((flag) => {
      const short = flag.short ? ` -s ${flag.short}` : "";
      const kind = valueKind(flag);
      const value =
        flag.value === undefined
          ? ""
          : kind === "file"
            ? " -r -F"
            : kind === "directory"
              ? " -x -a '(__fish_complete_directories)'"
              : kind === "none"
                ? " -x"
                : ` -x -a ${quote(kind.join(" "))}`;
      return `${rule} -l ${flag.name}${short}${value} -d ${quote(flag.description)}`;
    }),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
