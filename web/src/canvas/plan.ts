import { create } from "zustand";
import { postPlan } from "../api/routes";
import { useRuns } from "../api/runs";
import type { PlannedMemory } from "../api/types";
import { useEditor } from "./editor";
import { usePrefs } from "./prefs";
import { useProblems } from "./problems";
import { documentNow } from "./workflow";

/** What a run would do now: which nodes run, which results are there already, and what memory it takes. */
export interface Plan {
  readonly runs: ReadonlySet<string>;
  readonly reused: ReadonlySet<string>;
  readonly memory: PlannedMemory | null;
}

/** Null while nobody knows. */
interface PlanState {
  plan: Plan | null;
}

export const usePlan = create<PlanState>(() => ({ plan: null }));

let timer = 0;
let asked = 0;
const AFTER_EDIT = 700;
const AGAIN = 3000;

const wanted = () => usePrefs.getState().tab === "inspector" && useRuns.getState().connection === "ready" && useRuns.getState().running === null;

/** Ask for a plan while the inspector is open and nothing runs, and again after each edit. */
export function startPlanning(): void {
  const soon = () => {
    usePlan.setState({ plan: null });
    window.clearTimeout(timer);
    if (wanted()) timer = window.setTimeout(() => void ask(), AFTER_EDIT);
  };
  useEditor.subscribe((state, before) => state.version !== before.version && soon());
  usePrefs.subscribe((state, before) => state.tab !== before.tab && soon());
  useProblems.subscribe((state, before) => state.checked !== before.checked && soon());
  useRuns.subscribe((state, before) => (state.running !== before.running || state.connection !== before.connection) && soon());
  soon();
}

async function ask(): Promise<void> {
  const ticket = ++asked;
  const answer = await postPlan(documentNow()).catch(() => null);
  if (ticket !== asked || !wanted()) return;
  // A plan is a help and no need: while the worker has no time there is none.
  if (!answer) return void (timer = window.setTimeout(() => void ask(), AGAIN));
  usePlan.setState({ plan: { runs: new Set(answer.runs), reused: new Set(answer.reused), memory: answer.memory ?? null } });
}

/** What the plan says of a card: a subgraph's card runs when any node in it does. */
export function plannedAt({ plan }: PlanState, flat: string): "runs" | "kept" | null {
  if (!plan) return null;
  const within = (ids: ReadonlySet<string>) => ids.has(flat) || [...ids].some((id) => id.startsWith(`${flat}/`));
  return within(plan.runs) ? "runs" : within(plan.reused) ? "kept" : null;
}
