import { cancelJob, deleteJob, moveJob, retryJob } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Asset, Job } from "../api/types";
import { openJobDocument } from "../canvas/jobs";
import { attempt } from "../canvas/opening";
import { viewAssets } from "../canvas/surface";
import { progress } from "../graph/events";
import { formatDuration } from "../graph/numbers";
import { AssetView } from "./AssetView";
import { Icon, type IconName } from "./Icon";
import { ago } from "./time";

interface Props {
  readonly job: Job;
  readonly picture: Asset | undefined;
  /** The jobs that wait, in their order. */
  readonly waiting: readonly string[];
  readonly onRemoved: () => void;
}

/** A job, and what can be done with it at its stage. */
export function JobRow({ job, picture, waiting, onRemoved }: Props) {
  const over = job.status !== "queued" && job.status !== "running";
  return (
    <li className="job" data-testid="job" data-status={job.status}>
      {picture ? (
        <button type="button" className="plain job-picture" aria-label={`Look at ${picture.name}`} onClick={() => viewAssets([picture], 0)}>
          <AssetView asset={picture} lazy />
        </button>
      ) : (
        <span className="job-picture none">
          <i className={`lamp ${job.status}`} />
        </span>
      )}
      <div className="grow">
        <b title={job.title}>{job.title || "Untitled"}</b>
        <span className="faint">{jobNote(job)}</span>
        {job.problem && <span className="note bad">{job.problem.message}</span>}
        {job.status === "running" && <JobProgress id={job.id} />}
      </div>
      {job.status === "queued" && waiting.length > 1 && <Places id={job.id} waiting={waiting} />}
      {over && <Action icon="retry" hint="Run it again" act={() => attempt("Not queued", () => retryJob(job.id))} />}
      <Action icon="open" hint="Open the workflow that it ran" act={() => attempt("Not opened", () => openJobDocument(job.id))} />
      {over ? (
        <Action icon="trash" hint="Remove from the list; its pictures stay" act={() => attempt("Not removed", () => deleteJob(job.id).then(onRemoved))} />
      ) : (
        <Action icon="cancel" hint="Cancel" act={() => attempt("Not cancelled", () => cancelJob(job.id))} />
      )}
    </li>
  );
}

/** Earlier, later, or at once. */
function Places({ id, waiting }: { id: string; waiting: readonly string[] }) {
  const at = waiting.indexOf(id);
  const before = (place: string | undefined) => attempt("Not moved", () => moveJob(id, place ?? null));
  return (
    <>
      {at > 0 && <Action icon="next" hint="Run it next" act={() => before(waiting[0])} />}
      {at > 1 && <Action icon="up" hint="Run it earlier" act={() => before(waiting[at - 1])} />}
      {at < waiting.length - 1 && <Action icon="down" hint="Run it later" act={() => before(waiting[at + 2])} />}
    </>
  );
}

function Action({ icon, hint, act }: { icon: IconName; hint: string; act: () => void }) {
  return (
    <button type="button" className="w-icon" title={hint} aria-label={hint} onClick={act}>
      <Icon name={icon} />
    </button>
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
