import { ApiError } from "../api/client";
import { getWorkflow, saveWorkflow } from "../api/routes";
import { useRuns } from "../api/runs";
import { sameDocument } from "../graph/document";
import { dropDraft, keepDraft } from "./drafts";
import { useEditor } from "./editor";
import { openWorkflow, setBeforeOpening } from "./opening";
import { toastError, useSurface } from "./surface";
import { documentNow, useWorkflow } from "./workflow";

const AFTER_EDIT = 800;
const RETRY = 3000;

let timer = 0;
/** The next save goes on top of what somebody else saved, which has to stay among the revisions. */
let overTheirs = false;
/** The save that is on its way. */
let current: Promise<void> | null = null;

/** Save the open workflow by itself, 800 ms after the first unsaved edit. */
export function startAutosave(): void {
  useEditor.subscribe((state, before) => {
    if (state.version !== before.version) edited();
  });
  useRuns.subscribe((state, before) => {
    const back = before.connection === "offline" && state.connection !== "offline";
    if (back && useWorkflow.getState().saveState === "offline") void save();
  });
  setBeforeOpening(settle);
  window.addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => document.hidden && flush());
}

function edited(): void {
  const { saveState } = useWorkflow.getState();
  if (saveState === "conflict") return;
  if (saveState === "saved") useWorkflow.setState({ saveState: "unsaved" });
  // Not pushed back by further edits: somebody who types without a pause is saved all the same.
  if (!timer) saveSoon();
}

/** A drag is one edit, saved when it is over. The page is asked, since a card that goes away in mid-drag never says so. */
function saveSoon(): void {
  const dragging = () => document.querySelector(".react-flow__node.dragging") !== null;
  timer = window.setTimeout(() => (dragging() ? saveSoon() : void save()), AFTER_EDIT);
}

/** Save what is unsaved, and wait for it. Without a server the draft in this browser has to do. */
async function settle(): Promise<void> {
  await current;
  if (["unsaved", "offline"].includes(useWorkflow.getState().saveState)) await save();
  window.clearTimeout(timer);
  timer = 0;
}

/** The page goes away: write the draft, which the next page saves, and try to save at once. */
function flush(): void {
  const { id, saveState, title, revision } = useWorkflow.getState();
  if (!id || saveState === "saved" || saveState === "conflict") return;
  const document = documentNow();
  keepDraft(id, { title, document, revision });
  if (!current) void save();
}

export async function save(): Promise<void> {
  window.clearTimeout(timer);
  timer = 0;
  const { id, saveState } = useWorkflow.getState();
  if (!id || saveState === "conflict") return;
  if (current) return edited();
  current = put(id);
  await current;
  current = null;
}

/** Never throws: what goes wrong becomes a state that the bar shows. */
async function put(id: string): Promise<void> {
  const { title, revision } = useWorkflow.getState();
  const version = useEditor.getState().version;
  const document = documentNow();
  keepDraft(id, { title, document, revision });
  useWorkflow.setState({ saveState: "saving" });
  try {
    const head = await saveWorkflow(id, { title, document, base_revision: revision, keep: overTheirs });
    overTheirs = false;
    saved(id, head.revision, version);
  } catch (error) {
    await failed(id, error, version);
  }
}

function saved(id: string, revision: number, version: number): void {
  if (useWorkflow.getState().id !== id) return dropDraft(id);
  const clean = useEditor.getState().version === version;
  useWorkflow.setState({ revision, saveState: clean ? "saved" : "unsaved" });
  if (clean) dropDraft(id);
  else edited();
}

async function failed(id: string, error: unknown, version: number): Promise<void> {
  if (useWorkflow.getState().id !== id) return;
  if (error instanceof ApiError && error.status === 409) return conflict(id, version);
  useWorkflow.setState({ saveState: "offline" });
  if (!(error instanceof ApiError && error.offline)) toastError(error, "Not saved");
  timer = window.setTimeout(() => void save(), RETRY);
}

/** The server has a newer revision. When it says the same as ours (our own save, unheard of), all is well. */
async function conflict(id: string, version: number): Promise<void> {
  const theirs = await getWorkflow(id).catch(() => null);
  if (theirs && theirs.title === useWorkflow.getState().title && sameDocument(theirs.document, documentNow())) {
    return saved(id, theirs.revision, version);
  }
  useWorkflow.setState({ saveState: "conflict", theirs: theirs?.revision ?? 0 });
  useSurface.setState({ dialog: "conflict" });
}

/** Somebody else saved in between: put my version on top of theirs. Theirs stays in the revisions. */
export async function keepMine(): Promise<void> {
  const { id, theirs } = useWorkflow.getState();
  if (!id) return;
  const revision = theirs || (await getWorkflow(id)).revision;
  overTheirs = true;
  useWorkflow.setState({ revision, saveState: "unsaved" });
  await save();
}

/** Somebody else saved in between: throw my changes away and open theirs. */
export async function takeTheirs(): Promise<void> {
  const { id } = useWorkflow.getState();
  if (!id) return;
  dropDraft(id);
  await openWorkflow(id);
}
