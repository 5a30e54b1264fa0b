import { updateFrame, type Ids } from "./edit";
import { CARD_WIDTH, HEAD, PAD, PORT_ROW } from "./layout";
import type { Frame, Link, Sheet } from "./sheet";

/**
 * A collapsed group: one small card stands for all that lies in it, and the links that cross its border end there.
 * The group keeps its size, and names its members (`collapsed`), since other cards may come to lie over its place.
 * Notes and groups in it name one of the members (`inside`).
 */
export function foldedIds(frame: Frame): readonly string[] | null {
  const ids = frame.extra["collapsed"];
  return Array.isArray(ids) ? ids.map(String) : null;
}

/** The collapsed group that each hidden card is in; of groups in groups the outermost. */
export function foldsOf(sheet: Pick<Sheet, "frames">): ReadonlyMap<string, Frame> {
  const folds = new Map<string, Frame>();
  const outermost = [...sheet.frames].sort((a, b) => Number("inside" in a.extra) - Number("inside" in b.extra));
  for (const frame of outermost) {
    for (const id of foldedIds(frame) ?? []) if (!folds.has(id)) folds.set(id, frame);
  }
  return folds;
}

function liesIn(inner: Frame, outer: Frame): boolean {
  return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
}

/** The notes and groups that lie wholly in a group. */
export function framesIn(frame: Frame, sheet: Pick<Sheet, "frames">): Frame[] {
  return sheet.frames.filter((other) => other.id !== frame.id && liesIn(other, frame));
}

/** Whether a note or group lies in a collapsed group. */
export function isFoldedAway(frame: Frame, folds: ReadonlyMap<string, Frame>): boolean {
  const inside = frame.extra["inside"];
  const outer = typeof inside === "string" ? folds.get(inside) : undefined;
  return outer !== undefined && outer.id !== frame.id;
}

export function fold(sheet: Sheet, frame: Frame, members: Ids): Sheet {
  const [first] = members;
  const within = new Set(framesIn(frame, sheet).map(({ id }) => id));
  const frames = sheet.frames.map((f) => {
    if (f.id === frame.id) return { ...f, extra: { ...f.extra, collapsed: [...members] } };
    return first !== undefined && within.has(f.id) ? { ...f, extra: { ...f.extra, inside: first } } : f;
  });
  return { ...sheet, frames };
}

export function unfold(sheet: Sheet, frame: Frame): Sheet {
  const members = new Set(foldedIds(frame));
  const { collapsed: _, ...extra } = frame.extra;
  const opened = updateFrame(sheet, frame.id, { extra });
  const frames = opened.frames.map((f) => (members.has(String(f.extra["inside"])) ? freed(f, opened.frames) : f));
  return { ...sheet, frames };
}

/** A note or group that is in sight again, unless another collapsed group holds it too. */
function freed(frame: Frame, frames: readonly Frame[]): Frame {
  const { inside: _, ...extra } = frame.extra;
  const outer = frames.find((other) => other.id !== frame.id && foldedIds(other)?.length && liesIn(frame, other));
  return { ...frame, extra: outer ? { ...extra, inside: foldedIds(outer)![0] } : extra };
}

/** A port of a collapsed group: a port of a card in it that something outside is linked to. */
export interface FoldPort {
  /** `card.port`, by which the group's links know it. */
  readonly handle: string;
  readonly node: string;
  readonly port: string;
}

export interface FoldFace {
  readonly inputs: readonly FoldPort[];
  readonly outputs: readonly FoldPort[];
}

export function faceOfFold(frame: Frame, links: readonly Link[], folds: ReadonlyMap<string, Frame>): FoldFace {
  const [inputs, outputs] = [new Map<string, FoldPort>(), new Map<string, FoldPort>()];
  for (const link of links) {
    const [from, to] = [folds.get(link.source)?.id === frame.id, folds.get(link.target)?.id === frame.id];
    if (from === to) continue;
    const [node, port] = from ? [link.source, link.output] : [link.target, link.input];
    (from ? outputs : inputs).set(handleOf(node, port), { handle: handleOf(node, port), node, port });
  }
  return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
}

const handleOf = (node: string, port: string) => `${node}.${port}`;

export function foldSize({ inputs, outputs }: FoldFace): { width: number; height: number } {
  return { width: CARD_WIDTH, height: HEAD + 2 * PAD + PORT_ROW * Math.max(1, inputs.length, outputs.length) };
}

/** The middle of a collapsed group's row, from its top. */
export function foldRow(index: number): number {
  return HEAD + PAD + PORT_ROW * index + PORT_ROW / 2;
}

/** Where a link is drawn: to the groups that hide its ends; null when one hides it whole. */
export function drawnEnds(link: Link, folds: ReadonlyMap<string, Frame>): { source: string; sourceHandle: string; target: string; targetHandle: string } | null {
  const [from, to] = [folds.get(link.source), folds.get(link.target)];
  if (from && from.id === to?.id) return null;
  return {
    source: from?.id ?? link.source,
    sourceHandle: from ? handleOf(link.source, link.output) : link.output,
    target: to?.id ?? link.target,
    targetHandle: to ? handleOf(link.target, link.input) : link.input,
  };
}

/** The selection with all that the collapsed groups in it hide. */
export function withFolded(sheet: Sheet, picked: Ids): Ids {
  const cards = sheet.frames.filter((f) => picked.has(f.id)).flatMap((f) => foldedIds(f) ?? []);
  if (!cards.length) return picked;
  const inner = sheet.frames.filter((f) => cards.includes(String(f.extra["inside"]))).map((f) => f.id);
  return new Set([...picked, ...cards, ...inner]);
}

/** A copied group names the copies of its members. */
export function renameMembers(frame: Frame, names: ReadonlyMap<string, string>): Frame {
  const extra = { ...frame.extra };
  const ids = foldedIds(frame);
  if (ids) extra["collapsed"] = ids.flatMap((id) => names.get(id) ?? []);
  if (typeof extra["inside"] === "string") extra["inside"] = names.get(extra["inside"]);
  return { ...frame, extra };
}
