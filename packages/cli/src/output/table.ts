/** A column of a table over rows of one type. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
  /** Only shown with `-o wide`. */
  readonly wide?: boolean;
}

const GAP = "   ";
/** Colour sequences take no room on the screen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const COLOR = /\u001b\[\d+m/g;

/** Columns as kubectl prints them: capitals, three-space gaps, no borders, so that awk can read them. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], wide: boolean): string {
  const shown = columns.filter((column) => wide || !column.wide);
  const lines = [
    shown.map((column) => column.header),
    ...rows.map((row) => shown.map((column) => dashIfEmpty(column.cell(row)))),
  ];
  const widths = shown.map((_, index) => Math.max(...lines.map((line) => visibleLength(line[index]!))));
  return lines
    .map((line) =>
      line
        .map((cell, index) => pad(cell, widths[index]!))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** `Key:  value` lines, for one thing with many properties. A value of several lines is indented. */
export function formatProperties(properties: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...properties.map(([name]) => name.length)) + 1;
  return properties
    .map(([name, value]) => `${`${name}:`.padEnd(width)} ${value.replaceAll("\n", `\n${" ".repeat(width + 1)}`)}\n`)
    .join("");
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(width - visibleLength(cell));
}

function visibleLength(text: string): number {
  return text.replace(COLOR, "").length;
}

function dashIfEmpty(cell: string): string {
  return cell === "" ? "-" : cell;
}
