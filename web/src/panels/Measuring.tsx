import { useMemo } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { JobAnswer } from "../api/routes";
import { canMeasure, isCurrent, measure, stopMeasuring, useMeasuring } from "../canvas/measuring";
import { useEditor } from "../canvas/editor";
import type { Catalog } from "../graph/catalog";
import { comparisonOf } from "../graph/comparison";
import { listAt } from "../graph/levels";
import type { Report } from "../graph/report";
import { Comparison } from "./Comparison";
import { Icon } from "./Icon";

/** What techniques cost and keep at a node, or at each node of a subgraph that ran with some. */
export function Measuring({ flat }: { flat: string }) {
  const reports = useRuns((s) => s.reports);
  const catalog = useCatalog((s) => s.catalog);
  const inside = Object.keys(reports).filter((id) => id.startsWith(`${flat}/`) && reports[id]!.some((report) => isTechnique(report, catalog)));
  const [only] = inside;
  return only ? inside.map((id) => <Measurement key={id} flat={id} named={inside.length > 1} />) : <Measurement flat={flat} named={false} />;
}

/** For a sampling with techniques: what they cost and keep, once that has been measured. */
function Measurement({ flat, named }: { flat: string; named: boolean }) {
  const catalog = useCatalog((s) => s.catalog);
  const reported = useRuns((s) => Boolean(listAt(s.reports, flat)?.some((report) => isTechnique(report, catalog))));
  const known = useMeasuring((s) => s.measured[flat]);
  const version = useEditor((s) => s.version);
  const possible = useMemo(() => canMeasure(flat), [flat, version, catalog]);
  if (!possible || !(reported || known)) return null;
  return (
    <section className="measuring" data-testid="measuring">
      <h4>
        Quality and cost {named && <small>{flat}</small>}
      </h4>
      {possible === true ? known ? <Told flat={flat} known={known} /> : <Offer flat={flat} /> : <p className="faint">{possible}</p>}
    </section>
  );
}

const TECHNIQUES = ["attention", "caching", "tokens"];

/** Whether a report tells what a technique did: others come from guidance, loaders or a comparison. */
function isTechnique(report: Report, catalog: Catalog): boolean {
  const category = catalog[String(report["technique"])]?.category ?? "";
  return TECHNIQUES.includes(category.split("/")[0]!);
}

function Offer({ flat }: { flat: string }) {
  return (
    <>
      <p className="faint">Sample once more without the techniques and with fewer steps, and compare time and picture.</p>
      <Start flat={flat} label="Measure this" />
    </>
  );
}

function Start({ flat, label }: { flat: string; label: string }) {
  const ready = useRuns((s) => s.connection === "ready");
  return (
    <button type="button" className="button" data-testid="measure" disabled={!ready} onClick={() => void measure(flat)}>
      <Icon name="inspector" size={14} /> {label}
    </button>
  );
}

/** How far a measurement is, or what came of it. */
function Told({ flat, known }: { flat: string; known: JobAnswer }) {
  const { status, problem } = known.job;
  const rows = known.reports.map(({ report }) => comparisonOf(report)).find(Boolean);
  if (status === "queued" || status === "running") return <Underway flat={flat} waiting={status === "queued"} />;
  if (!rows) {
    return (
      <>
        <p className="note bad">
          {problem?.message ?? "The measurement was stopped."} {problem?.remedy}
        </p>
        <Start flat={flat} label="Measure again" />
      </>
    );
  }
  return (
    <>
      <Comparison rows={rows} />
      <Age flat={flat} known={known} />
    </>
  );
}

function Underway({ flat, waiting }: { flat: string; waiting: boolean }) {
  return (
    <>
      <div className="vague-bar" role="progressbar" aria-label="Measuring">
        <i />
      </div>
      <p className="row">
        <span className="faint grow">{waiting ? "Waiting in the queue…" : "Measuring: the runs take turns…"}</span>
        <button type="button" className="button" onClick={() => void stopMeasuring(flat)}>
          Stop
        </button>
      </p>
    </>
  );
}

function Age({ flat, known }: { flat: string; known: JobAnswer }) {
  const version = useEditor((s) => s.version);
  const current = useMemo(() => isCurrent(flat, known), [flat, known, version]);
  return (
    <p className="row">
      <span className="faint grow">{current ? "Measured with the workflow as it is." : "The workflow has changed since."}</span>
      <Start flat={flat} label="Measure again" />
    </p>
  );
}
