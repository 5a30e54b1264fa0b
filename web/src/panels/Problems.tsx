import { useReactFlow } from "@xyflow/react";
import { useShallow } from "zustand/react/shallow";
import { useRuns } from "../api/runs";
import type { Problem } from "../api/types";
import { openAt, select } from "../canvas/editor";
import { bringOut } from "../canvas/notes";
import { allProblems, useProblems } from "../canvas/problems";
import { Icon } from "./Icon";

/** What is wrong, and the way out. A click leads to the node. */
export function Problems() {
  const problems = useProblems(useShallow(allProblems));
  const failed = useRuns((s) => s.failedFiles);
  const jump = useJump();
  return (
    <div className="panel-body">
      {!problems.length && !failed.length && <p className="note">No problems. The workflow can run.</p>}
      <ul className="list problems">
        {problems.map((problem, i) => (
          <li key={i} className={problem.severity} data-testid="problem-row">
            <button type="button" disabled={!problem.node} onClick={() => problem.node && jump(problem.node)}>
              <Icon name="error" />
              <span>
                {problem.node && <em>{where(problem)}</em>}
                <b>{said(problem)}</b>
                <span className="faint">{problem.remedy}</span>
              </span>
            </button>
          </li>
        ))}
        {failed.map(({ file, reason }) => (
          <li key={file} className="warning">
            <div>
              <Icon name="error" />
              <span>
                <em>{file}</em>
                <b>This node file could not be read.</b>
                <span className="faint">{reason}</span>
              </span>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The message without the node's name in front: it stands above. */
function said({ node, message }: Problem): string {
  return node && message.startsWith(`${node}: `) ? message.slice(node.length + 2) : message;
}

function where({ node, input }: Problem): string {
  return input ? `${node} · ${input}` : (node ?? "");
}

/** Select a node and bring it into view. */
export function useJump(): (id: string) => void {
  const flow = useReactFlow();
  return (flat) => {
    const id = openAt(flat);
    if (id === null) return;
    bringOut(id);
    select(new Set([id]));
    const show = () => void flow.fitView({ nodes: [{ id }], padding: 0.6, maxZoom: 1.2, duration: 250 });
    // A sheet that was just opened reaches React Flow with the next render, and is fitted whole first.
    window.setTimeout(show, 60);
  };
}
