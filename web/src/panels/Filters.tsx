interface Props {
  /** What is searched, for the labels. */
  readonly what: string;
  readonly typed: string;
  readonly onType: (text: string) => void;
  /** Values and what they are called; the first shows all. */
  readonly choices: Readonly<Record<string, string>>;
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}

/** A search field with a choice beside it, on top of a list. */
export function Filters({ what, typed, onType, choices, chosen, onChoose }: Props) {
  return (
    <div className="row">
      <input className="search" type="search" placeholder={`Search ${what}`} aria-label={`Search ${what}`} value={typed} onChange={(event) => onType(event.target.value)} />
      <select className="filter" aria-label={`Which ${what}`} value={chosen} onChange={(event) => onChoose(event.target.value)}>
        {Object.entries(choices).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
