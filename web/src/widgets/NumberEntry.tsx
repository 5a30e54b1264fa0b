import { useRef } from "react";
import { clamp, formatNumber, parseNumber, type Range } from "../graph/numbers";
import { controlProps, useValue, type WidgetProps } from "./value";

interface Props {
  readonly props: WidgetProps;
  readonly value: number;
  readonly range: Range;
  readonly onDone: () => void;
}

/** A field to type a number. Enter or leaving it takes the value, Escape does not. */
export function NumberEntry({ props, value, range, onDone }: Props) {
  const [, set] = useValue(props.node, props.input);
  const dropped = useRef(false);
  const take = (text: string) => {
    const typed = dropped.current ? null : parseNumber(text, props.input.type === "int");
    if (typed !== null && typed !== value) set(clamp(typed, range));
    onDone();
  };
  return (
    <input
      {...controlProps(props)}
      className="w-entry nodrag nopan"
      autoFocus
      inputMode="decimal"
      defaultValue={formatNumber(value, range.step)}
      onFocus={(event) => event.target.select()}
      onBlur={(event) => take(event.target.value)}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey) return;
        event.stopPropagation();
        dropped.current = event.key === "Escape";
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
