import { inputOf, outputOf, type Catalog } from "./catalog";
import type { Ids } from "./edit";
import { around } from "./face";
import { boundaryCards, freePort, graphOf, graphType, INPUTS, isBoundary, OUTPUTS, type Face, type FacePort } from "./interface";
import { freeId, linkId, newCard, type Card, type Link, type Page, type Pages, type Sheet, type Values } from "./sheet";

/** Making a subgraph of cards, and taking one apart again. What was linked stays linked. */
export interface Made {
  readonly sheet: Sheet;
  readonly graph: string;
  readonly page: Page;
  /** The card that now stands for the cards. */
  readonly id: string;
}

type Wire = Omit<Link, "id">;

const linked = (wire: Wire): Link => ({ id: linkId(wire), ...wire });

/** Put the cards into a graph of their own. Each output that feeds them from outside becomes one input. */
export function makeSubgraph(sheet: Sheet, ids: Ids, catalog: Catalog, pages: Pages): Made | null {
  const cards = Object.values(sheet.cards).filter((c) => ids.has(c.id) && !isBoundary(c.id));
  if (!cards.length) return null;
  const inside = new Set(cards.map((c) => c.id));
  const graph = freeId("subgraph", (name) => name in pages);
  const id = freeId("subgraph", (name) => name in sheet.cards && !inside.has(name));
  const into = cut(sheet.links.filter((l) => inside.has(l.target) && !inside.has(l.source)), (l) => l.input);
  const out = cut(sheet.links.filter((l) => inside.has(l.source) && !inside.has(l.target)), (l) => l.output);
  const face: Face = {
    inputs: into.map(({ name, links: [link] }) => ({ name, type: typeOfInput(sheet, catalog, link!) })),
    outputs: out.map(({ name, links: [link] }) => ({ name, type: typeOfOutput(sheet, catalog, link!) })),
  };
  const spots = around(cards);
  const inner: Sheet = {
    cards: { ...only(sheet.cards, (name) => inside.has(name)), ...boundaryCards(graph, face, spots.left, spots.right) },
    values: only(sheet.values, (name) => inside.has(name)),
    links: innerLinks(sheet, inside, into, out),
    frames: [],
  };
  const middle = (axis: "x" | "y") => Math.round(cards.reduce((sum, c) => sum + c[axis], 0) / cards.length);
  const rest: Sheet = {
    cards: { ...only(sheet.cards, (name) => !inside.has(name)), [id]: newCard(id, graphType(graph), middle("x"), middle("y")) },
    values: { ...only(sheet.values, (name) => !inside.has(name)), [id]: {} },
    links: outerLinks(sheet, inside, into, out, id),
    frames: sheet.frames,
  };
  return { sheet: rest, graph, page: { sheet: inner, extra: {} }, id };
}

function only<T>(record: Readonly<Record<string, T>>, keep: (id: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => keep(name)));
}

function innerLinks(sheet: Sheet, inside: Ids, into: readonly Cut[], out: readonly Cut[]): Link[] {
  const within = sheet.links.flatMap((l): Link[] => {
    if (!inside.has(l.target)) return [];
    if (inside.has(l.source)) return [l];
    const port = into.find((p) => p.links.includes(l))!;
    return [linked({ source: INPUTS, output: port.name, target: l.target, input: l.input })];
  });
  return [...within, ...out.map(({ name, links: [l] }) => linked({ source: l!.source, output: l!.output, target: OUTPUTS, input: name }))];
}

/** Each link keeps its place in the list: the order into a `multiple` input is the order of its values. */
function outerLinks(sheet: Sheet, inside: Ids, into: readonly Cut[], out: readonly Cut[], id: string): Link[] {
  const kept = sheet.links.flatMap((l): Link[] => {
    if (inside.has(l.target)) return [];
    if (!inside.has(l.source)) return [l];
    const port = out.find((p) => p.links.includes(l))!;
    return [linked({ source: id, output: port.name, target: l.target, input: l.input })];
  });
  return [...kept, ...into.map(({ name, links: [l] }) => linked({ source: l!.source, output: l!.output, target: id, input: name }))];
}

interface Cut {
  readonly name: string;
  readonly links: Link[];
}

/** Cut links by where they come from, each cut with a name of its own. */
function cut(links: readonly Link[], nameOf: (link: Link) => string): Cut[] {
  const found = new Map<string, Cut>();
  const names: FacePort[] = [];
  for (const link of links) {
    const key = `${link.source}\n${link.output}`;
    const known = found.get(key);
    if (known) {
      known.links.push(link);
      continue;
    }
    const name = freePort(names, nameOf(link));
    names.push({ name, type: "" });
    found.set(key, { name, links: [link] });
  }
  return [...found.values()];
}

function typeOfInput(sheet: Sheet, catalog: Catalog, link: Link): string {
  return inputOf(catalog[sheet.cards[link.target]?.type ?? ""], link.input)?.type ?? "Any";
}

function typeOfOutput(sheet: Sheet, catalog: Catalog, link: Link): string {
  return outputOf(catalog[sheet.cards[link.source]?.type ?? ""], link.output)?.type ?? "Any";
}

