import { create } from "zustand";
import { NO_RUNS, reduce, type RunState } from "../graph/events";
import { parents } from "../graph/levels";
import { loadCatalog } from "./catalog";
import { reloadChoices } from "./choices";
import { forgetPreviews, pushPreview } from "./previews";
import type { JobAnswer } from "./routes";
import { rememberJob } from "./shown";
import { EventSocket, type Hello } from "./socket";
import type { RunEvent } from "./types";

export type Connection = "connecting" | "starting" | "ready" | "stopped" | "offline";

interface RunsState extends RunState {
  connection: Connection;
  device: string;
  detail: string;
  failedFiles: readonly { file: string; reason: string }[];
  /** Jobs queued according to the server, before any event told their names. */
  queuedAtHello: number;
  /** Height over width of a node's live preview. */
  previewAspects: Readonly<Record<string, number>>;
  /** Counts events that change the job list, for panels that fetch it. */
  jobsVersion: number;
  assetsVersion: number;
}

export const useRuns = create<RunsState>(() => ({
  ...NO_RUNS,
  connection: "connecting",
  device: "",
  detail: "",
  failedFiles: [],
  queuedAtHello: 0,
  previewAspects: {},
  jobsVersion: 0,
  assetsVersion: 0,
}));

let belongs: (order: readonly string[]) => boolean = () => true;
let watched = "";
let replayFrom = -1;
const replayKey = (workflow: string) => `patchloom.replay.${workflow}`;

/** A browser that was away for longer than this many events starts from the running job instead. */
const LONGEST_REPLAY = 3000;

/** Tell which runs are drawn on the canvas: those whose nodes are all in the open workflow. */
export function setBelongs(rule: (order: readonly string[]) => boolean): void {
  belongs = rule;
}

const socket = new EventSocket({
  from: () => (useRuns.getState().seq >= 0 ? useRuns.getState().seq : replayFrom),
  hello: onHello,
  event: onEvent,
  preview: onPreview,
  lost: () => useRuns.setState({ connection: "offline" }),
});

/** Draw another workflow: forget what is shown, and let the server tell again from the start of its last run. */
export function watchRuns(workflow: string): void {
  forgetPreviews();
  watched = workflow;
  replayFrom = Number(localStorage.getItem(replayKey(workflow)) ?? -1);
  useRuns.setState({ ...NO_RUNS, previewAspects: {} });
  socket.connect();
}

/** Remember where the run on display began, so that a reloaded page shows it again in full. */
function rememberStart(event: RunEvent): void {
  if (event.type !== "job_started" || useRuns.getState().run?.job !== event.job) return;
  rememberJob(watched, event.job);
  try {
    localStorage.setItem(replayKey(watched), String(event.seq - 1));
  } catch {
    // Without storage a reloaded page shows less of the last run, no more.
  }
}

function onHello({ seq, status }: Hello): void {
  // A lower number than ours means a new event log: what we know is of another server's life.
  if (seq < useRuns.getState().seq) useRuns.setState({ ...NO_RUNS, previewAspects: {}, seq });
  const replaying = useRuns.getState().seq < 0 && replayFrom >= 0;
  if (replaying && (seq < replayFrom || seq - replayFrom > LONGEST_REPLAY)) {
    replayFrom = -1;
    return socket.connect();
  }
  useRuns.setState({
    connection: status.worker.state,
    device: status.worker.device,
    failedFiles: status.failed_files,
    queuedAtHello: status.queue.queued,
    running: status.queue.running,
    paused: status.queue.paused,
  });
  void loadCatalog();
}

function onEvent(event: RunEvent): void {
  useRuns.setState((state) => ({ ...reduce(state, event, belongs), ...counters(state, event) }));
  rememberStart(event);
  if (event.type === "worker_changed") {
    useRuns.setState({ connection: event.state, device: event.device, detail: event.detail });
  }
  if (event.type === "catalog_changed") {
    void loadCatalog();
    reloadChoices();
  }
}

function counters(state: RunsState, event: RunEvent): Partial<RunsState> {
  if (event.type === "asset_added") return { assetsVersion: state.assetsVersion + 1 };
  if (!event.type.startsWith("job_") && event.type !== "queue_changed") return {};
  return { jobsVersion: state.jobsVersion + 1, queuedAtHello: 0 };
}

function onPreview(node: string, image: Blob): void {
  const { run, previewAspects } = useRuns.getState();
  if (!run?.nodes[node]) return;
  const shown = [node, ...parents(node)];
  const fresh = shown.filter((id) => !previewAspects[id]).map((id) => [id, 1]);
  if (fresh.length) useRuns.setState({ previewAspects: { ...previewAspects, ...Object.fromEntries(fresh) } });
  for (const id of shown) pushPreview(id, image);
}

export function setPreviewAspect(node: string, aspect: number): void {
  const known = useRuns.getState().previewAspects;
  if (Math.abs((known[node] ?? 0) - aspect) > 0.005) useRuns.setState({ previewAspects: { ...known, [node]: aspect } });
}

/** The pictures and reports of a finished run, as far as the event stream did not tell them again. */
export function showFinished({ job, assets, reports }: JobAnswer): void {
  const state = useRuns.getState();
  if (state.run && state.run.job !== job.id) return;
  if (![...assets, ...reports].every(({ node }) => belongs([node]))) return;
  const run = { job: job.id, title: job.title, status: job.status, order: [], nodes: {}, problem: job.problem, started: job.started ?? 0, duration: job.duration };
  const told = byNode(reports.map(({ node, report }) => [node, report]));
  useRuns.setState({ assets: { ...byNode(assets.map((a) => [a.node, a])), ...state.assets }, reports: { ...told, ...state.reports }, run: state.run ?? run });
}

/** Resolves when the events of this job, which may be told once more just now, have all come. */
export function toldInFull(job: string): Promise<void> {
  const telling = () => useRuns.getState().run?.job === job && useRuns.getState().run?.status === "running";
  if (!telling()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = useRuns.subscribe(() => {
      if (telling()) return;
      stop();
      resolve();
    });
  });
}

function byNode<T>(entries: readonly (readonly [string, T])[]): Record<string, T[]> {
  const lists: Record<string, T[]> = {};
  for (const [node, entry] of entries) (lists[node] ??= []).push(entry);
  return lists;
}

/** Jobs waiting, as far as we know. */
export function queueLength(state: RunsState): number {
  return Math.max(Object.keys(state.queued).length, state.queuedAtHello);
}
