import { ApiError } from "../api/client";
import { createWorkflow, getTemplate, getTemplates, getWorkflow, getWorkflows, saveWorkflow, type WorkflowAnswer, type WorkflowHead } from "../api/routes";
import { watchRuns } from "../api/runs";
import { rememberJob } from "../api/shown";
import type { WorkflowDocument } from "../api/types";
import { FORMAT, readDocument, sameDocument } from "../graph/document";
import { dropDraft, takeDraft } from "./drafts";
import { loadPages, replacePages, useEditor } from "./editor";
import { toast, toastError } from "./surface";
import { setTitle, useWorkflow } from "./workflow";

const OPEN_KEY = "patchloom.open";
const FIRST_TEMPLATE = "first_picture";

let beforeOpening = (): Promise<void> => Promise.resolve();

/** What to wait for before another workflow is opened: the open one must be safe. */
export function setBeforeOpening(step: () => Promise<void>): void {
  beforeOpening = step;
}

/** Whether the open workflow has edits that are nowhere but on this page. */
function unsafe(): boolean {
  return ["unsaved", "saving"].includes(useWorkflow.getState().saveState);
}

function show(head: WorkflowHead, workflow: WorkflowDocument): void {
  const opened = readDocument(workflow);
  loadPages(opened.pages, opened.root);
  useWorkflow.setState((s) => ({
    id: head.id,
    title: head.title || opened.title || "Untitled",
    revision: head.revision,
    saveState: "saved",
    head: opened.head,
    view: opened.view,
    unplaced: opened.unplaced,
    opening: s.opening + 1,
  }));
  remember(head.id);
  document.title = `${head.title || "Untitled"} · Patchloom`;
  watchRuns(head.id);
}

function remember(id: string): void {
  const url = new URL(location.href);
  if (url.searchParams.get("workflow") !== id) {
    url.searchParams.set("workflow", id);
    history.replaceState(null, "", url);
  }
  try {
    localStorage.setItem(OPEN_KEY, id);
  } catch {
    // Without storage the address alone remembers the workflow.
  }
}

/** Open a saved workflow; unsaved changes that this browser still holds come back. */
export async function openWorkflow(id: string): Promise<void> {
  let answer: WorkflowAnswer;
  do {
    await beforeOpening();
    answer = await getWorkflow(id);
    // Somebody may have gone on editing meanwhile.
  } while (unsafe());
  restore(answer);
}

function restore(answer: WorkflowAnswer): void {
  let draft = takeDraft(answer.id);
  if (draft && draft.title === answer.title && sameDocument(draft.document, answer.document)) {
    // The last save of a closing page arrived, only nobody was left to hear of it.
    dropDraft(answer.id);
    draft = null;
  }
  show(draft ? { ...answer, title: draft.title } : answer, draft ? draft.document : answer.document);
  if (!draft) return;
  useWorkflow.setState({ revision: draft.revision, saveState: "unsaved" });
  useEditor.setState((s) => ({ version: s.version + 1 }));
}

/**
 * Save a document as a new workflow on the server and open it. Opening never overwrites anything. What the job that
 * ran the document made is shown with it.
 */
export async function openDocument(workflow: WorkflowDocument, title = workflow.title || "Untitled", job: string | null = null): Promise<void> {
  const head = await createWorkflow(title, { ...workflow, title });
  do await beforeOpening();
  while (unsafe());
  if (job) rememberJob(head.id, job);
  show(head, workflow);
}

export async function newWorkflow(): Promise<void> {
  await openDocument({ format: FORMAT, title: "Untitled", root: "main", graphs: { main: { nodes: {}, edges: [] } } });
}

/** Give a workflow that is not open another name. */
export async function renameWorkflow(id: string, title: string): Promise<void> {
  const { document, revision } = await getWorkflow(id);
  await saveWorkflow(id, { title, document: { ...document, title }, base_revision: revision });
}

/** Replace the sheet by an older revision, as one undo step. */
export async function restoreRevision(revision: number): Promise<void> {
  const { id } = useWorkflow.getState();
  if (!id) return;
  const old = await getWorkflow(id, revision);
  const { pages, root } = readDocument(old.document);
  replacePages(pages, root);
  setTitle(old.title);
  toast(`Revision ${revision} is back. Ctrl+Z takes you to where you were.`);
}

/** What to show when the page opens: the workflow in the address, the last one, any one, or the first picture. */
export async function openFirst(): Promise<void> {
  const asked = new URL(location.href).searchParams.get("workflow");
  if (asked && (await tryOpen(asked))) return;
  if (asked) toast("The workflow in the address is not on this server any more.", { tone: "error", remedy: "Another one is open instead; the Workflows panel lists all." });
  const last = localStorage.getItem(OPEN_KEY);
  if (last && (await tryOpen(last))) return;
  const { workflows } = await getWorkflows();
  if (workflows[0] && (await tryOpen(workflows[0].id))) return;
  const { templates } = await getTemplates();
  // A folder of somebody's own workflows may lack it; a new sheet then offers what there is.
  if (!templates.some(({ name }) => name === FIRST_TEMPLATE)) return newWorkflow();
  await openDocument(await getTemplate(FIRST_TEMPLATE));
}

async function tryOpen(id: string): Promise<boolean> {
  try {
    await openWorkflow(id);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
    throw error;
  }
}

/** Run an opening step for a button: what goes wrong becomes a message. */
export function attempt(doing: string, step: () => Promise<unknown>): void {
  step().catch((error: unknown) => toastError(error, doing));
}
