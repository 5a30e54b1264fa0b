/** The small map of a sheet: what it shows, and where a place on it lies. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The box around all of them; null around none. */
export function around(boxes: readonly Box[]): Box | null {
  if (!boxes.length) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** What the screen shows of the canvas at a transform (x, y, zoom). */
export function viewOf([x, y, zoom]: readonly [number, number, number], width: number, height: number): Box {
  return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
}

export function contains(outer: Box, inner: Box): boolean {
  return outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.width >= inner.x + inner.width && outer.y + outer.height >= inner.y + inner.height;
}

/** How the world lies on a map of a size (pixels): whole, centred, with a margin. */
export interface Projection {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

const MARGIN = 8;

export function projection(world: Box, width: number, height: number): Projection {
  const scale = Math.min((width - 2 * MARGIN) / Math.max(1, world.width), (height - 2 * MARGIN) / Math.max(1, world.height));
  return { scale, left: width / 2 - scale * (world.x + world.width / 2), top: height / 2 - scale * (world.y + world.height / 2) };
}

export function onMap({ scale, left, top }: Projection, box: Box): Box {
  return { x: left + scale * box.x, y: top + scale * box.y, width: scale * box.width, height: scale * box.height };
}

export function fromMap({ scale, left, top }: Projection, x: number, y: number): { x: number; y: number } {
  return { x: (x - left) / scale, y: (y - top) / scale };
}
