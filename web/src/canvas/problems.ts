import { create } from "zustand";
import { useCatalog } from "../api/catalog";
import { checkDocument } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Problem } from "../api/types";
import type { Run } from "../graph/events";
import { cardAt, parents } from "../graph/levels";
import { prefixOf, useEditor } from "./editor";
import { openTab } from "./prefs";
import { toast } from "./surface";
import { documentNow, useWorkflow } from "./workflow";

/** Problems of the document as it stands, and what made the last run fail. */
interface ProblemsState {
  checked: readonly Problem[];
  failure: Problem | null;
}

export const useProblems = create<ProblemsState>(() => ({ checked: [], failure: null }));

const AFTER_EDIT = 400;
let timer = 0;
let asked = 0;

export function startChecking(): void {
  useEditor.subscribe((state, before) => {
    if (state.version !== before.version) checkSoon();
    const flat = useProblems.getState().failure?.node;
    const node = flat ? cardAt(prefixOf(), flat) : null;
    // Whoever changes the node that failed is mending it: the mark has done its work.
    if (node && state.path === before.path && state.values[node] !== before.values[node]) useProblems.setState({ failure: null });
  });
  useCatalog.subscribe(checkSoon);
  useRuns.subscribe((state, before) => {
    if (state.connection !== before.connection) checkSoon();
    if (state.run?.problem !== before.run?.problem || state.run?.job !== before.run?.job) {
      useProblems.setState({ failure: state.run?.problem ?? null });
      if (state.run?.problem && isFresh(state.run)) announce(state.run.problem);
    }
  });
  useWorkflow.subscribe((state, before) => {
    if (state.opening !== before.opening) clearProblems();
  });
}

const FRESH = 15;

/** Not one that a reloaded page only hears of again. */
function isFresh(run: Run): boolean {
  return Date.now() / 1000 - run.started - (run.duration ?? 0) < FRESH;
}

/** The node that failed may be out of sight, or there may be none: say it where everybody sees it. */
function announce(problem: Problem): void {
  const action = { label: "Show", act: () => openTab("problems") };
  toast(problem.message, { tone: "error", remedy: problem.remedy, action });
}

export function checkSoon(): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void check(), AFTER_EDIT);
}

async function check(): Promise<void> {
  // Asked again as soon as the server is back.
  if (useRuns.getState().connection === "offline") return;
  const ticket = ++asked;
  const answer = await checkDocument(documentNow()).catch(() => null);
  // An answer about an older document would mark what is mended already.
  if (answer && ticket === asked) useProblems.setState({ checked: answer.problems });
}

export function setProblems(problems: readonly Problem[]): void {
  asked++;
  useProblems.setState({ checked: problems });
}

/** Another workflow is open: its problems are not the old one's. */
function clearProblems(): void {
  asked++;
  useProblems.setState({ checked: [], failure: null });
  checkSoon();
}

/** Both kinds in one list, the same list for the same state. */
export function allProblems({ checked, failure }: ProblemsState): readonly Problem[] {
  if (!failure) return checked;
  if (joined?.checked !== checked || joined.failure !== failure) joined = { checked, failure, all: [failure, ...checked] };
  return joined.all;
}

let joined: (ProblemsState & { all: readonly Problem[] }) | null = null;

/** Problems by flat id, those of inner nodes also at their subgraph's card; kept per list because every card asks. */
const byNodeOf = new WeakMap<readonly Problem[], Map<string, Problem[]>>();
const NONE: readonly Problem[] = [];

export function problemsOf(problems: readonly Problem[], node: string): readonly Problem[] {
  let index = byNodeOf.get(problems);
  if (!index) {
    index = new Map();
    for (const p of problems) {
      for (const id of p.node ? [p.node, ...parents(p.node)] : []) index.set(id, [...(index.get(id) ?? []), p]);
    }
    byNodeOf.set(problems, index);
  }
  return index.get(node) ?? NONE;
}

/** What is wrong with one input of a node itself. */
export function ownProblem(problems: readonly Problem[], node: string, input: string): Problem | undefined {
  return problemsOf(problems, node).find((p) => p.node === node && p.input === input);
}
