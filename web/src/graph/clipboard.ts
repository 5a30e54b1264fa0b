import { documentFault, readDocument } from "./document";
import type { Ids } from "./edit";
import { renameMembers, withFolded } from "./folding";
import { graphOf, graphType, INPUTS, inputsType, isBoundary, OUTPUTS, outputsType } from "./interface";
import { freeId, linkId, type Card, type Frame, type Link, type Page, type Pages, type Sheet, type Values } from "./sheet";
import { graphsWithin } from "./subgraph";
import type { WorkflowDocument } from "../api/types";

const KIND = "patchloom/clip";

export interface Clip {
  readonly kind: typeof KIND;
  readonly cards: readonly Card[];
  readonly links: readonly Link[];
  readonly frames: readonly Frame[];
  readonly values: Readonly<Record<string, Values>>;
  /** The subgraphs that the cards stand for. */
  readonly graphs: Pages;
}

/** The selected cards and frames with the links between them, as text, so that other tabs can paste it. */
export function copy(sheet: Sheet, picked: Ids, pages: Pages = {}): string {
  const ids = new Set([...withFolded(sheet, picked)].filter((id) => !isBoundary(id)));
  const cards = Object.values(sheet.cards).filter((c) => ids.has(c.id));
  const links = sheet.links.filter((l) => ids.has(l.source) && ids.has(l.target));
  const graphs = Object.fromEntries([...graphsWithin({ ...sheet, cards: Object.fromEntries(cards.map((c) => [c.id, c])) }, pages)].map((id) => [id, pages[id]!]));
  const values = Object.fromEntries(cards.map((c) => [c.id, sheet.values[c.id] ?? {}]));
  const clip: Clip = { kind: KIND, cards, links, frames: sheet.frames.filter((f) => ids.has(f.id)), values, graphs };
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
  const { sheet, pages, root } = readDocument(value as WorkflowDocument);
  const { [root]: _root, ...graphs } = pages;
  return { kind: KIND, ...sheet, cards: Object.values(sheet.cards), graphs };
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
    frames.push({ ...renameMembers(frame, names), id, x: frame.x + dx, y: frame.y + dy });
  }
  const copies = [...clip.links, ...outer].map((l) => renamed(l, names));
  return { sheet: { cards, values, frames, links: [...sheet.links, ...copies] }, ids };
}

/**
 * The clip's subgraphs as the document takes them in: one that it has already is shared, another under a name that is
 * taken gets a new name, and the clip's cards stand for that.
 */
export function takeGraphs(pages: Pages, clip: Clip): { pages: Pages; clip: Clip } {
  const names = new Map<string, string>();
  const next: Record<string, Page> = { ...pages };
  for (const [id, page] of Object.entries(clip.graphs ?? {})) {
    const known = pages[id];
    names.set(id, known && !samePage(known, page) ? freeId(id, (name) => name in next || name in clip.graphs) : id);
    next[names.get(id)!] = page;
  }
  const point = (card: Card): Card => {
    const to = names.get(graphOf(card.type) ?? "");
    return to ? { ...card, type: graphType(to) } : card;
  };
  for (const to of names.values()) next[to] = repointed(next[to]!, to, point);
  for (const [id, page] of Object.entries(pages)) if (names.get(id) === id) next[id] = page;
  return { pages: names.size ? next : pages, clip: { ...clip, cards: clip.cards.map(point) } };
}

function samePage(one: Page, other: Page): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function repointed(page: Page, graph: string, point: (card: Card) => Card): Page {
  const cards = Object.values(page.sheet.cards).map((card) => {
    if (card.id === INPUTS) return { ...card, type: inputsType(graph) };
    return card.id === OUTPUTS ? { ...card, type: outputsType(graph) } : point(card);
  });
  return { ...page, sheet: { ...page.sheet, cards: Object.fromEntries(cards.map((c) => [c.id, c])) } };
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
