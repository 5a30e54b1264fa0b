import { create } from "zustand";
import { getWorkflow } from "../api/routes";
import { cardDifference, type CardDifference } from "../graph/difference";
import { readDocument } from "../graph/document";
import { EMPTY_SHEET, type Pages } from "../graph/sheet";
import { currentSheet, openGraph, useEditor } from "./editor";
import { useWorkflow } from "./workflow";

/** The canvas beside an older revision: what is new, changed and gone is coloured while it lasts. */
interface Comparing {
  revision: number | null;
  old: Pages;
  found: CardDifference;
}

const NOTHING: CardDifference = { added: new Set(), changed: new Set(), removed: [] };

export const useComparing = create<Comparing>(() => ({ revision: null, old: {}, found: NOTHING }));

export async function compareWith(revision: number): Promise<void> {
  const { id } = useWorkflow.getState();
  if (!id) return;
  const { document } = await getWorkflow(id, revision);
  useComparing.setState({ revision, old: readDocument(document).pages });
  compare();
}

export function stopComparing(): void {
  useComparing.setState({ revision: null, old: {}, found: NOTHING });
}

function compare(): void {
  const { old } = useComparing.getState();
  useComparing.setState({ found: cardDifference(old[openGraph()]?.sheet ?? EMPTY_SHEET, currentSheet()) });
}

/** Colours follow edits, and go when another workflow is opened. */
export function startComparing(): void {
  useEditor.subscribe((state, before) => {
    const edited = state.cards !== before.cards || state.links !== before.links || state.values !== before.values;
    if (edited && useComparing.getState().revision !== null) compare();
  });
  useWorkflow.subscribe((state, before) => {
    if (state.id !== before.id) stopComparing();
  });
}

/** How a card stands to the older revision. */
export function changeOf({ revision, found }: Comparing, id: string): "added" | "changed" | undefined {
  if (revision === null) return undefined;
  return found.added.has(id) ? "added" : found.changed.has(id) ? "changed" : undefined;
}
