import { label } from "../graph/catalog";
import { controlProps, useValue, type WidgetProps } from "./value";

interface Props {
  readonly props: WidgetProps;
  /** Undefined while the server has not said what there is. */
  readonly names: readonly string[] | undefined;
  readonly empty?: string;
  readonly onOpen?: () => void;
}

/** A list to pick from. A saved value that is not in it stays, and is shown as missing. */
export function Select({ props, names, empty = "none", onOpen }: Props) {
  const [raw, set] = useValue(props.node, props.input);
  const value = String(raw ?? "");
  const missing = value !== "" && names !== undefined && !names.includes(value);
  return (
    <label className={`w-line w-field ${missing ? "missing" : ""}`}>
      <span className="w-label">{label(props.input.name)}</span>
      <select
        {...controlProps(props)}
        aria-invalid={missing || props.invalid || undefined}
        className="nodrag nopan"
        value={value}
        onPointerDown={onOpen}
        onFocus={onOpen}
        onChange={(event) => set(event.target.value)}
      >
        {value === "" && <option value="">{names?.length === 0 ? empty : "choose…"}</option>}
        {value !== "" && !names?.includes(value) && <option value={value}>{missing ? `${value} (missing)` : value}</option>}
        {names?.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
