import type { Box, Spot } from "./arrange";

/** Lining up cards. `centre` and `middle` are the vertical and the horizontal line through their middles. */
export type Alignment = "left" | "centre" | "right" | "top" | "middle" | "bottom";
export type Axis = "x" | "y";
export type PlacedBox = Box & Spot;

const LENGTH = { x: "width", y: "height" } as const;
/** Along which axis an alignment moves, and which part of a box it lines up: 0 its start, 1 its end. */
const RULES: Readonly<Record<Alignment, { axis: Axis; part: number }>> = {
  left: { axis: "x", part: 0 },
  centre: { axis: "x", part: 0.5 },
  right: { axis: "x", part: 1 },
  top: { axis: "y", part: 0 },
  middle: { axis: "y", part: 0.5 },
  bottom: { axis: "y", part: 1 },
};

/** Where the boxes go so that they line up with the outermost of them, or with the middle of all. */
export function align(boxes: readonly PlacedBox[], to: Alignment): Map<string, Spot> {
  const { axis, part } = RULES[to];
  const start = Math.min(...boxes.map((b) => b[axis]));
  const end = Math.max(...boxes.map((b) => b[axis] + b[LENGTH[axis]]));
  const line = start + part * (end - start);
  return new Map(boxes.map((b) => [b.id, at(b, axis, line - part * b[LENGTH[axis]])]));
}

/** Equal gaps between the boxes. The first and the last stay; when there is no room for gaps, all overlap alike. */
export function distribute(boxes: readonly PlacedBox[], axis: Axis): Map<string, Spot> {
  const row = [...boxes].sort((a, b) => a[axis] + a[LENGTH[axis]] / 2 - (b[axis] + b[LENGTH[axis]] / 2));
  const [first] = row;
  const last = row.at(-1);
  if (!first || !last || row.length < 3) return new Map(boxes.map((b) => [b.id, at(b, axis, b[axis])]));
  const filled = row.reduce((sum, b) => sum + b[LENGTH[axis]], 0);
  const gap = (last[axis] + last[LENGTH[axis]] - first[axis] - filled) / (row.length - 1);
  let next = first[axis];
  return new Map(
    row.map((b) => {
      const spot = at(b, axis, next);
      next += b[LENGTH[axis]] + gap;
      return [b.id, spot];
    }),
  );
}

function at(box: PlacedBox, axis: Axis, value: number): Spot {
  const { x, y } = box;
  return { x, y, [axis]: Math.round(value) };
}
