interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** How many it lets through. */
  readonly found: number;
}

/** A box for words that must be in what is shown. */
export function Filter({ label, value, onChange, found }: FilterProps) {
  return (
    <search class="filter">
      <label>
        <span class="spoken">{label}</span>
        <input
          type="search"
          placeholder={label}
          value={value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
      <span class="note" role="status">
        {value.trim() === "" ? "" : `${found} found`}
      </span>
    </search>
  );
}
