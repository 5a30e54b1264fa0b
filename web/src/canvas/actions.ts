import { useCatalog } from "../api/catalog";
import { connect, partner, refusal, wireTo, type LooseEnd, type Wire } from "../graph/connection";
import { copy, feeding, paste, readClip, takeGraphs } from "../graph/clipboard";
import { graphOf, isBoundary, NEW_PORT } from "../graph/interface";
import { prune } from "../graph/subgraph";
import { arrange } from "../graph/arrange";
import { addCard, addFrame, freeSpot, membersOf, move, remove, replaceLink, setValue, toggleCollapsed, toggleMode, updateCards, updateFrame } from "../graph/edit";
import { drawnEnds, faceOfFold, foldedIds, foldSize, foldsOf, isFoldedAway, withFolded } from "../graph/folding";
import { linkId, newCard, type Mode, type Sheet } from "../graph/sheet";
import { sizeOf } from "./attachments";
import { currentSheet, edit, editPages, openGraph, pagesNow, select, selectedCards, useEditor } from "./editor";
import { holdsItself, renameGraph } from "./grouping";
import { foldGroups } from "./notes";
import { noteUsed } from "./prefs";
import { toast, useSurface } from "./surface";

/** What a user can do to the sheet, each one undo step. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Add a card; one that was picked for a loose end is connected to it in the same step. */
export function addNode(type: string, at: Point, end: LooseEnd | null = null, values: Record<string, unknown> = {}): string {
  const catalog = useCatalog.getState().catalog;
  const schema = catalog[type];
  if (holdsItself(pagesNow(), openGraph(), [newCard("", type, 0, 0)])) {
    toast("A subgraph cannot hold itself.", { tone: "error" });
    return "";
  }
  let id = "";
  edit((sheet) => {
    const added = addCard(sheet, type, at.x, at.y);
    id = added.id;
    let next = added.sheet;
    for (const [input, value] of Object.entries(values)) next = setValue(next, id, input, value);
    const port = end && schema && partner(schema, end);
    return port ? connect(next, catalog, wireTo(end, id, port.name)) : next;
  });
  noteUsed(type);
  select(new Set([id]));
  return id;
}

/** A place near `at` where a new card of this type covers no other. */
export function spotFor(type: string, at: Point): Point {
  return freeSpot(currentSheet(), at, sizeOf(newCard("", type, at.x, at.y)), sizeOf);
}

/** Connect, or say why not. */
export function connectWire(wire: Wire): void {
  const catalog = useCatalog.getState().catalog;
  const reason = refusal(currentSheet(), catalog, wire);
  if (reason) toast(reason, { tone: "error" });
  else edit((sheet) => connect(sheet, catalog, wire));
}

/** A link dropped somewhere on a card goes to the port that it fits best. */
export function connectToCard(end: LooseEnd, id: string): void {
  const schema = useCatalog.getState().catalog[currentSheet().cards[id]?.type ?? ""];
  if (id === end.node || !schema) return;
  const port = partner(schema, end);
  if (port) connectWire(wireTo(end, id, port.name));
  else toast(`${schema.title} has nothing that ${end.type} fits.`, { tone: "error" });
}

/** Move a link's end to another input. Back where it was, nothing has changed. */
export function reconnectWire(id: string, wire: Wire): void {
  const catalog = useCatalog.getState().catalog;
  if (id === linkId(wire)) return;
  const without = remove(currentSheet(), new Set(), new Set([id]));
  const reason = refusal(without, catalog, wire);
  if (reason) toast(reason, { tone: "error" });
  else if (wire.input === NEW_PORT) edit(() => connect(without, catalog, wire));
  else edit((sheet) => connect(replaceLink(sheet, id, wire), catalog, wire));
}

export function deleteLink(id: string): void {
  edit((sheet) => remove(sheet, new Set(), new Set([id])));
}

export function deleteSelection(): void {
  const { selected, selectedLinks } = useEditor.getState();
  if (!selected.size && !selectedLinks.size) return;
  const graph = openGraph();
  editPages((pages) => {
    const page = pages[graph]!;
    return prune({ ...pages, [graph]: { ...page, sheet: remove(page.sheet, selected, selectedLinks) } }, pages, useEditor.getState().root);
  });
  select(new Set());
}

export function copySelection(): string | null {
  const { selected } = useEditor.getState();
  return selected.size ? copy(currentSheet(), selected, pagesNow()) : null;
}

/** Paste a clip or a whole document from text. Says whether the text was either. */
export function pasteText(text: string, at: Point | null): boolean {
  const found = readClip(text);
  if (!found || found.cards.length + found.frames.length === 0) return false;
  const graph = openGraph();
  const { pages, clip } = takeGraphs(pagesNow(), found);
  if (holdsItself(pages, graph, clip.cards)) toast("A subgraph cannot hold itself.", { tone: "error" });
  else {
    const pasted = paste(currentSheet(), clip, at);
    editPages(() => ({ ...pages, [graph]: { ...pages[graph]!, sheet: pasted.sheet } }));
    select(pasted.ids);
  }
  return true;
}

