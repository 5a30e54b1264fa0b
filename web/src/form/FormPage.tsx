import { useState } from "react";
import "../styles/form.css";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import { useEditor } from "../canvas/editor";
import { allProblems, useProblems } from "../canvas/problems";
import { cancel, run } from "../canvas/running";
import { useWorkflow } from "../canvas/workflow";
import { progress } from "../graph/events";
import { Icon } from "../panels/Icon";
import { Toasts } from "../panels/Toasts";
import { useAppForm } from "../panels/AppPanel";
import { Viewer } from "../panels/Viewer";
import { Fields } from "./Fields";
import { FormResults } from "./FormResults";
import { forgetForm, useGone } from "./opening";

/** A workflow as an app: what its author chose to set, a button, and the results. */
export function FormPage() {
  const title = useWorkflow((s) => s.title);
  const id = useWorkflow((s) => s.id);
  const description = useWorkflow((s) => s.head["description"]);
  const loaded = useCatalog((s) => Object.keys(s.catalog).length > 0);
  const empty = useEditor((s) => Object.keys(s.cards).length === 0);
  const { form } = useAppForm();
  const gone = useGone((s) => s.gone);
  if (gone) return <Gone />;
  return (
    <div className="form-page">
      <header>
        <h1>{title || "…"}</h1>
        {typeof description === "string" && description && <p>{description}</p>}
      </header>
      <main>
        <section className="form-fields" aria-label="Settings">
          {loaded && !empty ? <Fields form={form} /> : <p className="note">Loading…</p>}
          <Problems />
          <RunBar />
        </section>
        <FormResults outputs={form.outputs} />
      </main>
      <footer>
        <a href={id ? `?workflow=${id}` : "."}>Edit the workflow</a>
        <Reset />
        <span className="faint">Patchloom</span>
      </footer>
      <Viewer />
      <Toasts />
    </div>
  );
}

function Gone() {
  return (
    <main className="broken">
      <h1>There is no such app here.</h1>
      <p>Its workflow may have been deleted, or the address is not complete. Ask whoever sent it to you.</p>
      <a className="button primary" href=".">
        Open the canvas
      </a>
    </main>
  );
}

/** What keeps the form from running, where its fields do not say so themselves. */
function Problems() {
  const problems = useProblems(allProblems).filter((p) => p.severity === "error");
  if (!problems.length) return null;
  return (
    <ul className="form-problems" role="alert">
      {problems.map((problem, i) => (
        <li key={i}>
          <b>{problem.message}</b> {problem.remedy}
        </li>
      ))}
    </ul>
  );
}

const WAITING = { connecting: "Connecting…", starting: "The worker is starting…", stopped: "The worker has stopped", offline: "Offline, trying again…" } as const;

function RunBar() {
  const connection = useRuns((s) => s.connection);
  const busy = useRuns((s) => s.running !== null);
  const share = useRuns((s) => (s.run && s.run.job === s.running ? progress(s.run) : null));
  return (
    <div className="form-run">
      <button type="button" className="button primary" data-testid="run" disabled={connection === "offline"} onClick={() => void run()}>
        <Icon name="play" size={16} /> Run
      </button>
      {busy && (
        <button type="button" className="button" data-testid="cancel" onClick={() => void cancel()}>
          Cancel
        </button>
      )}
      <span role="status" data-testid="status">
        {connection !== "ready" ? WAITING[connection] : share !== null ? `${Math.round(100 * share)} %` : busy ? "Busy with another run" : "Ready"}
      </span>
      {share !== null && (
        <div className="overall" role="progressbar" aria-label="Progress of the run" aria-valuenow={Math.round(share * 100)}>
          <div style={{ transform: `scaleX(${share})` }} />
        </div>
      )}
    </div>
  );
}

function Reset() {
  const [done, setDone] = useState(false);
  return (
    <button type="button" className="plain" onClick={() => [setDone(true), forgetForm(), location.reload()]} disabled={done}>
      Reset the fields
    </button>
  );
}
