import { documentFault, readDocument } from "./document";
import type { Ids } from "./edit";
import { freeId, linkId, type Card, type Frame, type Link, type Sheet, type Values } from "./sheet";
import type { WorkflowDocument } from "../api/types";

const KIND = "patchloom/clip";

export interface Clip {
  readonly kind: typeof KIND;
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
  readonly frames: readonly Frame[];
  readonly values: Readonly<Record<string, Values>>;
}

/** The selected cards and frames with the links between them, as text, so that other tabs can paste it. */
export function copy(sheet: Sheet, ids: Ids): string {
  const cards = Object.values(sheet.cards).filter((c) => ids.has(c.id));
  const links = sheet.links.filter((l) => ids.has(l.source) && ids.has(l.target));
  const values = Object.fromEntries(cards.map((c) => [c.id, sheet.values[c.id] ?? {}]));
  const clip: Clip = { kind: KIND, cards, links, frames: sheet.frames.filter((f) => ids.has(f.id)), values };
  return JSON.stringify(clip);
}

/** A clip, or a whole workflow document, from the clipboard's text. */
export function readClip(text: string): Clip | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (isClip(value)) return value;
  if (documentFault(value)) return null;
  const { sheet } = readDocument(value as WorkflowDocument);
  return { kind: KIND, ...sheet, cards: Object.values(sheet.cards) };
}

function isClip(value: unknown): value is Clip {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === KIND;
}

/**
 * Paste at (x, y) or, without a place, a little off the original. Returns the ids of what is new.
 * With `outer` links, copies are also fed by what fed the originals (duplicate).
 */
export function paste(
  sheet: Sheet,
  clip: Clip,
  at: { x: number; y: number } | null,
  outer: readonly Link[] = [],
): { sheet: Sheet; ids: Set<string> } {
  const all = [...clip.cards, ...clip.frames];
  const left = Math.min(...all.map((c) => c.x));
  const top = Math.min(...all.map((c) => c.y));
  const dx = at ? at.x - left : 36;
  const dy = at ? at.y - top : 36;
  const cards = { ...sheet.cards };
  const values = { ...sheet.values };
  const names = new Map<string, string>();
  for (const card of clip.cards) {
    const id = freeId(card.id, (name) => name in cards);
    names.set(card.id, id);
    cards[id] = { ...card, id, x: card.x + dx, y: card.y + dy };
    values[id] = clip.values[card.id] ?? {};
  }
  const frames = [...sheet.frames];
  const ids = new Set(names.values());
  for (const frame of clip.frames) {
    const id = freeId(frame.id, (name) => frames.some((f) => f.id === name));
    ids.add(id);
    frames.push({ ...frame, id, x: frame.x + dx, y: frame.y + dy });
  }
  const copies = [...clip.links, ...outer].map((l) => renamed(l, names));
  return { sheet: { cards, values, frames, links: [...sheet.links, ...copies] }, ids };
}

function renamed(link: Link, names: ReadonlyMap<string, string>): Link {
  const source = names.get(link.source) ?? link.source;
  const wire = { source, output: link.output, target: names.get(link.target) ?? link.target, input: link.input };
  return { id: linkId(wire), ...wire };
}

/** Links from outside into the selection: a duplicate keeps being fed by them. */
export function feeding(sheet: Sheet, ids: Ids): Link[] {
  return sheet.links.filter((l) => ids.has(l.target) && !ids.has(l.source));
}
