import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import { flatId, useEditor } from "../canvas/editor";
import { Reel } from "../canvas/Scrubber";
import { NodeDocs } from "../canvas/Help";
import type { NodeRun } from "../graph/events";
import { listAt, runAt } from "../graph/levels";
import { formatBytes } from "../graph/models";
import { formatDuration } from "../graph/numbers";
import { Measuring } from "./Measuring";
import { PlanView } from "./Plan";
import { useJump } from "./Problems";
import { ReportView } from "./ReportView";

/** What happened in the selected node, or in the whole run when none is selected. */
export function Inspector() {
  const id = useEditor((s) => [...s.selected].find((one) => one in s.cards));
  return <div className="panel-body">{id ? <NodeInspector id={id} /> : <RunInspector />}</div>;
}

function NodeInspector({ id }: { id: string }) {
  const card = useEditor((s) => s.cards[id]);
  const schema = useCatalog((s) => s.catalog[card?.type ?? ""]);
  const node = useRuns((s) => runAt(s.run?.nodes, flatId(id)));
  const reports = useRuns((s) => listAt(s.reports, flatId(id)));
  return (
    <>
      <h3>{card?.title || schema?.title || card?.type}</h3>
      {node && <NodeTimes node={node} />}
      <Reel flat={flatId(id)} />
      {reports?.map((report, i) => (
        <ReportView key={i} report={report} />
      ))}
      <Measuring flat={flatId(id)} />
      {schema ? <NodeDocs schema={schema} /> : <p className="note">The server does not know this node. It is kept as it is, but cannot run.</p>}
    </>
  );
}

function NodeTimes({ node }: { node: NodeRun }) {
  const slowest = Math.max(...node.stepTimes, 1e-9);
  return (
    <section className="times">
      <p>
        {node.state}
        {node.duration !== null && node.state !== "cached" && ` · ${formatDuration(node.duration)}`}
        {node.steps > 0 && ` · ${node.step} of ${node.steps} steps`}
        {node.memory !== null && ` · ${formatBytes(node.memory)} held at most`}
      </p>
      {node.stepTimes.length > 1 && (
        <div className="bars" role="img" aria-label={`Time per step, at most ${formatDuration(slowest)}`}>
          {node.stepTimes.map((time, i) => (
            <i key={i} style={{ height: `${Math.max(4, (100 * time) / slowest)}%` }} title={`step ${i + 1}: ${formatDuration(time)}`} />
          ))}
        </div>
      )}
    </section>
  );
}

/** What the next run would do, and below it how the last one went. */
function RunInspector() {
  return (
    <>
      <PlanView />
      <LastRun />
    </>
  );
}

function LastRun() {
  const run = useRuns((s) => s.run);
  const reports = useRuns((s) => s.reports);
  const jump = useJump();
  if (!run || (!run.order.length && !Object.keys(reports).length)) return <p className="note">Select a node, or run the workflow, to see what it does.</p>;
  const longest = Math.max(...run.order.map((id) => run.nodes[id]?.duration ?? 0), 1e-9);
  return (
    <>
      <h3>Last run</h3>
      <p className="faint">
        {run.status}
        {run.duration !== null && ` · ${formatDuration(run.duration)}`}
      </p>
      <ul className="timeline">
        {run.order.map((id) => {
          const node = run.nodes[id];
          return (
            <li key={id}>
              <button type="button" className="plain" onClick={() => jump(id)}>
                <span>{id}</span>
                <span className="track">
                  <i style={{ transform: `scaleX(${(node?.duration ?? 0) / longest})` }} />
                </span>
                <span className="faint">{node?.state === "cached" ? "cached" : node?.duration ? formatDuration(node.duration) : node?.state}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {Object.entries(reports).map(([id, list]) => (
        <div key={id}>
          {list.map((report, i) => (
            <ReportView key={i} report={report} node={id} />
          ))}
          <Measuring flat={id} />
        </div>
      ))}
    </>
  );
}