/** Put a subgraph's cards back in the place of its card. Returns the ids of what is new. */
export function unpack(sheet: Sheet, id: string, page: Page): { sheet: Sheet; ids: Set<string> } | null {
  const instance = sheet.cards[id];
  if (!instance) return null;
  const inner = page.sheet;
  const names = newNames(inner, (name) => name !== id && name in sheet.cards);
  const shift = offset(instance, [...names.keys()].map((name) => inner.cards[name]!));
  const cards = only(sheet.cards, (name) => name !== id);
  const values = only(sheet.values, (name) => name !== id);
  for (const [from, to] of names) {
    const card = inner.cards[from]!;
    const mode = instance.mode === "on" ? card.mode : instance.mode;
    cards[to] = { ...card, id: to, mode, x: card.x + shift.x, y: card.y + shift.y };
    values[to] = { ...inner.values[from], ...givenTo(inner, from, sheet.values[id] ?? {}) };
  }
  const frames = inner.frames.map((f) => ({ ...f, id: freeId(f.id, (n) => sheet.frames.some((g) => g.id === n)), x: f.x + shift.x, y: f.y + shift.y }));
  const next: Sheet = { cards, values, links: joined(sheet, id, inner, names), frames: [...sheet.frames, ...frames] };
  return { sheet: next, ids: new Set(names.values()) };
}

function newNames(inner: Sheet, taken: (name: string) => boolean): Map<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const id of Object.keys(inner.cards).filter((name) => !isBoundary(name))) {
    const name = freeId(id, (n) => taken(n) || used.has(n));
    used.add(name);
    names.set(id, name);
  }
  return names;
}

/** What was set on the subgraph's card for inputs of an inner card. */
function givenTo(inner: Sheet, id: string, given: Values): Record<string, unknown> {
  const fed = inner.links.filter((l) => l.source === INPUTS && l.target === id && l.output in given);
  return Object.fromEntries(fed.map((l) => [l.input, given[l.output]]));
}

/** The links after unpacking: inner ones, and those that went through the interface, end to end. */
function joined(sheet: Sheet, id: string, inner: Sheet, names: ReadonlyMap<string, string>): Link[] {
  const sources = (port: string): { source: string; output: string }[] =>
    inner.links
      .filter((l) => l.target === OUTPUTS && l.input === port)
      .flatMap((l) => (l.source === INPUTS ? feeding(l.output) : [{ source: names.get(l.source)!, output: l.output }]));
  const feeding = (port: string) =>
    sheet.links.filter((l) => l.target === id && l.input === port && l.source !== id).map(({ source, output }) => ({ source, output }));
  const inside = inner.links.flatMap((l) => {
    const target = names.get(l.target);
    if (!target) return [];
    const from = l.source === INPUTS ? feeding(l.output) : [{ source: names.get(l.source)!, output: l.output }];
    return from.map((end) => linked({ ...end, target, input: l.input }));
  });
  const outside = sheet.links.flatMap((l) => {
    if (l.target === id) return [];
    if (l.source !== id) return [l];
    return sources(l.output).map((end) => linked({ ...end, target: l.target, input: l.input }));
  });
  return [...new Map([...outside, ...inside].map((l) => [l.id, l])).values()];
}

/** From where the inner cards are to where the card was, so that their middles meet. */
function offset(at: Card, cards: readonly Card[]): { x: number; y: number } {
  if (!cards.length) return { x: 0, y: 0 };
  const mean = (axis: "x" | "y") => cards.reduce((sum, c) => sum + c[axis], 0) / cards.length;
  return { x: Math.round(at.x - mean("x")), y: Math.round(at.y - mean("y")) };
}

/** The graphs that a sheet's cards stand for, and those within them. */
export function graphsWithin(sheet: Sheet, pages: Pages): Set<string> {
  const found = new Set<string>();
  const open = [sheet];
  for (let at = open.pop(); at; at = open.pop()) {
    for (const card of Object.values(at.cards)) {
      const graph = graphOf(card.type);
      const page = graph === null ? undefined : pages[graph];
      if (graph === null || !page || found.has(graph)) continue;
      found.add(graph);
      open.push(page.sheet);
    }
  }
  return found;
}

/** The graph that holds the node that a run knows by this id, and its id there; null when the document lacks it. */
export function locate(pages: Pages, root: string, flat: string): { graph: string; id: string } | null {
  const steps = flat.split("/");
  const id = steps.pop()!;
  let graph: string | null = root;
  for (const step of steps) {
    graph = graphOf(pages[graph]?.sheet.cards[step]?.type ?? "");
    if (graph === null) return null;
  }
  return id in (pages[graph]?.sheet.cards ?? {}) ? { graph, id } : null;
}

/** Whether a document has the node that a run knows by this id. */
export function hasNode(pages: Pages, root: string, flat: string): boolean {
  return locate(pages, root, flat) !== null;
}

/** The graphs without those that were in use before an edit and are no more. */
export function prune(pages: Pages, before: Pages, root: string): Pages {
  const used = graphsWithin(pages[root]!.sheet, pages);
  const gone = [...graphsWithin(before[root]!.sheet, before)].filter((id) => !used.has(id));
  return gone.length ? Object.fromEntries(Object.entries(pages).filter(([id]) => !gone.includes(id))) : pages;
}
