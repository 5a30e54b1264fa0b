import { useState } from "react";
import { cancelJob, deleteJob, getJobs } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Job } from "../api/types";
import { openJobDocument } from "../canvas/jobs";
import { attempt } from "../canvas/opening";
import { formatDuration } from "../graph/numbers";
import { progress } from "../graph/events";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { ago } from "./time";

/** Jobs that wait, run and ran, newest first. */
export function Queue() {
  const version = useRuns((s) => s.jobsVersion);
  const [removed, setRemoved] = useState(0);
  const { data, fault } = useFetched(() => getJobs(60), [version, removed]);
  return (
    <div className="panel-body">
      <Note data={data?.jobs} fault={fault} empty="Nothing has run yet." />
      <ul className="list">
        {data?.jobs.map((job) => (
          <JobRow key={job.id} job={job} onRemoved={() => setRemoved((n) => n + 1)} />
        ))}
      </ul>
    </div>
  );
}

function JobRow({ job, onRemoved }: { job: Job; onRemoved: () => void }) {
  const open = job.status === "queued" || job.status === "running";
  return (
    <li data-testid="job" data-status={job.status}>
      <i className={`lamp ${job.status}`} />
      <div className="grow">
        <b>{job.title || "Untitled"}</b>
        <span className="faint">{jobNote(job)}</span>
        {job.problem && <span className="note bad">{job.problem.message}</span>}
        {job.status === "running" && <JobProgress id={job.id} />}
      </div>
      <button type="button" className="w-icon" title="Open the workflow that it ran" aria-label="Open workflow" onClick={() => attempt("Not opened", () => openJobDocument(job.id))}>
        <Icon name="open" />
      </button>
      {open && (
        <button type="button" className="w-icon" title="Cancel" aria-label="Cancel job" onClick={() => attempt("Not cancelled", () => cancelJob(job.id))}>
          <Icon name="cancel" />
        </button>
      )}
      {job.status !== "running" && !open && (
        <button
          type="button"
          className="w-icon"
          title="Remove from the list; its pictures stay"
          aria-label="Remove job"
          onClick={() => attempt("Not removed", () => deleteJob(job.id).then(onRemoved))}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
}

function jobNote(job: Job): string {
  const took = job.duration === null ? "" : ` · ${formatDuration(job.duration)}`;
  return `${job.status}${took} · ${ago(job.finished ?? job.started ?? job.created)}`;
}

function JobProgress({ id }: { id: string }) {
  const share = useRuns((s) => (s.run?.job === id ? progress(s.run) : null));
  return share === null ? null : (
    <div className="step-bar inline">
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}
