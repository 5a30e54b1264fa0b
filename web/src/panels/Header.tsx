import { useState } from "react";
import { queueLength, useRuns } from "../api/runs";
import { progress } from "../graph/events";
import { formatDuration } from "../graph/numbers";
import { useEditor } from "../canvas/editor";
import { useMeasuring } from "../canvas/measuring";
import { cancel, run } from "../canvas/running";
import { setTitle, useWorkflow, type SaveState } from "../canvas/workflow";
import { useSurface } from "../canvas/surface";
import { Icon } from "./Icon";

/** The bar on top: which workflow, whether it is saved, what the server is doing, run and cancel. */
export function Header() {
  return (
    <header className="bar">
      <Logo />
      <Title />
      <Saved />
      <span className="grow" />
      <Status />
      <CancelButton />
      <RunButton />
      <OverallProgress />
    </header>
  );
}

function Logo() {
  return (
    <h1 className="logo">
      <svg viewBox="0 0 32 32" width="24" height="24" role="img" aria-label="Patchloom">
        <g fill="none" strokeWidth="4" strokeLinecap="round">
          <path d="M11 5v22M21 5v22" stroke="var(--warp)" />
          <path d="M5 11h22M5 21h22" stroke="var(--accent)" />
          <path d="M11 8.5v5M21 18.5v5" stroke="var(--warp)" strokeLinecap="butt" />
        </g>
      </svg>
    </h1>
  );
}

function Title() {
  const title = useWorkflow((s) => s.title);
  const [typed, setTyped] = useState<string | null>(null);
  const done = () => {
    if (typed !== null) setTitle(typed);
    setTyped(null);
  };
  return (
    <input
      className="bar-title"
      aria-label="Name of the workflow"
      data-testid="title"
      size={Math.max(8, (typed ?? title).length)}
      value={typed ?? title}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={done}
      onKeyDown={(event) => {
        if (event.key === "Escape") setTyped(null);
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

const SAVED: Record<SaveState, string> = {
  saved: "saved",
  unsaved: "edited",
  saving: "saving…",
  offline: "offline, will save",
  conflict: "saved elsewhere",
};

function Saved() {
  const state = useWorkflow((s) => s.saveState);
  const revision = useWorkflow((s) => s.revision);
  if (state === "conflict") {
    return (
      <button type="button" className="saved conflict" data-testid="saved" onClick={() => useSurface.setState({ dialog: "conflict" })}>
        {SAVED[state]}
      </button>
    );
  }
  return (
    <span className={`saved ${state}`} data-testid="saved" title={`Revision ${revision}`} role="status">
      {SAVED[state]}
    </span>
  );
}

const CONNECTION = {
  connecting: "Connecting…",
  starting: "Worker starting…",
  ready: "Ready",
  stopped: "Worker stopped",
  offline: "Offline, trying again…",
} as const;

function Status() {
  const connection = useRuns((s) => s.connection);
  const device = useRuns((s) => s.device);
  const detail = useRuns((s) => s.detail);
  const queued = useRuns(queueLength);
  const paused = useRuns((s) => s.paused);
  const told = useRuns(workingText);
  const running = useRuns((s) => s.running);
  const measuring = useMeasuring((s) => Object.values(s.measured).some(({ job }) => job.id === running));
  const working = measuring ? "Measuring" : told;
  const state = connection === "ready" && working ? "running" : connection;
  return (
    <div className="status" data-testid="status" data-state={state} role="status" title={[device, detail].filter(Boolean).join(" · ")}>
      <i className={`lamp ${state}`} />
      <span>{connection === "ready" ? (working ?? readyText(device)) : CONNECTION[connection]}</span>
      {queued > 0 && (
        <span className="badge" data-testid="queued">
          +{queued} queued
        </span>
      )}
      {paused && <span className="badge busy">paused</span>}
      <LastRun />
    </div>
  );
}

function readyText(device: string): string {
  return device ? `Ready · ${device}` : "Ready";
}

function workingText(state: ReturnType<typeof useRuns.getState>): string | null {
  const { run: shown, running } = state;
  if (!running) return null;
  if (shown?.job !== running) return "Running another workflow";
  const id = Object.keys(shown.nodes).find((node) => shown.nodes[node]!.state === "running");
  if (!id) return "Running";
  const node = shown.nodes[id]!;
  return node.steps ? `Running ${id} ${node.step}/${node.steps}` : `Running ${id}`;
}

/** How the last run ended, while nothing runs. */
function LastRun() {
  const last = useRuns((s) => (s.running ? null : s.run));
  if (!last || last.status === "queued" || last.status === "running") return null;
  if (last.status === "failed") return <span className="badge bad">failed</span>;
  if (last.status === "cancelled") return <span className="badge off">cancelled</span>;
  return last.duration === null ? null : <span className="badge time">{formatDuration(last.duration)}</span>;
}

function CancelButton() {
  const busy = useRuns((s) => s.running !== null || queueLength(s) > 0);
  return (
    <button type="button" className="button" data-testid="cancel" disabled={!busy} onClick={() => void cancel()}>
      <Icon name="cancel" size={14} /> <span className="wide-only">Cancel</span>
    </button>
  );
}

function RunButton() {
  const empty = useEditor((s) => Object.keys(s.cards).length === 0);
  const offline = useRuns((s) => s.connection === "offline");
  return (
    <button type="button" className="button primary" data-testid="run" title="Run (Ctrl+Enter)" disabled={empty || offline} onClick={() => void run()}>
      <Icon name="play" size={14} /> Run
    </button>
  );
}

function OverallProgress() {
  const share = useRuns((s) => (s.run && s.run.job === s.running ? progress(s.run) : null));
  if (share === null) return null;
  return (
    <div className="overall" role="progressbar" aria-label="Progress of the run" aria-valuenow={Math.round(share * 100)} data-testid="overall">
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}
