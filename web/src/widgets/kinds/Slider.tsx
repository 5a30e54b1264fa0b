import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { SliderWidget } from "../../api/types";
import { DRAG, sealStep } from "../../canvas/editor";
import { label } from "../../graph/catalog";
import { formatNumber, snap } from "../../graph/numbers";
import { NumberEntry } from "../NumberEntry";
import { controlProps, useValue, type WidgetProps } from "../value";

const FINE = 0.1;

/** Drag anywhere to scrub, click to type; Shift is fine, arrow keys go a step. */
export default function Slider(props: WidgetProps<SliderWidget>) {
  const { node, input, widget, disabled } = props;
  const [raw, set] = useValue(node, input);
  const [typing, setTyping] = useState(false);
  const whole = input.type === "int";
  const range = { ...widget, step: widget.step || (whole ? 1 : 0.01) };
  const value = Number(raw ?? range.min);
  const scrub = useScrub(value, (next, fine) => set(snap(next, range, fine && !whole ? range.step * FINE : range.step), DRAG), range.max - range.min);

  if (typing && !disabled) {
    return <NumberEntry props={props} value={value} range={range} onDone={() => setTyping(false)} />;
  }
  const key = (event: KeyboardEvent) => {
    const direction = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" || /^[0-9.-]$/.test(event.key)) setTyping(true);
    else if (direction) set(snap(value + direction * range.step * (event.shiftKey ? 10 : 1), range));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const share = Math.min(1, Math.max(0, (value - range.min) / (range.max - range.min || 1)));
  const { disabled: _disabled, ...control } = controlProps(props);
  return (
    <div
      {...control}
      className="w-slider nodrag nopan"
      role="slider"
      tabIndex={disabled ? -1 : 0}
      aria-disabled={disabled}
      aria-valuenow={value}
      aria-valuemin={range.min}
      aria-valuemax={range.max}
      onKeyDown={disabled ? undefined : key}
      onPointerDown={disabled ? undefined : (event) => scrub(event, () => setTyping(true))}
    >
      <div className="w-fill" style={{ transform: `scaleX(${share})` }} />
      <span className="w-label">{label(input.name)}</span>
      <output className="w-number">
        {formatNumber(value, range.step)}
        {widget.unit && <small> {widget.unit}</small>}
      </output>
    </div>
  );
}

/** Pointer dragging over the bar's width covers the range; a press without a move is a click. */
function useScrub(value: number, set: (value: number, fine: boolean) => void, span: number) {
  const start = useRef({ x: 0, value: 0, moved: false });
  return (event: PointerEvent<HTMLElement>, click: () => void) => {
    if (event.button !== 0) return;
    const bar = event.currentTarget;
    bar.setPointerCapture(event.pointerId);
    start.current = { x: event.clientX, value, moved: false };
    sealStep();
    const move = (at: globalThis.PointerEvent) => {
      const from = start.current;
      if (!from.moved && Math.abs(at.clientX - from.x) < 3) return;
      from.moved = true;
      const width = bar.getBoundingClientRect().width || 1;
      set(from.value + ((at.clientX - from.x) / width) * span * (at.shiftKey ? FINE : 1), at.shiftKey);
    };
    const end = (at: globalThis.PointerEvent) => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", end);
      bar.removeEventListener("pointercancel", end);
      sealStep();
      if (!start.current.moved && at.type === "pointerup") click();
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", end);
    bar.addEventListener("pointercancel", end);
  };
}
