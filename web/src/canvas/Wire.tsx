import { BezierEdge, BaseEdge, useReactFlow, type EdgeProps } from "@xyflow/react";
import type { PointerEvent } from "react";
import { addDot, course, moveDot, removeDot } from "../graph/dots";
import type { Dot } from "../graph/sheet";
import { DRAG, edit, sealStep } from "./editor";
import type { MarkedEdge } from "./flowEdges";

/** A link: with dots it goes through them, and where two techniques are at odds it says why on hover. */
export function Wire({ data, ...edge }: EdgeProps<MarkedEdge>) {
  const flow = useReactFlow();
  const start = { x: edge.sourceX, y: edge.sourceY };
  const end = { x: edge.targetX, y: edge.targetY };
  const dots = data?.via ?? [];
  const path = course([start, ...dots, end]);
  const add = (event: PointerEvent) => {
    if (!event.altKey || event.button !== 0) return;
    event.stopPropagation();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    edit((sheet) => addDot(sheet, edge.id, at, start, end));
  };
  return (
    <g onPointerDown={add}>
      {data?.conflict && <title>{data.conflict}</title>}
      {dots.length ? <BaseEdge id={edge.id} path={path} style={edge.style} interactionWidth={20} /> : <BezierEdge {...edge} />}
      {dots.map((dot, i) => (
        <WireDot key={i} edge={edge.id} index={i} dot={dot} color={String(edge.style?.stroke ?? "var(--dim)")} />
      ))}
    </g>
  );
}

function WireDot({ edge, index, dot, color }: { edge: string; index: number; dot: Dot; color: string }) {
  const flow = useReactFlow();
  const grab = (event: PointerEvent<SVGCircleElement>) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    const circle = event.currentTarget;
    circle.setPointerCapture(event.pointerId);
    sealStep();
    const move = (at: globalThis.PointerEvent) => {
      const to = flow.screenToFlowPosition({ x: at.clientX, y: at.clientY });
      edit((sheet) => moveDot(sheet, edge, index, to), `dot ${edge} ${index}`, DRAG);
    };
    const done = () => {
      circle.removeEventListener("pointermove", move);
      circle.removeEventListener("pointerup", done);
      circle.removeEventListener("pointercancel", done);
      sealStep();
    };
    circle.addEventListener("pointermove", move);
    circle.addEventListener("pointerup", done);
    circle.addEventListener("pointercancel", done);
  };
  return (
    <circle
      className="wire-dot nopan nodrag"
      data-testid="wire-dot"
      cx={dot.x}
      cy={dot.y}
      r={6}
      fill={color}
      onPointerDown={grab}
      onMouseDown={(event) => event.stopPropagation()}
      onDoubleClick={(event) => [event.stopPropagation(), edit((sheet) => removeDot(sheet, edge, index))]}
    >
      <title>Drag to lead the link; double-click to remove the dot</title>
    </circle>
  );
}
