/** A section of a unit file: comments, settings and empty lines, in their order. */
export interface UnitSection {
  readonly name: "Unit" | "Service" | "Install";
  readonly lines: readonly string[];
}

/** The text of a unit, with a first line that tells whose it is: what we did not write we do not remove. */
export function formatUnit(firstLine: string, sections: readonly UnitSection[]): string {
  const blocks = sections.map(({ name, lines }) => [`[${name}]`, ...lines].join("\n"));
  return `# ${firstLine}\n\n${blocks.join("\n\n")}\n`;
}

/** The value of `ExecStart=`: systemd splits it at blanks, and replaces `%` specifiers and `$` variables. */
export function formatCommand(words: readonly string[]): string {
  return words.map(formatWord).join(" ");
}

function formatWord(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@/.:=,+%$-]+$/.test(word) ? escaped : `"${escaped}"`;
}
