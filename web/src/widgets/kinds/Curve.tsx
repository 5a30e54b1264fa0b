import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { CurveWidget } from "../../api/types";
import { DRAG, sealStep } from "../../canvas/editor";
import { label } from "../../graph/catalog";
import { addPoint, movePoint, readCurve, type CurvePoint } from "../../graph/shapes";
import { controlProps, useValue, type WidgetProps } from "../value";

/** A curve to draw: double-click adds a point, drag moves it, Delete removes it, arrow keys nudge it. */
export default function Curve(props: WidgetProps<CurveWidget>) {
  const { node, input, widget, disabled } = props;
  const [raw, set] = useValue(node, input);
  const [current, setCurrent] = useState<number | null>(null);
  const box = useRef<SVGSVGElement>(null);
  const { min, max } = widget;
  const points = readCurve(raw);
  const keep = (next: readonly CurvePoint[], within?: number) => set(JSON.stringify(next), within);
  const at = (event: { clientX: number; clientY: number }): CurvePoint => {
    const area = box.current!.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, max - ((event.clientY - area.top) / area.height) * (max - min)];
  };
  const grab = (event: PointerEvent<SVGElement>, i: number) => {
    if (event.button !== 0 || disabled) return;
    event.stopPropagation();
    setCurrent(i);
    const dot = event.currentTarget;
    dot.setPointerCapture(event.pointerId);
    sealStep();
    dot.onpointermove = (move) => keep(movePoint(points, i, at(move), min, max), DRAG);
    dot.onpointerup = dot.onpointercancel = () => {
      dot.onpointermove = null;
      sealStep();
    };
  };
  const key = (event: KeyboardEvent, i: number) => {
    const step = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, 0.01], ArrowDown: [0, -0.01] }[event.key];
    const [x, y] = points[i]!;
    if (step) keep(movePoint(points, i, [x + step[0]!, y + step[1]! * (max - min)], min, max));
    else if (event.key === "Delete" || event.key === "Backspace") keep(points.filter((_, other) => other !== i));
    else if (event.key === "+") keep(addPoint(points, middle(points, i)).points);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const screen = ([x, y]: CurvePoint) => ({ x: 100 * x, y: (100 * (max - y)) / (max - min || 1) });
  const path = points.map((point) => `${screen(point).x},${screen(point).y}`).join(" ");
  const shown = current === null ? undefined : points[current];
  const { disabled: _off, ...control } = controlProps(props);
  return (
    <div className="w-curve">
      <span className="w-label">
        {label(input.name)} {shown && <b>{`${shown[0]} → ${shown[1]}`}</b>}
      </span>
      <div {...control} className="w-plot nodrag nopan" role="group">
        <svg ref={box} viewBox="0 0 100 100" preserveAspectRatio="none" onDoubleClick={(event) => [event.stopPropagation(), !disabled && keep(addPoint(points, at(event)).points)]}>
          <path className="grid" d="M0 25H100M0 50H100M0 75H100M25 0V100M50 0V100M75 0V100" />
          <polyline points={path} />
        </svg>
        {points.map((point, i) => (
          <button
            key={i}
            type="button"
            className="w-point"
            style={{ left: `${screen(point).x}%`, top: `${screen(point).y}%` }}
            disabled={disabled}
            aria-label={`Point ${i + 1}: ${point[0]}, ${point[1]}`}
            onPointerDown={(event) => grab(event as unknown as PointerEvent<SVGElement>, i)}
            onKeyDown={(event) => key(event, i)}
            onFocus={() => setCurrent(i)}
            onBlur={() => setCurrent(null)}
          />
        ))}
      </div>
    </div>
  );
}

/** Half way to the next point, or to the one before the last. */
function middle(points: readonly CurvePoint[], i: number): CurvePoint {
  const [one, other] = [points[i]!, points[i + 1] ?? points[i - 1] ?? points[i]!];
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}
