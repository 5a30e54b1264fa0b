import type { Asset, JobStatus, Problem, RunEvent } from "../api/types";
import type { Report } from "./report";

export interface NodeRun {
  readonly state: "waiting" | "running" | "done" | "cached" | "failed" | "stopped";
  readonly step: number;
  readonly steps: number;
  readonly duration: number | null;
  readonly stepTimes: readonly number[];
  /** The most that was held while it ran (bytes); null when that was not measured. */
  readonly memory: number | null;
}

/** The run that the canvas shows: the last started one that belongs to the open workflow. */
export interface Run {
  readonly job: string;
  readonly title: string;
  readonly status: JobStatus;
  readonly order: readonly string[];
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly problem: Problem | null;
  readonly started: number;
  readonly duration: number | null;
}

export interface RunState {
  readonly seq: number;
  readonly run: Run | null;
  readonly running: string | null;
  readonly paused: boolean;
  /** Queued jobs and their titles, the next one first. */
  readonly queued: Readonly<Record<string, string>>;
  readonly assets: Readonly<Record<string, readonly Asset[]>>;
  readonly reports: Readonly<Record<string, readonly Report[]>>;
}

export const NO_RUNS: RunState = { seq: -1, run: null, running: null, paused: false, queued: {}, assets: {}, reports: {} };

const WAITING: NodeRun = { state: "waiting", step: 0, steps: 0, duration: null, stepTimes: [], memory: null };

/** The state after an event. `belongs` says whether a run with these nodes is one of the open workflow. */
export function reduce(state: RunState, event: RunEvent, belongs: (order: readonly string[]) => boolean): RunState {
  if (event.seq <= state.seq) return state;
  return { ...apply(state, event, belongs), seq: event.seq };
}

function apply(state: RunState, event: RunEvent, belongs: (order: readonly string[]) => boolean): RunState {
  switch (event.type) {
    case "job_queued":
      return { ...state, queued: { ...state.queued, [event.job]: event.title } };
    case "job_started":
      return started(state, event, belongs(event.order));
    case "job_finished":
      return finished(state, event);
    case "queue_changed": {
      const queued = Object.fromEntries(event.order.map((id) => [id, state.queued[id] ?? ""]));
      return { ...state, paused: event.paused, queued };
    }
    case "worker_changed":
    case "catalog_changed":
      return state;
    default:
      return state.run?.job === event.job ? inRun(state, state.run, event) : state;
  }
}

type Started = Extract<RunEvent, { type: "job_started" }>;
type Finished = Extract<RunEvent, { type: "job_finished" }>;
type NodeEvent = Extract<RunEvent, { node: string }>;

function started(state: RunState, event: Started, belongs: boolean): RunState {
  const { [event.job]: title = "", ...queued } = state.queued;
  const next = { ...state, queued, running: event.job };
  if (!belongs) return next;
  const cached = new Set(event.cached);
  const nodes = Object.fromEntries(event.order.map((id) => [id, cached.has(id) ? { ...WAITING, state: "cached" as const } : WAITING]));
  // A node from the cache tells its report again.
  const reports = Object.fromEntries(Object.entries(state.reports).filter(([id]) => !nodes[id]));
  const run: Run = {
    job: event.job,
    title,
    status: "running",
    order: event.order,
    nodes,
    problem: null,
    started: event.time,
    duration: null,
  };
  return { ...next, run, reports };
}

function finished(state: RunState, event: Finished): RunState {
  const { [event.job]: title, ...queued } = state.queued;
  const next = { ...state, queued, running: state.running === event.job ? null : state.running };
  // A worker that dies at once leaves a failure without a start.
  const stillborn = title !== undefined && event.status === "failed";
  const run = stillborn ? unstarted(event, title) : state.run;
  if (run?.job !== event.job) return next;
  const nodes = Object.fromEntries(Object.entries(run.nodes).map(([id, node]) => [id, ended(id, node, event)]));
  return { ...next, run: { ...run, nodes, status: event.status, problem: event.problem, duration: event.duration ?? event.time - run.started } };
}

function unstarted(event: Finished, title: string): Run {
  return { job: event.job, title, status: "running", order: [], nodes: {}, problem: null, started: event.time, duration: null };
}

function ended(id: string, node: NodeRun, event: Finished): NodeRun {
  if (event.problem?.node === id) return { ...node, state: "failed" };
  return node.state === "running" || node.state === "waiting" ? { ...node, state: "stopped" } : node;
}

function inRun(state: RunState, run: Run, event: NodeEvent): RunState {
  if (event.type === "asset_added") return { ...state, assets: { ...state.assets, [event.node]: withAsset(state, event) } };
  if (event.type === "node_reported") {
    const reports = [...(state.reports[event.node] ?? []), event.report as Report];
    return { ...state, reports: { ...state.reports, [event.node]: reports } };
  }
  const known = run.nodes[event.node] ?? WAITING;
  // A node that was expanded while running begins and ends with its own events, not with those of its parts.
  const node = "part" in event && event.part ? known : nodeAfter(known, event);
  return { ...state, run: { ...run, nodes: { ...run.nodes, [event.node]: node } } };
}

/**
 * A new run's pictures replace the old ones in a node; those of the same run stand side by side. A picture that was
 * reused names the run that made it, so it is counted to this run here.
 */
function withAsset(state: RunState, event: Extract<RunEvent, { type: "asset_added" }>): readonly Asset[] {
  const same = (state.assets[event.node] ?? []).filter((a) => a.job === event.job && a.id !== event.asset.id);
  return [...same, { ...event.asset, job: event.job }];
}

function nodeAfter(node: NodeRun, event: Exclude<NodeEvent, { type: "asset_added" | "node_reported" }>): NodeRun {
  switch (event.type) {
    case "node_started":
      return { ...WAITING, state: "running" };
    case "node_progress":
      return { ...node, state: "running", step: event.step, steps: event.steps, stepTimes: [...node.stepTimes, event.duration] };
    case "node_finished":
      return { ...node, state: event.cached ? "cached" : "done", duration: event.duration, memory: measured(event) };
  }
}

/** Events that an older version stored lack the figure. */
function measured(event: object): number | null {
  return "memory" in event && typeof event.memory === "number" ? event.memory : null;
}

/** How far the run is, 0 to 1: finished nodes, and the steps of the running one. */
export function progress(run: Run): number {
  const todo = run.order.filter((id) => run.nodes[id]?.state !== "cached");
  if (!todo.length) return run.status === "running" ? 0 : 1;
  // Nodes with steps are the long ones: a node that counts steps weighs ten times as much.
  const weight = (node: NodeRun) => (node.steps > 1 ? 10 : 1);
  const nodes = todo.map((id) => run.nodes[id] ?? WAITING);
  const all = nodes.reduce((sum, node) => sum + weight(node), 0);
  return nodes.reduce((sum, node) => sum + weight(node) * share(node), 0) / all;
}

function share(node: NodeRun): number {
  if (node.state === "done" || node.state === "cached") return 1;
  return node.steps ? node.step / node.steps : 0;
}
