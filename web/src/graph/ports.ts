import { faceOf, graphType, INPUTS, NEW_PORT, OUTPUTS, portsOf, withPorts } from "./interface";
import { linkId, type Card, type Link, type Page, type Pages, type Sheet } from "./sheet";

/** Changes to a subgraph's interface. Everything that uses the subgraph follows: links and values of its cards. */
export type Side = "inputs" | "outputs";

const CARD = { inputs: INPUTS, outputs: OUTPUTS };

/** Why a port cannot have this name, or null when it can. */
export function portNameFault(page: Page, side: Side, name: string): string | null {
  if (!name || name === NEW_PORT) return "An input or output needs a name.";
  return faceOf(page.sheet)[side].some((p) => p.name === name) ? `There is already one named ${name}.` : null;
}

export function renamePort(pages: Pages, graph: string, side: Side, from: string, to: string): Pages {
  const page = pages[graph];
  if (!page || portNameFault(page, side, to)) return pages;
  const own = { ...page, sheet: renameInside(page.sheet, side, from, to) };
  return mapInstances({ ...pages, [graph]: own }, graph, (sheet, id) => renameAt(sheet, id, side, from, to));
}

export function removePort(pages: Pages, graph: string, side: Side, name: string): Pages {
  const page = pages[graph];
  if (!page) return pages;
  const sheet = changePorts(page.sheet, side, (ports) => ports.filter((p) => p.name !== name));
  const links = sheet.links.filter((l) => (side === "inputs" ? l.source !== INPUTS || l.output !== name : l.target !== OUTPUTS || l.input !== name));
  const own = { ...page, sheet: { ...sheet, links } };
  return mapInstances({ ...pages, [graph]: own }, graph, (outer, id) => ({
    ...outer,
    links: outer.links.filter((l) => (side === "inputs" ? l.target !== id || l.input !== name : l.source !== id || l.output !== name)),
    values: side === "inputs" ? { ...outer.values, [id]: without(outer.values[id] ?? {}, name) } : outer.values,
  }));
}

/** Move a port up or down among its side. */
export function movePort(sheet: Sheet, side: Side, name: string, by: -1 | 1): Sheet {
  return changePorts(sheet, side, (ports) => {
    const at = ports.findIndex((p) => p.name === name);
    const other = ports[at + by];
    if (at < 0 || !other) return ports;
    return ports.map((port, i) => (i === at ? other : i === at + by ? ports[at]! : port));
  });
}

function changePorts(sheet: Sheet, side: Side, change: (ports: ReturnType<typeof portsOf>) => ReturnType<typeof portsOf>): Sheet {
  const card = sheet.cards[CARD[side]];
  return card ? { ...sheet, cards: { ...sheet.cards, [card.id]: withPorts(card, change(portsOf(card))) } } : sheet;
}

function renameInside(sheet: Sheet, side: Side, from: string, to: string): Sheet {
  const renamed = changePorts(sheet, side, (ports) => ports.map((p) => (p.name === from ? { ...p, name: to } : p)));
  return side === "inputs" ? relink(renamed, (l) => (l.source === INPUTS && l.output === from ? { output: to } : null)) : relink(renamed, (l) => (l.target === OUTPUTS && l.input === from ? { input: to } : null));
}

function renameAt(sheet: Sheet, id: string, side: Side, from: string, to: string): Sheet {
  if (side === "outputs") return relink(sheet, (l) => (l.source === id && l.output === from ? { output: to } : null));
  const given = sheet.values[id] ?? {};
  const values = from in given ? { ...sheet.values, [id]: { ...without(given, from), [to]: given[from] } } : sheet.values;
  return relink({ ...sheet, values }, (l) => (l.target === id && l.input === from ? { input: to } : null));
}

function relink(sheet: Sheet, change: (link: Link) => Partial<Link> | null): Sheet {
  const links = sheet.links.map((link) => {
    const part = change(link);
    if (!part) return link;
    const next = { ...link, ...part };
    return { ...next, id: linkId(next) };
  });
  return { ...sheet, links };
}

function mapInstances(pages: Pages, graph: string, change: (sheet: Sheet, id: string) => Sheet): Pages {
  const type = graphType(graph);
  return Object.fromEntries(
    Object.entries(pages).map(([id, page]) => {
      const instances = Object.values(page.sheet.cards).filter((card: Card) => card.type === type);
      return [id, instances.length ? { ...page, sheet: instances.reduce((sheet, card) => change(sheet, card.id), page.sheet) } : page];
    }),
  );
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  const { [name]: _gone, ...rest } = record;
  return rest;
}
