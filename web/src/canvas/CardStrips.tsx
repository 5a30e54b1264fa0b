import { useRuns } from "../api/runs";
import { listAt } from "../graph/levels";
import { summary } from "../graph/report";
import { Icon } from "../panels/Icon";
import { flatId, select } from "./editor";
import { openTab } from "./prefs";
import { allProblems, problemsOf, useProblems } from "./problems";
import { useShallow } from "zustand/react/shallow";

/** What the technique in this node did in the last run, in a line. */
export function ReportStrip({ id, y }: { id: string; y: number }) {
  const report = useRuns((s) => listAt(s.reports, flatId(id))?.at(-1));
  if (!report) return null;
  const show = () => {
    select(new Set([id]));
    openTab("inspector");
  };
  return (
    <button type="button" className="strip report nodrag" style={{ top: y }} data-testid="report" title="Show in the inspector" onClick={show}>
      <Icon name="inspector" size={13} /> <span>{summary(report)}</span>
    </button>
  );
}

/** The node's worst problem, with the way out on hover and in the panel. */
export function ProblemStrip({ id, y }: { id: string; y: number }) {
  const problems = useProblems(useShallow((s) => problemsAt(s, id)));
  const worst = problems.find((p) => p.severity === "error") ?? problems[0];
  if (!worst) return null;
  const more = problems.length > 1 ? ` (+${problems.length - 1})` : "";
  return (
    <button
      type="button"
      className={`strip problem nodrag ${worst.severity}`}
      style={{ top: y }}
      data-testid="problem"
      title={`${worst.message}\n${worst.remedy}`}
      onClick={() => openTab("problems")}
    >
      <Icon name="error" size={13} /> <span>{worst.message + more}</span>
    </button>
  );
}

function problemsAt(state: ReturnType<typeof useProblems.getState>, id: string) {
  return problemsOf(allProblems(state), flatId(id));
}
