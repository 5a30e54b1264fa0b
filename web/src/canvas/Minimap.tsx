import { useReactFlow, useStore, type ReactFlowState } from "@xyflow/react";
import { useLayoutEffect, useMemo, useRef, type PointerEvent, type WheelEvent } from "react";
import { CARD_COLORS, categoryHue } from "../graph/colors";
import { around, contains, fromMap, onMap, projection, viewOf, type Box, type Projection } from "../graph/minimap";
import type { FlowNode } from "./flow";
import { themeInForce, usePrefs } from "./prefs";

const WIDTH = 176;
const HEIGHT = 118;
const NOTCH = 1.1;
const screenOf = (s: ReactFlowState) => ({ transform: s.transform, width: s.width, height: s.height });
const sameScreen = (a: ReturnType<typeof screenOf>, b: ReturnType<typeof screenOf>) =>
  a.transform === b.transform && a.width === b.width && a.height === b.height;

/**
 * The whole sheet, small, while part of it is out of sight: drag to move, turn the wheel to zoom. React Flow's own
 * map listens to every change once for each node; this one is a picture that is drawn anew.
 */
export function Minimap({ nodes }: { nodes: readonly FlowNode[] }) {
  const { transform, width, height } = useStore(screenOf, sameScreen);
  const flow = useReactFlow();
  const bounds = useMemo(() => around(nodes.map(boxOf)), [nodes]);
  const view = viewOf(transform, width, height);
  if (!bounds || !width || contains(view, bounds)) return null;
  const map = projection(around([bounds, view])!, WIDTH, HEIGHT);
  const go = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!event.buttons) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const { x, y } = fromMap(map, event.clientX - box.x, event.clientY - box.y);
    void flow.setCenter(x, y, { zoom: transform[2] });
  };
  const zoom = (event: WheelEvent) => void flow.zoomTo(transform[2] * (event.deltaY < 0 ? NOTCH : 1 / NOTCH));
  return <Drawing nodes={nodes} view={view} map={map} onPointer={go} onWheel={zoom} />;
}

interface Props {
  readonly nodes: readonly FlowNode[];
  readonly view: Box;
  readonly map: Projection;
  readonly onPointer: (event: PointerEvent<HTMLCanvasElement>) => void;
  readonly onWheel: (event: WheelEvent) => void;
}

function Drawing({ nodes, view, map, onPointer, onWheel }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = themeInForce(usePrefs((s) => s.theme));
  const inks = useMemo(inksNow, [theme]);
  // Before the browser paints: drawn afterwards, the map would cost a frame of its own.
  useLayoutEffect(() => {
    const density = devicePixelRatio;
    const paint = canvas.current!.getContext("2d")!;
    paint.setTransform(density, 0, 0, density, 0, 0);
    paint.clearRect(0, 0, WIDTH, HEIGHT);
    for (const node of nodes) {
      const { x, y, width, height } = onMap(map, boxOf(node));
      paint.fillStyle = `hsl(${hueOf(node)} ${inks.tone} / ${node.type === "frame" ? 0.2 : 0.75})`;
      paint.fillRect(x, y, Math.max(1, width), Math.max(1, height));
    }
    const seen = onMap(map, view);
    paint.strokeStyle = inks.frame;
    paint.lineWidth = 1.5;
    paint.strokeRect(seen.x, seen.y, seen.width, seen.height);
  });
  return (
    <canvas
      ref={canvas}
      className="minimap nopan nowheel"
      data-testid="minimap"
      role="img"
      aria-label="Map of the workflow"
      width={WIDTH * devicePixelRatio}
      height={HEIGHT * devicePixelRatio}
      style={{ width: WIDTH, height: HEIGHT }}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
      onWheel={onWheel}
    />
  );
}

function inksNow(): { tone: string; frame: string } {
  const style = getComputedStyle(document.documentElement);
  return { tone: style.getPropertyValue("--cat-tone"), frame: style.getPropertyValue("--accent") };
}

function boxOf({ position, measured }: FlowNode): Box {
  return { x: position.x, y: position.y, width: measured?.width ?? 0, height: measured?.height ?? 0 };
}

function hueOf(node: FlowNode): number {
  if (node.type === "card") return CARD_COLORS[node.data.card.color] ?? categoryHue(node.data.schema.category);
  return node.type === "ghost" ? 0 : (CARD_COLORS[node.data.frame.color] ?? 232);
}
