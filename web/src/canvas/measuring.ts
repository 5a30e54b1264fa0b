import { create } from "zustand";
import { useCatalog } from "../api/catalog";
import { cancelJob, getJob, postJob, type JobAnswer } from "../api/routes";
import { useRuns } from "../api/runs";
import type { WorkflowDocument } from "../api/types";
import { differences } from "../graph/difference";
import { writeDocument } from "../graph/document";
import { withComparison, type Obstacle } from "../graph/measuring";
import { pagesNow, useEditor } from "./editor";
import { toastError } from "./surface";
import { useWorkflow } from "./workflow";

/** Measurements of the open workflow's samplings, each a job beside the runs on display: by the sampler's flat id. */
interface MeasuringState {
  measured: Readonly<Record<string, JobAnswer>>;
}

export const useMeasuring = create<MeasuringState>(() => ({ measured: {} }));

/** Up to this time (s) of a run, runs take turns, so that a busy moment does not count. */
const QUICK = 20;
const TURNS = 3;
const key = (workflow: string) => `patchloom.measured.${workflow}`;
const isOver = ({ job }: JobAnswer) => job.status !== "queued" && job.status !== "running";

interface Order {
  readonly document: WorkflowDocument;
  readonly target: string;
}

/** The workflow with a comparison behind the sampling, and the node to run; or why not; null where nothing samples. */
function measurement(flat: string, judged = true): Order | Obstacle | null {
  const { root } = useEditor.getState();
  const duration = useRuns.getState().run?.nodes[flat]?.duration ?? 0;
  const made = withComparison(pagesNow(), root, flat, useCatalog.getState().catalog, { repeats: duration > QUICK ? 1 : TURNS, judged });
  if (!made || "why" in made) return made;
  const { title, head } = useWorkflow.getState();
  return { target: made.target, document: writeDocument(made.pages, root, `Measuring: ${title}`, head, null) };
}

/** Whether a sampling can be measured; a sentence says why not, null that nothing samples there. */
export function canMeasure(flat: string): true | string | null {
  const made = measurement(flat);
  return made && ("why" in made ? made.why : true);
}

/** Queue the comparison of a sampling; what came of it is in `measured`. */
export async function measure(flat: string, judged = true): Promise<void> {
  const made = measurement(flat, judged);
  if (!made || "why" in made) return;
  try {
    const { job } = await postJob(made.document, String(made.document.title), null, [made.target]);
    keep(flat, { job, document: made.document, assets: [], reports: [] });
  } catch (error) {
    toastError(error, "Not measured");
  }
}

export async function stopMeasuring(flat: string): Promise<void> {
  const known = useMeasuring.getState().measured[flat];
  if (known) await cancelJob(known.job.id).catch((error: unknown) => toastError(error, "Not cancelled"));
}

function keep(flat: string, answer: JobAnswer): void {
  useMeasuring.setState(({ measured }) => ({ measured: { ...measured, [flat]: answer } }));
  const { id } = useWorkflow.getState();
  const jobs = Object.fromEntries(Object.entries(useMeasuring.getState().measured).map(([node, { job }]) => [node, job.id]));
  try {
    if (id) localStorage.setItem(key(id), JSON.stringify(jobs));
  } catch {
    // Without storage a reloaded page has to measure again.
  }
}

/** Ask for each measurement that is not over whenever jobs change, and bring back those of a workflow that is opened. */
export function startMeasuring(): void {
  useRuns.subscribe((state, before) => {
    if (state.jobsVersion !== before.jobsVersion || state.connection !== before.connection) void follow();
  });
  useWorkflow.subscribe((state, before) => {
    if (state.opening !== before.opening) void bringBack(state.id);
  });
}

async function follow(): Promise<void> {
  for (const [flat, known] of Object.entries(useMeasuring.getState().measured)) {
    if (isOver(known)) continue;
    const answer = await getJob(known.job.id).catch(() => null);
    if (!answer || useMeasuring.getState().measured[flat]?.job.id !== answer.job.id) continue;
    // The judge reads but the embedded model's words: then the rest is measured without it.
    if (answer.job.problem?.code === "unknown_words") await measure(flat, false);
    else keep(flat, answer);
  }
}

async function bringBack(workflow: string | null): Promise<void> {
  useMeasuring.setState({ measured: {} });
  const jobs = workflow ? (JSON.parse(localStorage.getItem(key(workflow)) ?? "{}") as Record<string, string>) : {};
  for (const [flat, job] of Object.entries(jobs)) {
    const answer = await getJob(job).catch(() => null);
    if (answer && useWorkflow.getState().id === workflow) useMeasuring.setState(({ measured }) => ({ measured: { ...measured, [flat]: answer } }));
  }
}

/** Whether the workflow says now what it said when it was measured. */
export function isCurrent(flat: string, { document }: JobAnswer): boolean {
  const now = measurement(flat);
  return now !== null && "document" in now && differences(document, now.document).every(({ where }) => OWN_WISHES.test(where));
}

const OWN_WISHES = /(^|\/)compare(_\d+)? · (prompt|repeats)$/;
