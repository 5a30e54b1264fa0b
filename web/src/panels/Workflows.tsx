import { useRef, useState } from "react";
import { deleteWorkflow, getRevisions, getWorkflows, type WorkflowHead } from "../api/routes";
import { compareWith } from "../canvas/comparing";
import { attempt, newWorkflow, openWorkflow, renameWorkflow, restoreRevision } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { setTitle, useWorkflow } from "../canvas/workflow";
import { dropDraft } from "../canvas/drafts";
import { score } from "../graph/search";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { TemplateList } from "./TemplateList";
import { ago } from "./time";

/** Saved workflows, templates to start from, and the open workflow's revisions. */
export function Workflows() {
  const revision = useWorkflow((s) => s.revision);
  const open = useWorkflow((s) => s.id);
  const [changed, setChanged] = useState(0);
  const [query, setQuery] = useState("");
  const { data, fault } = useFetched(getWorkflows, [revision, open, changed]);
  const found = data?.workflows.filter((head) => score(query, head.title) > 0);
  return (
    <div className="panel-body">
      <div className="row">
        <input className="search" type="search" placeholder="Search workflows and templates" aria-label="Search workflows and templates" value={query} onChange={(event) => setQuery(event.target.value)} />
      </div>
      <div className="row">
        <button type="button" className="button" data-testid="new-workflow" onClick={() => attempt("Not made", newWorkflow)}>
          <Icon name="plus" size={14} /> New
        </button>
        <button type="button" className="button" data-testid="all-templates" onClick={() => useSurface.setState({ dialog: "templates" })}>
          <Icon name="gallery" size={14} /> Templates
        </button>
      </div>
      <Note data={found} fault={fault} empty={query ? "No workflow of yours matches." : "Nothing saved yet."} />
      <ul className="list">
        {found?.map((head) => (
          <WorkflowRow key={head.id} head={head} open={head.id === open} onChanged={() => setChanged((n) => n + 1)} />
        ))}
      </ul>
      <TemplateList query={query} />
    </div>
  );
}

interface RowProps {
  readonly head: WorkflowHead;
  readonly open: boolean;
  readonly onChanged: () => void;
}

function WorkflowRow({ head, open, onChanged }: RowProps) {
  const [asking, setAsking] = useState(false);
  const [history, setHistory] = useState(false);
  const [naming, setNaming] = useState(false);
  const remove = async () => {
    await deleteWorkflow(head.id);
    dropDraft(head.id);
    onChanged();
  };
  return (
    <li className={open ? "open" : ""} data-testid="workflow" aria-current={open || undefined}>
      {naming ? (
        <NameEntry head={head} open={open} onDone={() => [setNaming(false), onChanged()]} />
      ) : (
        <button type="button" className="grow plain" disabled={open} onClick={() => attempt("Not opened", () => openWorkflow(head.id))}>
          <b>{head.title}</b>
          <span className="faint">
            {open ? "open · " : ""}revision {head.revision} · {ago(head.updated)}
          </span>
        </button>
      )}
      <button type="button" className="w-icon" title="Rename" aria-label={`Rename ${head.title}`} onClick={() => setNaming(true)}>
        <Icon name="pencil" />
      </button>
      {open ? (
        <button type="button" className={`w-icon ${history ? "on" : ""}`} title="Revisions" aria-label="Revisions" aria-pressed={history} onClick={() => setHistory(!history)}>
          <Icon name="history" />
        </button>
      ) : asking ? (
        <button type="button" className="button danger" onBlur={() => setAsking(false)} autoFocus onClick={() => attempt("Not deleted", remove)}>
          Delete for good
        </button>
      ) : (
        <button type="button" className="w-icon" title="Delete" aria-label={`Delete ${head.title}`} onClick={() => setAsking(true)}>
          <Icon name="trash" />
        </button>
      )}
      {open && history && <Revisions id={head.id} current={head.revision} />}
    </li>
  );
}

function NameEntry({ head, open, onDone }: { head: WorkflowHead; open: boolean; onDone: () => void }) {
  const dropped = useRef(false);
  const done = async (title: string) => {
    if (!dropped.current && title.trim()) await (open ? setTitle(title) : renameWorkflow(head.id, title.trim()));
    onDone();
  };
  return (
    <input
      className="title-entry"
      aria-label="Name of the workflow"
      autoFocus
      defaultValue={head.title}
      onFocus={(event) => event.target.select()}
      onBlur={(event) => attempt("Not renamed", () => done(event.target.value))}
      onKeyDown={(event) => {
        dropped.current = event.key === "Escape";
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

function Revisions({ id, current }: { id: string; current: number }) {
  const { data, fault } = useFetched(() => getRevisions(id), [id, current]);
  return (
    <div className="revisions">
      <Note data={data?.revisions} fault={fault} empty="No revisions." />
      {data?.revisions.map(({ revision, updated }) => (
        <div key={revision} className="revision">
          <button type="button" className="plain" disabled={revision === current} onClick={() => attempt("Not restored", () => restoreRevision(revision))}>
            <span>Revision {revision}</span>
            <span className="faint">{ago(updated)}</span>
            <span className="faint">{revision === current ? "current" : "restore"}</span>
          </button>
          <button type="button" className="w-icon" disabled={revision === current} title="Show what has changed since" aria-label={`Compare with revision ${revision}`} onClick={() => attempt("Not compared", () => compareWith(revision))}>
            <Icon name="compare" />
          </button>
        </div>
      ))}
    </div>
  );
}
