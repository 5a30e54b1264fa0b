import { ApiError } from "../api/client";
import { cancelJob, checkDocument, getJob, getJobs, postJob, type JobAnswer } from "../api/routes";
import { setBelongs, showFinished, toldInFull, useRuns } from "../api/runs";
import { rememberedJob } from "../api/shown";
import type { Problem } from "../api/types";
import type { Run } from "../graph/events";
import { rollPages } from "../graph/seeds";
import { hasNode } from "../graph/subgraph";
import { amendPages, pagesNow, useEditor } from "./editor";
import { openTab } from "./prefs";
import { setProblems, useProblems } from "./problems";
import { toast, toastError } from "./surface";
import { documentNow, useWorkflow } from "./workflow";

/** Draw runs of the open workflow only: those whose nodes are all on the sheet. */
export function startWatching(): void {
  setBelongs((order) => {
    const state = useEditor.getState();
    const pages = pagesNow(state);
    return order.every((flat) => hasNode(pages, state.root, flat));
  });
  useWorkflow.subscribe((state, before) => {
    if (state.opening !== before.opening) void showLastRun();
  });
  useRuns.subscribe(({ run }, before) => {
    if (run?.status === "done" && before.run?.job === run.job && before.run.status === "running") void showReused(run);
  });
}

/** What a run took from the cache was reported by the runs that made it. */
async function showReused({ job, nodes }: Run): Promise<void> {
  if (!Object.values(nodes).some(({ state }) => state === "cached")) return;
  const answer = await getJob(job).catch(() => null);
  if (answer) showFinished({ ...answer, reports: await reportsOf(answer) });
}

/** A workflow that is opened again shows the pictures and reports of its last run, or of the job that it came from. */
async function showLastRun(): Promise<void> {
  const { id } = useWorkflow.getState();
  const last = await lastRun().catch(() => null);
  // Nothing to show is no fault: the canvas works without old pictures. Events tell of a job that is not over.
  if (!last || isOpen(last.job)) return;
  const shown = { ...last, reports: await reportsOf(last) };
  await toldInFull(last.job.id);
  if (useWorkflow.getState().id === id) showFinished(shown);
}

/** A job that took its pictures from the cache has no reports of its own: the jobs that made the pictures do. */
async function reportsOf({ job, assets, reports }: JobAnswer): Promise<JobAnswer["reports"]> {
  const makers = [...new Set(assets.map((asset) => asset.job))].filter((id) => id !== job.id);
  const older = await Promise.all(makers.sort().reverse().map((id) => getJob(id).catch(() => null)));
  return older.reduce((known, answer) => {
    const told = new Set(known.map(({ node }) => node));
    return [...known, ...(answer?.reports ?? []).filter(({ node }) => !told.has(node))];
  }, reports);
}

/** What this browser remembers; else the newest job that bears the workflow's title and made something. */
async function lastRun(): Promise<JobAnswer | null> {
  const { id, title } = useWorkflow.getState();
  const known = id && rememberedJob(id);
  const answer = known ? await getJob(known).catch(() => null) : null;
  if (answer) return answer;
  const own = (await getJobs(5, title)).jobs.filter((job) => job.title === title);
  const done = own.some(isOpen) ? undefined : own.find((job) => job.status === "done");
  return done ? getJob(done.id) : null;
}

const isOpen = ({ status }: JobAnswer["job"]) => status === "queued" || status === "running";

let posting = false;

/** Run the workflow, or only what some nodes need. */
export async function run(targets: readonly string[] = []): Promise<void> {
  if (posting) return;
  if (!Object.keys(useEditor.getState().cards).length) return toast("Nothing to run: add a node first (double-click).");
  posting = true;
  amendPages(rollPages);
  useProblems.setState({ failure: null });
  try {
    const document = documentNow();
    // Known errors are looked at again first: a model that was missing may have come. Without any, no time is lost.
    const known = useProblems.getState().checked.some(isError);
    const problems = known ? (await checkDocument(document)).problems : [];
    if (!targets.length && problems.some(isError)) return refused(problems);
    const { title, id } = useWorkflow.getState();
    setProblems((await postJob(document, title, id, targets)).problems);
  } catch (error) {
    if (error instanceof ApiError && error.problems.length) refused(error.problems);
    else toastError(error, "Not queued");
  } finally {
    posting = false;
  }
}

const isError = (problem: Problem) => problem.severity === "error";

function refused(problems: readonly Problem[]): void {
  setProblems(problems);
  openTab("problems");
  const count = problems.filter(isError).length;
  toast(count === 1 ? "Not run: one problem has to be mended first." : `Not run: ${count} problems have to be mended first.`, { tone: "error" });
}

/** Cancel the running job, or without one the job queued last. */
export async function cancel(): Promise<void> {
  const { running, queued } = useRuns.getState();
  const job = running ?? Object.keys(queued).at(-1);
  if (!job) return;
  await cancelJob(job).catch((error: unknown) => toastError(error, "Not cancelled"));
}
