interface SortHeaderProps {
  readonly column: string;
  readonly label: string;
  readonly isNumber: boolean;
  readonly isSorted: boolean;
  readonly onSort: () => void;
}

/** The head of a column that the table can be ordered by: names from the first, figures from the largest. */
export function SortHeader({ column, label, isNumber, isSorted, onSort }: SortHeaderProps) {
  const order = isNumber ? "descending" : "ascending";
  return (
    <th scope="col" class={isNumber ? `number ${column}` : column} aria-sort={isSorted ? order : "none"}>
      <button type="button" class="sort" onClick={onSort}>
        {label}
      </button>
    </th>
  );
}
