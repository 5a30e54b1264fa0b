import { create } from "zustand";
import type { View, WorkflowDocument } from "../api/types";
import { writeDocument } from "../graph/document";
import type { Extra } from "../graph/sheet";
import { pagesNow, useEditor } from "./editor";

export type SaveState = "saved" | "unsaved" | "saving" | "offline" | "conflict";

/** The open workflow apart from its sheet. */
interface WorkflowState {
  id: string | null;
  title: string;
  revision: number;
  saveState: SaveState;
  /** Top-level keys of the document but its graphs, kept for saving. */
  head: Extra;
  view: View | null;
  /** The document had no positions, so the canvas lays it out once it knows the nodes. */
  unplaced: boolean;
  /** Counts openings, so that the canvas knows when to place its view anew. */
  opening: number;
  /** The server's revision when somebody else saved in between. */
  theirs: number;
}

export const useWorkflow = create<WorkflowState>(() => ({
  id: null,
  title: "",
  revision: 0,
  saveState: "saved",
  head: {},
  view: null,
  unplaced: false,
  opening: 0,
  theirs: 0,
}));

export function documentNow(): WorkflowDocument {
  const { title, head, view } = useWorkflow.getState();
  return writeDocument(pagesNow(), useEditor.getState().root, title, head, view);
}

export function setTitle(title: string): void {
  if (!title.trim() || title === useWorkflow.getState().title) return;
  useWorkflow.setState({ title: title.trim() });
  useEditor.setState((s) => ({ version: s.version + 1 }));
  document.title = `${title.trim()} · Patchloom`;
}
