import { useState } from "react";
import { deleteWorkflow, getRevisions, getTemplate, getTemplates, getWorkflows, type WorkflowHead } from "../api/routes";
import { attempt, newWorkflow, openDocument, openWorkflow, restoreRevision } from "../canvas/opening";
import { useWorkflow } from "../canvas/workflow";
import { dropDraft } from "../canvas/drafts";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { ago } from "./time";

/** Saved workflows, templates to start from, and the open workflow's revisions. */
export function Workflows() {
  const revision = useWorkflow((s) => s.revision);
  const open = useWorkflow((s) => s.id);
  const [removed, setRemoved] = useState(0);
  const { data, fault } = useFetched(getWorkflows, [revision, open, removed]);
  return (
    <div className="panel-body">
      <div className="row">
        <button type="button" className="button" data-testid="new-workflow" onClick={() => attempt("Not made", newWorkflow)}>
          <Icon name="plus" size={14} /> New workflow
        </button>
      </div>
      <Note data={data?.workflows} fault={fault} empty="Nothing saved yet." />
      <ul className="list">
        {data?.workflows.map((head) => (
          <WorkflowRow key={head.id} head={head} open={head.id === open} onRemoved={() => setRemoved((n) => n + 1)} />
        ))}
      </ul>
      <Templates />
    </div>
  );
}

interface RowProps {
  readonly head: WorkflowHead;
  readonly open: boolean;
  readonly onRemoved: () => void;
}

function WorkflowRow({ head, open, onRemoved }: RowProps) {
  const [asking, setAsking] = useState(false);
  const [history, setHistory] = useState(false);
  const remove = async () => {
    await deleteWorkflow(head.id);
    dropDraft(head.id);
    onRemoved();
  };
  return (
    <li className={open ? "open" : ""} data-testid="workflow" aria-current={open || undefined}>
      <button type="button" className="grow plain" disabled={open} onClick={() => attempt("Not opened", () => openWorkflow(head.id))}>
        <b>{head.title}</b>
        <span className="faint">
          {open ? "open · " : ""}revision {head.revision} · {ago(head.updated)}
        </span>
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

function Revisions({ id, current }: { id: string; current: number }) {
  const { data, fault } = useFetched(() => getRevisions(id), [id, current]);
  return (
    <div className="revisions">
      <Note data={data?.revisions} fault={fault} empty="No revisions." />
      {data?.revisions.map(({ revision, updated }) => (
        <button key={revision} type="button" className="plain" disabled={revision === current} onClick={() => attempt("Not restored", () => restoreRevision(revision))}>
          <span>Revision {revision}</span>
          <span className="faint">{ago(updated)}</span>
          <span className="faint">{revision === current ? "current" : "restore"}</span>
        </button>
      ))}
    </div>
  );
}

function Templates() {
  const { data, fault } = useFetched(getTemplates, []);
  const start = async (name: string, title: string) => openDocument(await getTemplate(name), title);
  return (
    <>
      <h3>Templates</h3>
      <Note data={data?.templates} fault={fault} empty="No templates." />
      <ul className="list">
        {data?.templates.map(({ name, title, description }) => (
          <li key={name}>
            <button type="button" className="grow plain" data-testid={`template-${name}`} onClick={() => attempt("Not opened", () => start(name, title))}>
              <b>{title}</b>
              <span className="faint">{description}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
