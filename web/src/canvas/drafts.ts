import type { WorkflowDocument } from "../api/types";

/** What the server has not confirmed yet, kept in this browser so that a killed tab or server loses nothing. */
export interface Draft {
  readonly title: string;
  readonly document: WorkflowDocument;
  /** The revision that the changes were made on. */
  readonly revision: number;
}

const key = (id: string) => `patchloom.draft.${id}`;

export function keepDraft(id: string, draft: Draft): void {
  try {
    localStorage.setItem(key(id), JSON.stringify(draft));
  } catch {
    // A full storage costs the safety net, not the work: the server is still asked to save.
  }
}

export function dropDraft(id: string): void {
  localStorage.removeItem(key(id));
}

export function takeDraft(id: string): Draft | null {
  try {
    const text = localStorage.getItem(key(id));
    return text ? (JSON.parse(text) as Draft) : null;
  } catch {
    return null;
  }
}
