import { useCatalog, setGraphSchemas } from "../api/catalog";
import { graphSchemas } from "../graph/graphs";
import { graphOf } from "../graph/interface";
import { movePort, portNameFault, removePort, renamePort, type Side } from "../graph/ports";
import { newCard, type Card, type Pages } from "../graph/sheet";
import { graphsWithin, makeSubgraph, prune, unpack } from "../graph/subgraph";
import { currentSheet, edit, editPages, openGraph, pagesNow, select, selectedCards, useEditor } from "./editor";
import { toast, useSurface } from "./surface";

/** Subgraphs as the user makes, changes and takes them apart: each one undo step. */
export function subgraphSelection(): void {
  const made = makeSubgraph(currentSheet(), selectedCards(), useCatalog.getState().catalog, pagesNow());
  if (!made) return toast("Select the nodes to put into a subgraph first.");
  const graph = openGraph();
  editPages((pages) => ({ ...pages, [made.graph]: made.page, [graph]: { ...pages[graph]!, sheet: made.sheet } }));
  select(new Set([made.id]));
  useSurface.setState({ renaming: made.id });
}

export function unpackSelection(): void {
  const graph = openGraph();
  const found = new Set<string>();
  editPages((pages) => {
    let sheet = pages[graph]!.sheet;
    for (const id of selectedCards()) {
      const page = pages[graphOf(sheet.cards[id]?.type ?? "") ?? ""];
      const opened = page && unpack(sheet, id, page);
      if (!opened) continue;
      sheet = opened.sheet;
      opened.ids.forEach((inner) => found.add(inner));
    }
    return found.size ? prune({ ...pages, [graph]: { ...pages[graph]!, sheet } }, pages, useEditor.getState().root) : pages;
  });
  if (found.size) select(found);
  else toast("Select a subgraph to unpack first.");
}

/** Name a subgraph; all cards that stand for it show the name. */
export function renameGraph(graph: string, title: string): void {
  editPages((pages) => {
    const page = pages[graph];
    return page && title ? { ...pages, [graph]: { ...page, extra: { ...page.extra, title } } } : pages;
  });
}

/** Whether cards put into a graph would make it hold itself. */
export function holdsItself(pages: Pages, graph: string, cards: readonly Card[]): boolean {
  const sheet = { cards: Object.fromEntries(cards.map((c, i) => [String(i), newCard(String(i), c.type, 0, 0)])), links: [], frames: [], values: {} };
  return graphsWithin(sheet, pages).has(graph);
}

/** A name for a port of the open subgraph; says why when it cannot be. */
export function nameOpenPort(side: Side, from: string, to: string): void {
  const graph = openGraph();
  const page = pagesNow()[graph];
  const fault = page ? portNameFault(page, side, to) : null;
  if (from === to) return;
  if (fault) toast(fault, { tone: "error" });
  else editPages((pages) => renamePort(pages, graph, side, from, to));
}

export function dropOpenPort(side: Side, name: string): void {
  editPages((pages) => removePort(pages, openGraph(), side, name));
}

export function moveOpenPort(side: Side, name: string, by: -1 | 1): void {
  edit((sheet) => movePort(sheet, side, name, by));
}

/** Keep the catalogue in step with the document's subgraphs. */
export function startGraphs(): void {
  const update = () => {
    const state = useEditor.getState();
    const { server } = useCatalog.getState();
    setGraphSchemas(Object.keys(state.pages).length < 2 ? {} : graphSchemas(pagesNow(state), state.root, server));
  };
  useEditor.subscribe((state, before) => {
    // Cards of the root are no part of any subgraph, so moving them costs nothing here.
    const inside = state.path.length > 0 && (state.cards !== before.cards || state.links !== before.links);
    if (inside || state.pages !== before.pages) update();
  });
  useCatalog.subscribe((state, before) => {
    if (state.server !== before.server) update();
  });
}
