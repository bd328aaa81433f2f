/** A column of text under its head; `left` for words, numbers stand right. */
export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  readonly left?: boolean;
}

const GAP = "  ";

/** Lines with the columns side by side, indented by one gap, the heads in the first line. */
export function grid(columns: readonly Column[]): string[] {
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  return Array.from({ length: rows + 1 }, (_, row) => {
    const texts = columns.map((column) => {
      const text = (row === 0 ? column.head : column.cells[row - 1]) ?? "";
      return column.left ? text.padEnd(widthOf(column)) : text.padStart(widthOf(column));
    });
    return `${GAP}${texts.join(GAP)}`.trimEnd();
  });
}

/** Number of characters of the longest line that `grid` makes of these. */
export function gridWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + GAP.length + widthOf(column), 0);
}

function widthOf({ head, cells }: Column): number {
  return Math.max(head.length, ...cells.map((cell) => cell.length));
}
