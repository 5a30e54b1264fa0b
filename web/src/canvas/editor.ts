import { create } from "zustand";
import type { Ids } from "../graph/edit";
import { setValue } from "../graph/edit";
import { NO_HISTORY, record, redo, seal, undo, type History } from "../graph/history";
import { graphOf } from "../graph/interface";
import { EMPTY_SHEET, type Pages, type Sheet } from "../graph/sheet";

/** A step from a sheet into the subgraph that one of its cards stands for. */
export interface Step {
  readonly node: string;
  readonly graph: string;
}

export type Path = readonly Step[];

/** What undo goes back to: the open sheet, where it lies, and the other graphs. */
interface Desk extends Sheet {
  /** All graphs; that of the open sheet is as it was when it was opened. `pagesNow` has them all as they are. */
  readonly pages: Pages;
  readonly path: Path;
}

/** The open sheet, its undo history and the selection. Widgets read `values`; cards do not change on a keystroke. */
interface EditorState extends Desk {
  /** The graph that runs. */
  root: string;
  history: History<Desk>;
  selected: Ids;
  selectedLinks: Ids;
  /** Counts changes to what is saved. */
  version: number;
}

const NONE: Ids = new Set();

/** Milliseconds within which the moves of one drag are one undo step, also with a rest in it. */
export const DRAG = 60_000;

export const useEditor = create<EditorState>(() => ({
  ...EMPTY_SHEET,
  pages: {},
  path: [],
  root: "main",
  history: NO_HISTORY,
  selected: NONE,
  selectedLinks: NONE,
  version: 0,
}));

export function sheetOf({ cards, links, frames, values }: Sheet): Sheet {
  return { cards, links, frames, values };
}

export function currentSheet(): Sheet {
  return sheetOf(useEditor.getState());
}

function deskOf(state: Desk): Desk {
  return { ...sheetOf(state), pages: state.pages, path: state.path };
}

/** The graph of the open sheet. */
export function openGraph({ path, root }: Pick<EditorState, "path" | "root"> = useEditor.getState()): string {
  return path.at(-1)?.graph ?? root;
}

/** All graphs of the document as they are now. */
export function pagesNow(state: EditorState = useEditor.getState()): Pages {
  const open = openGraph(state);
  const page = state.pages[open];
  return { ...state.pages, [open]: { extra: page?.extra ?? {}, sheet: sheetOf(state) } };
}

/** Before the id of a card on the open sheet, this makes the id that a run knows it by: `instance/inner`. */
export function prefixOf(path: Path = useEditor.getState().path): string {
  return path.map((step) => `${step.node}/`).join("");
}

export function flatId(id: string): string {
  return prefixOf() + id;
}

/** Change the sheet as one undo step. Changes with the same `merge` key `within` milliseconds are one step. */
export function edit(change: (sheet: Sheet) => Sheet, merge = "", within?: number): void {
  useEditor.setState((state) => {
    const before = sheetOf(state);
    const after = change(before);
    if (after === before) return state;
    const history = record(state.history, deskOf(state), merge, performance.now(), within);
    return { ...after, history, version: state.version + 1 };
  });
}

/** Change any graphs of the document as one undo step; the open sheet stays the one of its graph. */
export function editPages(change: (pages: Pages) => Pages): void {
  useEditor.setState((state) => {
    const before = pagesNow(state);
    const pages = change(before);
    const page = pages[openGraph(state)];
    if (pages === before || !page) return state;
    const history = record(state.history, deskOf(state), "", performance.now());
    return { ...page.sheet, pages, history, version: state.version + 1 };
  });
}

/** Put another document in the place of this one, as one undo step. */
export function replacePages(pages: Pages, root: string): void {
  useEditor.setState((state) => {
    const history = record(state.history, deskOf(state), "", performance.now());
    return { ...pages[root]!.sheet, pages, root, path: [], history, version: state.version + 1, selected: NONE, selectedLinks: NONE };
  });
}

/** Draw another graph of the document. Looking around is no edit. */
export function openPath(path: Path): void {
  useEditor.setState((state) => {
    const pages = pagesNow(state);
    const page = pages[path.at(-1)?.graph ?? state.root];
    return page ? { ...page.sheet, pages, path, selected: NONE, selectedLinks: NONE, history: seal(state.history) } : state;
  });
}

/** Go into the subgraph that a card stands for; false for other cards. */
export function enterGraph(id: string): boolean {
  const { cards, path, pages } = useEditor.getState();
  const graph = graphOf(cards[id]?.type ?? "");
  if (graph === null || !pages[graph] || path.some((step) => step.graph === graph)) return false;
  openPath([...path, { node: id, graph }]);
  return true;
}

/** Open the sheet of a node that a run knows by this id, and return its id there; null when it is gone. */
export function openAt(flat: string): string | null {
  const { root, path } = useEditor.getState();
  const pages = pagesNow();
  const steps: Step[] = [];
  const names = flat.split("/");
  const id = names.pop()!;
  for (const node of names) {
    const graph = graphOf(pages[steps.at(-1)?.graph ?? root]?.sheet.cards[node]?.type ?? "");
    if (graph === null) return null;
    steps.push({ node, graph });
  }
  if (!(id in (pages[steps.at(-1)?.graph ?? root]?.sheet.cards ?? {}))) return null;
  if (prefixOf(steps) !== prefixOf(path)) openPath(steps);
  return id;
}

/** Change graphs without an undo step of its own: what a run does (new seeds) is no edit to take back. */
export function amendPages(change: (pages: Pages) => Pages): void {
  useEditor.setState((state) => {
    const before = pagesNow(state);
    const pages = change(before);
    return pages === before ? state : { ...pages[openGraph(state)]!.sheet, pages, version: state.version + 1 };
  });
}

export function sealStep(): void {
  useEditor.setState((state) => ({ history: seal(state.history) }));
}

export function editValue(node: string, input: string, value: unknown, within?: number): void {
  edit((sheet) => setValue(sheet, node, input, value), `value ${node} ${input}`, within);
}

export function undoEdit(): void {
  travel(undo);
}

export function redoEdit(): void {
  travel(redo);
}

function travel(step: typeof undo<Desk>): void {
  useEditor.setState((state) => {
    const moved = step(state.history, deskOf(state));
    if (!moved) return state;
    return { ...moved.present, history: moved.history, version: state.version + 1, ...existing(state, moved.present) };
  });
}

/** The part of the selection that the sheet still has. */
function existing(state: EditorState, sheet: Sheet): Pick<EditorState, "selected" | "selectedLinks"> {
  const links = new Set(sheet.links.map((l) => l.id));
  const frames = new Set(sheet.frames.map((f) => f.id));
  return {
    selected: new Set([...state.selected].filter((id) => id in sheet.cards || frames.has(id))),
    selectedLinks: new Set([...state.selectedLinks].filter((id) => links.has(id))),
  };
}

export function loadPages(pages: Pages, root: string): void {
  useEditor.setState({ ...pages[root]!.sheet, pages, root, path: [], history: NO_HISTORY, selected: NONE, selectedLinks: NONE });
}

export function select(selected: Ids, selectedLinks: Ids = NONE): void {
  useEditor.setState({ selected, selectedLinks });
}

export function selectAll(): void {
  const { cards, frames } = useEditor.getState();
  select(new Set([...Object.keys(cards), ...frames.map((f) => f.id)]));
}

/** The selected cards; without any, none. */
export function selectedCards(): Ids {
  const { cards, selected } = useEditor.getState();
  return new Set([...selected].filter((id) => id in cards));
}
