import type { AppInput } from "./app";
import { inputOf, type Catalog } from "./catalog";
import { addPort, INPUTS } from "./interface";
import { incoming, linkId, type Pages, type Sheet } from "./sheet";

/** An inner input as an input of the cards around it, level by level, up to the root's sheet. */
type Level = { readonly node: string; readonly graph: string };
export type Place = Pick<AppInput, "node" | "input">;

/** By which input of a card on the root's sheet an inner input is set; null while it is not set from there. */
export function promotedTo(pages: Pages, path: readonly Level[], inner: Place): Place | null {
  let at = inner;
  for (const { node, graph } of [...path].reverse()) {
    const name = portOf(pages[graph]?.sheet, at);
    if (!name) return null;
    at = { node, input: name };
  }
  return at;
}

/** The interface's port that feeds an input. */
function portOf(sheet: Sheet | undefined, { node, input }: Place): string | undefined {
  return sheet && incoming(sheet.links, node).get(input)?.find((link) => link.source === INPUTS)?.output;
}

/** Lead an inner input out to the root's sheet, with new ports where there are none yet; null where something feeds it. */
export function promote(pages: Pages, path: readonly Level[], root: string, catalog: Catalog, inner: Place): { pages: Pages; at: Place } | null {
  const graphs = [root, ...path.map(({ graph }) => graph)];
  const innermost = pages[graphs.at(-1)!]!.sheet;
  const type = inputOf(catalog[innermost.cards[inner.node]?.type ?? ""], inner.input)?.type ?? "Any";
  let [next, at] = [pages, inner];
  for (let level = path.length; level >= 0; level--) {
    const graph = graphs[level]!;
    const page = next[graph]!;
    const known = portOf(page.sheet, at);
    if (!known && incoming(page.sheet.links, at.node).has(at.input)) return null;
    if (level === 0) break;
    const led = known ? { sheet: page.sheet, name: known } : ledOut(page.sheet, at, type);
    next = { ...next, [graph]: { ...page, sheet: led.sheet } };
    at = { node: path[level - 1]!.node, input: led.name };
  }
  return { pages: next, at };
}

function ledOut(sheet: Sheet, { node, input }: Place, type: string): { sheet: Sheet; name: string } {
  const added = addPort(sheet, INPUTS, input, type);
  const link = { source: INPUTS, output: added.name, target: node, input };
  return { name: added.name, sheet: { ...added.sheet, links: [...added.sheet.links, { id: linkId(link), ...link }] } };
}
