/**
 * Previews never enter React state. The latest frame of a node wins: while one is being decoded, newer ones
 * replace each other, and the last frame is kept for cards that scroll into view later.
 */
export interface Frame {
  readonly image: Blob;
  readonly number: number;
}

type Sink = (frame: Frame, done: () => void) => void;

const sinks = new Map<string, Sink>();
const latest = new Map<string, Frame>();
const waiting = new Set<string>();
const busy = new Set<string>();

const FORMATS = ["image/jpeg", "image/webp", "image/png"];

/** `u8 kind, u8 format, u16 length, node id, image`; null for a frame of another kind. */
export function decodePreview(buffer: ArrayBuffer): { node: string; image: Blob } | null {
  const view = new DataView(buffer);
  if (buffer.byteLength < 4 || view.getUint8(0) !== 1) return null;
  const length = view.getUint16(2);
  const node = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  const type = FORMATS[view.getUint8(1)] ?? "image/jpeg";
  return { node, image: new Blob([new Uint8Array(buffer, 4 + length)], { type }) };
}

export function pushPreview(node: string, image: Blob): void {
  latest.set(node, { image, number: (latest.get(node)?.number ?? 0) + 1 });
  waiting.add(node);
  pump(node);
}

export function hasPreview(node: string): boolean {
  return latest.has(node);
}

/** Draw a node's frames with `sink` from now on, the last one at once. Returns how to stop. */
export function watchPreviews(node: string, sink: Sink): () => void {
  sinks.set(node, sink);
  busy.delete(node);
  if (latest.has(node)) {
    waiting.add(node);
    pump(node);
  }
  return () => {
    if (sinks.get(node) === sink) sinks.delete(node);
    busy.delete(node);
  };
}

export function forgetPreviews(): void {
  latest.clear();
  waiting.clear();
}

function pump(node: string): void {
  const sink = sinks.get(node);
  const frame = latest.get(node);
  if (!sink || !frame || busy.has(node) || !waiting.delete(node)) return;
  busy.add(node);
  sink(frame, () => {
    if (sinks.get(node) !== sink) return;
    busy.delete(node);
    pump(node);
  });
}
