import { create } from "zustand";
import type { Ids } from "../graph/edit";
import { setValue } from "../graph/edit";
import { NO_HISTORY, record, redo, seal, undo, type History } from "../graph/history";
import { EMPTY_SHEET, type Sheet } from "../graph/sheet";

/** The open sheet, its undo history and the selection. Widgets read `values`; cards do not change on a keystroke. */
interface EditorState extends Sheet {
  history: History<Sheet>;
  selected: Ids;
  selectedLinks: Ids;
  /** Counts changes to what is saved. */
  version: number;
}

const NONE: Ids = new Set();

export const useEditor = create<EditorState>(() => ({
  ...EMPTY_SHEET,
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

/** Change the sheet as one undo step. Changes with the same `merge` key `within` milliseconds are one step. */
export function edit(change: (sheet: Sheet) => Sheet, merge = "", within?: number): void {
  useEditor.setState((state) => {
    const before = sheetOf(state);
    const after = change(before);
    if (after === before) return state;
    const history = record(state.history, before, merge, performance.now(), within);
    return { ...after, history, version: state.version + 1 };
  });
}

/** Change the sheet without an undo step of its own: what a run does (new seeds) is no edit to take back. */
export function amend(change: (sheet: Sheet) => Sheet): void {
  useEditor.setState((state) => ({ ...change(sheetOf(state)), version: state.version + 1 }));
}

export function sealStep(): void {
  useEditor.setState((state) => ({ history: seal(state.history) }));
}

export function editValue(node: string, input: string, value: unknown): void {
  edit((sheet) => setValue(sheet, node, input, value), `value ${node} ${input}`);
}

export function undoEdit(): void {
  travel(undo);
}

export function redoEdit(): void {
  travel(redo);
}

function travel(step: typeof undo<Sheet>): void {
  useEditor.setState((state) => {
    const moved = step(state.history, sheetOf(state));
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

export function loadSheet(sheet: Sheet): void {
  useEditor.setState({ ...sheet, history: NO_HISTORY, selected: NONE, selectedLinks: NONE });
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