/** Copies keep what feeds the originals: duplicating a sampler gives one that runs. */
export function duplicateSelection(): void {
  const { selected } = useEditor.getState();
  const sheet = currentSheet();
  const clip = selected.size ? readClip(copy(sheet, selected)) : null;
  if (!clip) return;
  const pasted = paste(sheet, clip, null, feeding(sheet, selected));
  edit(() => pasted.sheet);
  select(pasted.ids);
}

/** The selected cards that run: all but a subgraph's inputs and outputs. */
function selectedNodes(): ReadonlySet<string> {
  return new Set([...selectedCards()].filter((id) => !isBoundary(id)));
}

export function switchMode(mode: Mode): void {
  const ids = selectedNodes();
  if (ids.size) edit((sheet) => toggleMode(sheet, ids, mode));
}

export function collapseSelection(): void {
  const { selected, frames } = useEditor.getState();
  // A selected group goes as one, with all that lies in it.
  if (frames.some((frame) => selected.has(frame.id))) return foldGroups(selected);
  const ids = selectedNodes();
  if (ids.size) edit((sheet) => toggleCollapsed(sheet, ids));
}

/** Pin the cards where they are; when all of them are pinned, let them go. */
export function pinSelection(): void {
  const ids = selectedNodes();
  if (!ids.size) return;
  const { cards } = currentSheet();
  const all = [...ids].every((id) => cards[id]!.extra["pinned"] === true);
  edit((sheet) => updateCards(sheet, ids, (card) => ({ extra: { ...card.extra, pinned: !all } })));
}

export function groupSelection(): void {
  const framed = addFrame(currentSheet(), selectedCards(), sizeOf);
  if (!framed) return toast("Select the nodes to group first.");
  edit(() => framed.sheet);
  select(new Set([framed.id]));
  useSurface.setState({ renaming: framed.id });
}

export function rename(id: string, title: string): void {
  const graph = graphOf(currentSheet().cards[id]?.type ?? "");
  if (graph !== null) return renameGraph(graph, title);
  const frame = currentSheet().frames.some((f) => f.id === id);
  edit((sheet) => (frame ? updateFrame(sheet, id, { title }) : updateCards(sheet, new Set([id]), () => ({ title }))));
}

/** Colour the card or group, and with it the selection that it is part of. */
export function paint(id: string, color: string): void {
  const { selected } = useEditor.getState();
  const ids = selected.has(id) ? selected : new Set([id]);
  edit((sheet) => {
    const frames = sheet.frames.map((f) => (ids.has(f.id) ? { ...f, color } : f));
    return { ...updateCards(sheet, ids, () => ({ color })), frames };
  });
}

/** Lay out the selected cards, or all, in columns from left to right. */
export function arrangeCards(): void {
  const picked = selectedCards();
  const sheet = currentSheet();
  const folds = foldsOf(sheet);
  const cards = Object.values(sheet.cards).filter((c) => (picked.size < 2 || picked.has(c.id)) && !folds.has(c.id));
  const groups = picked.size < 2 ? [...new Set(folds.values())] : [];
  const boxes = [...cards.map((c) => ({ id: c.id, ...pick(sizeOf(c)) })), ...groups.map((f) => ({ id: f.id, ...foldSize(faceOfFold(f, sheet.links, folds)) }))];
  if (!boxes.length) return;
  const left = Math.min(...[...cards, ...groups].map((c) => c.x));
  const top = Math.min(...[...cards, ...groups].map((c) => c.y));
  const spots = arrange(boxes, sheet.links.flatMap((link) => ({ ...link, ...drawnEnds(link, folds) })));
  const to = new Map([...spots].map(([id, s]) => [id, { x: left + s.x, y: top + s.y }]));
  const members = new Map(groups.map((f) => [f.id, withFolded(sheet, new Set([f.id]))]));
  edit((before) => wrapFrames(before, move(before, to, members)));
}

/** Groups close around the cards that they held, wherever those are now. */
function wrapFrames(before: Sheet, after: Sheet): Sheet {
  const folds = foldsOf(before);
  const frames = after.frames.map((frame) => {
    if (foldedIds(frame) || isFoldedAway(frame, folds)) return frame;
    const wrapped = addFrame(after, membersOf(frame, before, sizeOf), sizeOf)?.sheet.frames.at(-1);
    return wrapped ? { ...frame, x: wrapped.x, y: wrapped.y, width: wrapped.width, height: wrapped.height } : frame;
  });
  return { ...after, frames };
}

function pick({ width, height }: { width: number; height: number }) {
  return { width, height };
}
