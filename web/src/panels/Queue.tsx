import { useDeferredValue, useMemo, useState } from "react";
import { getAssets, getJobs, pauseQueue } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Asset, Job } from "../api/types";
import { attempt } from "../canvas/opening";
import { Filters } from "./Filters";
import { Icon } from "./Icon";
import { JobRow } from "./JobRow";
import { useFetched } from "./loading";
import { Note } from "./Note";

const PAGE = 60;
const PICTURES = 200;
const STATUSES = { "": "All runs", queued: "Waiting", done: "Done", failed: "Failed", cancelled: "Cancelled" };

/** Jobs: the running one, those that wait in their order, and what has run, newest first. */
export function Queue() {
  const version = useRuns((s) => s.jobsVersion);
  const queued = useRuns((s) => s.queued);
  const [removed, setRemoved] = useState(0);
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const [status, setStatus] = useState("");
  const { data, fault } = useFetched(() => getJobs(PAGE, search, status), [version, removed, search, status]);
  const pictures = usePictures();
  const waiting = Object.keys(queued);
  const jobs = data && [...data.jobs].sort((a, b) => rank(a, waiting) - rank(b, waiting));
  return (
    <div className="panel-body">
      <Filters what="runs" typed={typed} onType={setTyped} choices={STATUSES} chosen={status} onChoose={setStatus} />
      <div className="row">
        <PauseButton />
      </div>
      <Note data={jobs} fault={fault} empty={search || status ? "No run matches." : "Nothing has run yet."} />
      <ul className="list">
        {jobs?.map((job) => (
          <JobRow key={job.id} job={job} picture={pictures?.get(job.id)} waiting={waiting} onRemoved={() => setRemoved((n) => n + 1)} />
        ))}
      </ul>
    </div>
  );
}

/** What the last jobs made, one picture each. */
function usePictures(): ReadonlyMap<string, Asset> | undefined {
  const version = useRuns((s) => s.assetsVersion);
  const { data } = useFetched(() => getAssets(PICTURES), [version]);
  return useMemo(() => data && new Map(data.assets.map((asset) => [asset.job, asset])), [data]);
}

/** Running before waiting before finished; sorting keeps the server's order among the finished. */
function rank(job: Job, waiting: readonly string[]): number {
  if (job.status === "running") return -1;
  return job.status === "queued" ? Math.max(0, waiting.indexOf(job.id)) : PAGE + waiting.length;
}

function PauseButton() {
  const paused = useRuns((s) => s.paused);
  return (
    <button
      type="button"
      className="button"
      aria-pressed={paused}
      data-testid="pause"
      title={paused ? "Let waiting jobs run" : "Waiting jobs stay; the running one goes on"}
      onClick={() => attempt("Not changed", () => pauseQueue(!paused))}
    >
      <Icon name={paused ? "play" : "pause"} size={14} /> {paused ? "Resume" : "Pause"}
    </button>
  );
}
