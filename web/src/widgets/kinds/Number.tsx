import { useState } from "react";
import type { NumberWidget } from "../../api/types";
import { label } from "../../graph/catalog";
import { formatNumber, snap } from "../../graph/numbers";
import { NumberEntry } from "../NumberEntry";
import { controlProps, useValue, type WidgetProps } from "../value";

/** A number without a natural scale: type it, or step with the buttons and arrow keys. */
export default function NumberField(props: WidgetProps<NumberWidget>) {
  const { node, input, widget, disabled } = props;
  const [raw, set] = useValue(node, input);
  const [typing, setTyping] = useState(false);
  const range = { min: widget.min, max: widget.max, step: widget.step || (input.type === "int" ? 1 : 0.01) };
  const value = Number(raw ?? range.min ?? 0);
  // The button's text, name and number, is its name.
  const { "aria-label": _name, ...control } = controlProps(props);
  const go = (steps: number) => set(snap(value + steps * range.step, range));
  if (typing && !disabled) return <NumberEntry props={props} value={value} range={range} onDone={() => setTyping(false)} />;
  return (
    <div className="w-line w-stepper">
      <button type="button" className="nodrag" tabIndex={-1} disabled={disabled} aria-label={`less ${label(input.name)}`} onClick={() => go(-1)}>
        −
      </button>
      <button
        type="button"
        {...control}
        className="w-typed nodrag"
        onClick={() => setTyping(true)}
        onKeyDown={(event) => {
          const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
          if (!direction) return;
          event.preventDefault();
          event.stopPropagation();
          go(direction * (event.shiftKey ? 10 : 1));
        }}
      >
        <span className="w-label">{label(input.name)}</span>
        <span className="w-number">
          {formatNumber(value, range.step)}
          {widget.unit && <small> {widget.unit}</small>}
        </span>
      </button>
      <button type="button" className="nodrag" tabIndex={-1} disabled={disabled} aria-label={`more ${label(input.name)}`} onClick={() => go(1)}>
        +
      </button>
    </div>
  );
}
