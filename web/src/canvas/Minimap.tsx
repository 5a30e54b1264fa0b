import { useReactFlow, useStore, type ReactFlowState } from "@xyflow/react";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type PointerEvent, type WheelEvent } from "react";
import { CARD_COLORS, categoryHue } from "../graph/colors";
import { around, contains, fromMap, onMap, projection, viewOf, type Box, type Projection } from "../graph/minimap";
import type { FlowNode } from "./flow";
import { themeInForce, usePrefs } from "./prefs";

const WIDTH = 176;
const HEIGHT = 118;
const NOTCH = 1.1;
/** Milliseconds. */
const CALM = 250;
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
  const shown = useCalm(nodes);
  const bounds = useMemo(() => around(shown.map(boxOf)), [shown]);
  const view = viewOf(transform, width, height);
  if (!bounds || !width || contains(view, bounds)) return null;
  const map = projection(around([bounds, view])!, WIDTH, HEIGHT);
  const go = (event: PointerEvent<HTMLElement>) => {
    if (!event.buttons) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const { x, y } = fromMap(map, event.clientX - box.x, event.clientY - box.y);
    void flow.setCenter(x, y, { zoom: transform[2] });
  };
  const zoom = (event: WheelEvent) => void flow.zoomTo(transform[2] * (event.deltaY < 0 ? NOTCH : 1 / NOTCH));
  const seen = onMap(map, view);
  return (
    <div
      className="minimap nopan nowheel"
      data-testid="minimap"
      role="img"
      aria-label="Map of the workflow"
      style={{ width: WIDTH, height: HEIGHT }}
      onPointerDown={go}
      onPointerMove={go}
      onWheel={zoom}
    >
      <Picture nodes={shown} {...map} />
      <div className="minimap-view" style={{ width: seen.width, height: seen.height, transform: `translate(${seen.x}px, ${seen.y}px)` }} />
    </div>
  );
}

/** The cards on the map. Looking at another part of the sheet does not draw them anew. */
const Picture = memo(function Picture({ nodes, scale, left, top }: Projection & { nodes: readonly FlowNode[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = themeInForce(usePrefs((s) => s.theme));
  // Before the browser paints: drawn afterwards, the map would cost a frame of its own.
  useLayoutEffect(() => {
    const tone = getComputedStyle(document.documentElement).getPropertyValue("--cat-tone");
    const density = devicePixelRatio;
    const paint = canvas.current!.getContext("2d")!;
    paint.setTransform(density, 0, 0, density, 0, 0);
    paint.clearRect(0, 0, WIDTH, HEIGHT);
    for (const node of nodes) {
      const { x, y, width, height } = onMap({ scale, left, top }, boxOf(node));
      paint.fillStyle = `hsl(${hueOf(node)} ${tone} / ${node.type === "frame" ? 0.2 : 0.75})`;
      paint.fillRect(x, y, Math.max(1, width), Math.max(1, height));
    }
  }, [nodes, scale, left, top, theme]);
  return <canvas ref={canvas} width={WIDTH * devicePixelRatio} height={HEIGHT * devicePixelRatio} style={{ width: WIDTH, height: HEIGHT }} />;
});

/** A value as it was a moment ago at most: what changes with every move of a hand is followed a few times a second. */
function useCalm<T>(value: T): T {
  const [calm, setCalm] = useState(value);
  const latest = useRef(value);
  const timer = useRef(0);
  useEffect(() => {
    latest.current = value;
    if (value === calm || timer.current) return;
    timer.current = window.setTimeout(() => [(timer.current = 0), setCalm(latest.current)], CALM);
  });
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return calm;
}

function boxOf({ position, measured }: FlowNode): Box {
  return { x: position.x, y: position.y, width: measured?.width ?? 0, height: measured?.height ?? 0 };
}

function hueOf(node: FlowNode): number {
  if (node.type === "card") return CARD_COLORS[node.data.card.color] ?? categoryHue(node.data.schema.category);
  return node.type === "ghost" ? 0 : (CARD_COLORS[node.data.frame.color] ?? 232);
}
