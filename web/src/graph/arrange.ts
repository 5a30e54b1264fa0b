import type { Link } from "./sheet";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

const GAP_X = 70;
const GAP_Y = 32;
const SWEEPS = 4;

/**
 * A layered layout: every node stands right of all that feed it (longest path), columns are ordered by the
 * barycentre of their neighbours (Sugiyama, 1981), and each column is centred on the tallest.
 */
export function arrange(boxes: readonly Box[], links: readonly Link[]): Map<string, Spot> {
  const known = new Set(boxes.map((b) => b.id));
  const wires = links.filter((l) => known.has(l.source) && known.has(l.target));
  const columns = orderColumns(toColumns(boxes, layers(boxes, wires)), wires);
  const heights = columns.map((column) => column.reduce((sum, b) => sum + b.height + GAP_Y, -GAP_Y));
  const tallest = Math.max(0, ...heights);
  const spots = new Map<string, Spot>();
  let x = 0;
  columns.forEach((column, i) => {
    let y = (tallest - heights[i]!) / 2;
    for (const box of column) {
      spots.set(box.id, { x: Math.round(x), y: Math.round(y) });
      y += box.height + GAP_Y;
    }
    x += Math.max(0, ...column.map((b) => b.width)) + GAP_X;
  });
  return spots;
}

function layers(boxes: readonly Box[], links: readonly Link[]): Map<string, number> {
  const feeds = new Map<string, string[]>();
  for (const link of links) feeds.set(link.target, [...(feeds.get(link.target) ?? []), link.source]);
  const depth = new Map<string, number>();
  const visit = (id: string): number => {
    const known = depth.get(id);
    if (known !== undefined) return known;
    depth.set(id, 0); // a circle, which a document may hold, ends here
    const value = Math.max(-1, ...(feeds.get(id) ?? []).map(visit)) + 1;
    depth.set(id, value);
    return value;
  };
  boxes.forEach((box) => visit(box.id));
  pullRight(boxes, links, depth);
  return depth;
}

/** A node that only feeds a late one belongs next to it, not in the first column. */
function pullRight(boxes: readonly Box[], links: readonly Link[], depth: Map<string, number>): void {
  const byDepth = [...boxes].sort((a, b) => depth.get(b.id)! - depth.get(a.id)!);
  for (const box of byDepth) {
    const targets = links.filter((l) => l.source === box.id).map((l) => depth.get(l.target)! - 1);
    if (targets.length) depth.set(box.id, Math.max(depth.get(box.id)!, Math.min(...targets)));
  }
}

function toColumns(boxes: readonly Box[], depth: ReadonlyMap<string, number>): Box[][] {
  const columns: Box[][] = [];
  for (const box of boxes) (columns[depth.get(box.id)!] ??= []).push(box);
  return Array.from(columns, (column) => column ?? []).filter((column) => column.length > 0);
}

function orderColumns(columns: Box[][], links: readonly Link[]): Box[][] {
  const rank = new Map<string, number>();
  const remember = (column: readonly Box[]) => column.forEach((b, i) => rank.set(b.id, (i + 0.5) / column.length));
  columns.forEach(remember);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const pull = new Map(column.map((b) => [b.id, barycentre(b.id, links, rank)]));
      column.sort((a, b) => pull.get(a.id)! - pull.get(b.id)!);
      remember(column);
    }
  }
  return columns;
}

function barycentre(id: string, links: readonly Link[], rank: ReadonlyMap<string, number>): number {
  const near = links.flatMap((l) => (l.source === id ? [l.target] : l.target === id ? [l.source] : []));
  if (!near.length) return rank.get(id)!;
  return near.reduce((sum, n) => sum + rank.get(n)!, 0) / near.length;
}
