import { isObject } from "./json";

/** What the drawing widgets keep as text: curves, boxes and arrows, in shares of 0 to 1. */
export type CurvePoint = readonly [x: number, y: number];

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

/** From a place on the picture to where it shall be. */
export type Arrow = readonly [x: number, y: number, toX: number, toY: number];

const share = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : 0);

function list(text: unknown): unknown[] {
  try {
    const value: unknown = typeof text === "string" && text ? JSON.parse(text) : text;
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

export function readCurve(text: unknown): CurvePoint[] {
  return list(text)
    .filter((point): point is unknown[] => Array.isArray(point) && point.length === 2)
    .map(([x, y]): CurvePoint => [number(x), number(y)])
    .sort((a, b) => a[0] - b[0]);
}

/** A point put elsewhere: between its neighbours, and within the limits. */
export function movePoint(points: readonly CurvePoint[], at: number, to: CurvePoint, min: number, max: number): CurvePoint[] {
  const left = points[at - 1]?.[0] ?? 0;
  const right = points[at + 1]?.[0] ?? 1;
  const x = share(Math.min(right, Math.max(left, to[0])));
  const y = Math.round(Math.min(max, Math.max(min, to[1])) * 1000) / 1000;
  return points.map((point, i) => (i === at ? [x, y] : point));
}

/** A new point in its place along x; returns where that is. */
export function addPoint(points: readonly CurvePoint[], point: CurvePoint): { points: CurvePoint[]; at: number } {
  const at = points.filter((p) => p[0] <= point[0]).length;
  return { points: [...points.slice(0, at), [share(point[0]), point[1]], ...points.slice(at)], at };
}

export function readBoxes(text: unknown): Box[] {
  return list(text)
    .filter(isObject)
    .map((box) => keepInside({ x: number(box["x"]), y: number(box["y"]), width: number(box["width"]), height: number(box["height"]), text: String(box["text"] ?? "") }));
}

/** The box moved, and cut if need be, so that it lies on the picture. */
export function keepInside(box: Box): Box {
  const width = share(Math.max(0.01, box.width));
  const height = share(Math.max(0.01, box.height));
  return { ...box, width, height, x: share(Math.min(box.x, 1 - width)), y: share(Math.min(box.y, 1 - height)) };
}

/** The box between two corners, in whatever order. */
export function boxBetween(one: readonly [number, number], other: readonly [number, number], text = ""): Box {
  const [x, y] = [Math.max(0, Math.min(one[0], other[0])), Math.max(0, Math.min(one[1], other[1]))];
  return keepInside({ x, y, width: Math.min(1, Math.max(one[0], other[0])) - x, height: Math.min(1, Math.max(one[1], other[1])) - y, text });
}

export function readArrows(text: unknown): Arrow[] {
  return list(text)
    .filter((arrow): arrow is unknown[] => Array.isArray(arrow) && arrow.length === 4)
    .map((arrow) => arrow.map((part) => share(number(part))) as unknown as Arrow);
}

/** One end of an arrow put elsewhere: 0 its start, 1 its tip. */
export function moveEnd(arrows: readonly Arrow[], at: number, end: 0 | 1, [x, y]: readonly [number, number]): Arrow[] {
  return arrows.map((arrow, i): Arrow => {
    if (i !== at) return arrow;
    return end === 0 ? [share(x), share(y), arrow[2], arrow[3]] : [arrow[0], arrow[1], share(x), share(y)];
  });
}
