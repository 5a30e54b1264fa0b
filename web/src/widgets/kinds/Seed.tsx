import { edit, useEditor } from "../../canvas/editor";
import { label } from "../../graph/catalog";
import { drawSeed, seedMode, seedValue, setSeedMode } from "../../graph/seeds";
import { Icon } from "../../panels/Icon";
import { controlProps, useValue, type WidgetProps } from "../value";

/** Digits, a dice for a new seed now, and a switch for a new seed at each run. */
export default function Seed(props: WidgetProps) {
  const { node, input, disabled } = props;
  const [value, set] = useValue(node, input);
  const mode = useEditor((s) => seedMode(s.cards[node], input.name));
  const random = mode === "random";
  const hint = random ? "New seed at each run; click to keep this one" : "Seed is kept; click for a new one at each run";
  return (
    <div className="w-line">
      <label className="w-field">
        <span className="w-label">{label(input.name)}</span>
        <input
          {...controlProps(props)}
          className="nodrag nopan"
          inputMode="numeric"
          value={String(value ?? 0)}
          onChange={(event) => set(seedValue(event.target.value))}
        />
      </label>
      <button type="button" className="w-icon nodrag" title="New seed" aria-label="New seed" disabled={disabled} onClick={() => set(drawSeed())}>
        <Icon name="dice" />
      </button>
      <button
        type="button"
        className={`w-icon nodrag ${random ? "on" : ""}`}
        title={hint}
        aria-label="New seed at each run"
        aria-pressed={random}
        data-testid={`seed-mode-${input.name}`}
        disabled={disabled}
        onClick={() => edit((sheet) => setSeedMode(sheet, node, input.name, random ? "fixed" : "random"))}
      >
        <Icon name={random ? "shuffle" : "lock"} />
      </button>
    </div>
  );
}
