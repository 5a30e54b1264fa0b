import type { ReactFlowInstance } from "@xyflow/react";
import { arrangeCards, collapseSelection, deleteSelection, duplicateSelection, groupSelection, pinSelection, switchMode } from "./actions";
import { LININGS } from "./aligning";
import { enterGraph, flatId, openPath, redoEdit, select, selectAll, selectedCards, undoEdit, useEditor } from "./editor";
import { chooseFile, downloadDocument } from "./dropping";
import type { FlowNode } from "./flow";
import { subgraphSelection, unpackSelection } from "./grouping";
import { addNote } from "./notes";
import { usePrefs } from "./prefs";
import { run } from "./running";
import { closeFloating, toast, useSurface } from "./surface";
import { FIT_VIEW } from "./view";
import { documentNow } from "./workflow";

export type Flow = ReactFlowInstance<FlowNode>;

/** Every key of the application: what the handler obeys and the keyboard map shows. */
export interface Binding {
  /** `Mod` is Ctrl, or Command on a Mac. The first one is shown. */
  readonly keys: readonly string[];
  readonly does: string;
  readonly part: "Run" | "Edit" | "View" | "File";
  /** Also while typing in a field. */
  readonly everywhere?: boolean;
  /** Absent where the browser's own copy and paste events do it. */
  readonly act?: (flow: Flow) => void;
}

export const BINDINGS: readonly Binding[] = [
  { part: "Run", keys: ["Mod+Enter"], does: "Run the workflow", everywhere: true, act: () => void run() },
  { part: "Run", keys: ["Mod+Shift+Enter"], does: "Run only what the selected nodes need", act: runSelected },
  { part: "Edit", keys: ["Space", "/"], does: "Add a node", act: openPaletteInMiddle },
  { part: "Edit", keys: ["Mod+Z"], does: "Undo", act: undoEdit },
  { part: "Edit", keys: ["Mod+Shift+Z", "Mod+Y"], does: "Redo", act: redoEdit },
  { part: "Edit", keys: ["Mod+C"], does: "Copy" },
  { part: "Edit", keys: ["Mod+X"], does: "Cut" },
  { part: "Edit", keys: ["Mod+V"], does: "Paste nodes, a workflow or a picture" },
  { part: "Edit", keys: ["Mod+D"], does: "Duplicate, fed by the same nodes", act: duplicateSelection },
  { part: "Edit", keys: ["Delete", "Backspace"], does: "Delete", act: deleteSelection },
  { part: "Edit", keys: ["Mod+A"], does: "Select all", act: selectAll },
  { part: "Edit", keys: ["Mod+M"], does: "Mute: the node does not run", act: () => switchMode("mute") },
  { part: "Edit", keys: ["Mod+B"], does: "Bypass: inputs pass through", act: () => switchMode("bypass") },
  { part: "Edit", keys: ["Alt+C"], does: "Collapse or unfold", act: collapseSelection },
  { part: "Edit", keys: ["Alt+P"], does: "Pin: the node cannot be moved", act: pinSelection },
  { part: "Edit", keys: ["N"], does: "Add a note", act: (flow) => addNote(middle(flow)) },
  { part: "Edit", keys: ["Mod+G"], does: "Group the selection", act: groupSelection },
  { part: "Edit", keys: ["Mod+Shift+G"], does: "Make a subgraph of the selection", act: subgraphSelection },
  { part: "Edit", keys: ["Mod+Shift+U"], does: "Unpack the subgraph", act: unpackSelection },
  { part: "View", keys: ["Enter"], does: "Open the selected subgraph", act: enterSelected },
  { part: "View", keys: ["U"], does: "Leave the subgraph", act: leave },
  ...LININGS.map(({ does, key, act }): Binding => ({ part: "Edit", keys: [key], does, act })),
  { part: "Edit", keys: ["F2"], does: "Rename", act: renameSelected },
  { part: "View", keys: ["F", "."], does: "Fit the view", act: (flow) => void flow.fitView(FIT_VIEW) },
  { part: "View", keys: ["L"], does: "Lay out the nodes", act: layOut },
  { part: "View", keys: ["M"], does: "Minimap", act: () => usePrefs.setState((p) => ({ minimap: !p.minimap })) },
  { part: "View", keys: ["+", "="], does: "Zoom in", act: (flow) => void flow.zoomIn({ duration: 120 }) },
  { part: "View", keys: ["-"], does: "Zoom out", act: (flow) => void flow.zoomOut({ duration: 120 }) },
  { part: "View", keys: ["?"], does: "This list", act: () => useSurface.setState({ dialog: "keys" }) },
  { part: "View", keys: ["Escape"], does: "Close what floats, deselect", act: escape },
  { part: "File", keys: ["Mod+S"], does: "Download the workflow as a file", everywhere: true, act: () => downloadDocument(documentNow()) },
  { part: "File", keys: ["Mod+O"], does: "Open a workflow or picture", everywhere: true, act: (flow) => chooseFile(middle(flow)) },
];

/** The binding for a key press, or undefined. */
export function bindingFor(event: KeyboardEvent, typing: boolean): Binding | undefined {
  const pressed = chord(event);
  return BINDINGS.find((b) => b.act && (!typing || b.everywhere) && b.keys.some((key) => key.toLowerCase() === pressed));
}

function chord(event: KeyboardEvent): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const letter = key.length === 1 && key >= "a" && key <= "z";
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  // Signs such as ? need Shift on most keyboards; only letters and named keys count it.
  if (event.shiftKey && (letter || event.altKey || key.length > 1)) parts.push("shift");
  // With Alt, some keyboards write another sign; the key says which letter was meant.
  const keyed = event.altKey ? /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase() : undefined;
  return [...parts, keyed ?? key].join("+");
}

function middle(flow: Flow) {
  return flow.screenToFlowPosition({ x: innerWidth / 2, y: innerHeight / 2 });
}

export function openPaletteInMiddle(flow: Flow): void {
  const screen = { x: Math.max(8, innerWidth / 2 - 200), y: Math.max(60, innerHeight / 5) };
  useSurface.setState({ palette: { screen, canvas: middle(flow), end: null, anywhere: true } });
}

function renameSelected(): void {
  const [id] = useEditor.getState().selected;
  if (id) useSurface.setState({ renaming: id });
}

/** Run what the selected nodes need, and nothing behind them. */
export function runSelected(): void {
  const ids = [...selectedCards()].map(flatId);
  if (ids.length) void run(ids);
  else toast("Select the nodes to run first.");
}

function enterSelected(): void {
  const [id] = useEditor.getState().selected;
  if (id) enterGraph(id);
}

function leave(): void {
  const { path } = useEditor.getState();
  if (path.length) openPath(path.slice(0, -1));
}

function layOut(flow: Flow): void {
  arrangeCards();
  window.setTimeout(() => void flow.fitView(FIT_VIEW), 30);
}

function escape(): void {
  const { palette, menu, help, dialog, viewer } = useSurface.getState();
  if (palette || menu || help || dialog || viewer) {
    closeFloating();
    useSurface.setState({ viewer: null, dialog: dialog === "conflict" ? dialog : null });
  } else select(new Set());
}
