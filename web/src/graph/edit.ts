import { carryDots } from "./dots";
import { isBoundary } from "./interface";
import { freeId, linkId, newCard, type Card, type Frame, type Mode, type Sheet } from "./sheet";

/** Changes to a sheet. Each takes a sheet and returns a new one; nothing is modified. */
export type Ids = ReadonlySet<string>;

const FRAME_PAD = 24;
const FRAME_HEAD = 40;

export function addCard(sheet: Sheet, type: string, x: number, y: number): { sheet: Sheet; id: string } {
  const id = freeId(type, (name) => name in sheet.cards);
  const cards = { ...sheet.cards, [id]: newCard(id, type, x, y) };
  return { id, sheet: { ...sheet, cards, values: { ...sheet.values, [id]: {} } } };
}

export function updateCards(sheet: Sheet, ids: Ids, change: (card: Card) => Partial<Card>): Sheet {
  const cards = { ...sheet.cards };
  for (const id of ids) {
    const card = cards[id];
    if (card) cards[id] = { ...card, ...change(card) };
  }
  return { ...sheet, cards };
}

export function updateFrame(sheet: Sheet, id: string, change: Partial<Frame>): Sheet {
  return { ...sheet, frames: sheet.frames.map((f) => (f.id === id ? { ...f, ...change } : f)) };
}

/** Remove cards (with their links), frames and links by id. The inputs and outputs of a subgraph stay. */
export function remove(sheet: Sheet, picked: Ids, links: Ids): Sheet {
  const ids = new Set([...picked].filter((id) => !isBoundary(id)));
  const drop = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([id]) => !ids.has(id)));
  return {
    cards: drop(sheet.cards),
    values: drop(sheet.values),
    frames: sheet.frames.filter((f) => !ids.has(f.id)),
    links: sheet.links.filter((l) => !links.has(l.id) && !ids.has(l.source) && !ids.has(l.target)),
  };
}

export function setValue(sheet: Sheet, id: string, input: string, value: unknown): Sheet {
  return { ...sheet, values: { ...sheet.values, [id]: { ...sheet.values[id], [input]: value } } };
}

/** Mute or bypass the cards; when all of them are so already, switch them on again. */
export function toggleMode(sheet: Sheet, ids: Ids, mode: Mode): Sheet {
  const all = [...ids].every((id) => sheet.cards[id]?.mode === mode);
  return updateCards(sheet, ids, () => ({ mode: all ? "on" : mode }));
}

export function toggleCollapsed(sheet: Sheet, ids: Ids): Sheet {
  const all = [...ids].every((id) => sheet.cards[id]?.collapsed);
  return updateCards(sheet, ids, () => ({ collapsed: !all }));
}

export type Size = { readonly width: number; readonly height: number };

/** Move cards and frames. A frame takes along the cards and frames that lie in it. */
export function move(sheet: Sheet, to: ReadonlyMap<string, { x: number; y: number }>, members: ReadonlyMap<string, Ids>): Sheet {
  const shifts = new Map<string, { x: number; y: number }>();
  for (const frame of sheet.frames) {
    const at = to.get(frame.id);
    if (!at) continue;
    for (const id of members.get(frame.id) ?? []) if (id !== frame.id) shifts.set(id, { x: at.x - frame.x, y: at.y - frame.y });
  }
  const cards = { ...sheet.cards };
  for (const [id, shift] of shifts) {
    const card = cards[id];
    if (card && !to.has(id)) cards[id] = { ...card, x: card.x + shift.x, y: card.y + shift.y };
  }
  for (const [id, at] of to) {
    const card = cards[id];
    if (card) cards[id] = { ...card, ...at };
  }
  const shiftOf = (id: string) => {
    const [before, after] = [sheet.cards[id], cards[id]];
    return before && after ? { x: after.x - before.x, y: after.y - before.y } : undefined;
  };
  const still = (id: string) => !shifts.has(id) && !to.has(id);
  const frames = sheet.frames.every(({ id }) => still(id)) ? sheet.frames : sheet.frames.map((frame) => {
    const shift = shifts.get(frame.id);
    const at = to.get(frame.id) ?? (shift && { x: frame.x + shift.x, y: frame.y + shift.y });
    return at ? { ...frame, ...at } : frame;
  });
  return { ...sheet, cards, links: carryDots(sheet.links, shiftOf), frames };
}

const GAP = 24;

/** The nearest place below `at` where a card of this size covers no other. */
export function freeSpot(sheet: Sheet, at: Pick<Card, "x" | "y">, size: Size, sizeOf: (card: Card) => Size): { x: number; y: number } {
  const cards = Object.values(sheet.cards).sort((a, b) => a.y - b.y);
  let y = at.y;
  for (const card of cards) {
    const box = sizeOf(card);
    const beside = card.x + box.width + GAP <= at.x || at.x + size.width + GAP <= card.x;
    const apart = card.y + box.height + GAP <= y || y + size.height + GAP <= card.y;
    if (!beside && !apart) y = card.y + box.height + GAP;
  }
  return { x: at.x, y };
}

/** The cards whose centre lies in the frame. */
export function membersOf(frame: Frame, sheet: Sheet, sizeOf: (card: Card) => Size): Ids {
  const inside = Object.values(sheet.cards).filter((card) => {
    const { width, height } = sizeOf(card);
    const dx = card.x + width / 2 - frame.x;
    const dy = card.y + height / 2 - frame.y;
    return dx >= 0 && dy >= 0 && dx <= frame.width && dy <= frame.height;
  });
  return new Set(inside.map((card) => card.id));
}

/** A frame around the cards, or null when there are none. */
export function addFrame(sheet: Sheet, ids: Ids, sizeOf: (card: Card) => Size): { sheet: Sheet; id: string } | null {
  const cards = [...ids].flatMap((id) => sheet.cards[id] ?? []);
  if (!cards.length) return null;
  const x = Math.min(...cards.map((c) => c.x)) - FRAME_PAD;
  const y = Math.min(...cards.map((c) => c.y)) - FRAME_HEAD;
  const right = Math.max(...cards.map((c) => c.x + sizeOf(c).width)) + FRAME_PAD;
  const bottom = Math.max(...cards.map((c) => c.y + sizeOf(c).height)) + FRAME_PAD;
  const id = freeId("group:1", (name) => sheet.frames.some((f) => f.id === name));
  const frame: Frame = { id, title: "Group", color: "", x, y, width: right - x, height: bottom - y, extra: {} };
  return { id, sheet: { ...sheet, frames: [...sheet.frames, frame] } };
}

/** Give a link another end. The order among the links of a `multiple` input is kept. */
export function replaceLink(sheet: Sheet, id: string, wire: Parameters<typeof linkId>[0]): Sheet {
  const next = { id: linkId(wire), ...wire };
  const links = sheet.links.filter((l) => l.id === id || l.id !== next.id).map((l) => (l.id === id ? next : l));
  return { ...sheet, links };
}
