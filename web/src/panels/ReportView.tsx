import { comparisonOf } from "../graph/comparison";
import {
  CELL_NAMES,
  cellUnit,
  countCells,
  details,
  grid,
  note,
  rowUnit,
  summary,
  techniqueName,
  type Report,
} from "../graph/report";
import { Comparison } from "./Comparison";
import { TokenMaps } from "./TokenMaps";

/** A technique's report in full: what it did block by block and step by step, and its figures. */
export function ReportView({ report, node }: { report: Report; node?: string }) {
  const rows = grid(report);
  const compared = comparisonOf(report);
  const said = note(report);
  if (compared) return <Comparison rows={compared} />;
  return (
    <section className="report-view" data-testid="report-view">
      <h4>
        {techniqueName(report)} {node && <small>{node}</small>}
      </h4>
      <p>{summary(report)}</p>
      {said && <p className="note">{said}</p>}
      {rows && <HeatStrip rows={rows} unit={rowUnit(report, rows)} cell={cellUnit(report)} />}
      <TokenMaps report={report} />
      <dl className="facts">
        {details(report).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Steps from left to right, blocks from top to bottom. */
function HeatStrip({ rows, unit, cell: name }: { rows: readonly string[]; unit: "steps" | "calls"; cell: string }) {
  const blocks = Math.max(...rows.map((row) => row.length));
  const counts = countCells(rows);
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  return (
    <figure className="heat">
      <svg viewBox={`0 0 ${rows.length} ${blocks}`} preserveAspectRatio="none" role="img" aria-label={`${name}s by step`} data-testid="heat">
        {rows.map((row, step) =>
          [...row].map((cell, block) => (
            <rect key={`${step} ${block}`} x={step + 0.04} y={block + 0.06} width={0.92} height={0.88} className={`cell-${cell}`}>
              <title>{`${unit.slice(0, -1)} ${step + 1}, ${name} ${block + 1}: ${CELL_NAMES[cell] ?? cell}`}</title>
            </rect>
          )),
        )}
      </svg>
      <figcaption>
        <span className="axis">{`${rows.length} ${unit} → · ${blocks} ${name}s ↓`}</span>
        {Object.entries(counts).map(([cell, count]) => (
          <span key={cell}>
            <i className={`swatch cell-${cell}`} /> {CELL_NAMES[cell] ?? cell} {Math.round((100 * count) / total)} %
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
