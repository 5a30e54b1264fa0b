import { NodeResizeControl, useStore, type NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { useRuns } from "../api/runs";
import type { InputSchema } from "../api/types";
import { CARD_COLORS, categoryHue } from "../graph/colors";
import { HEAD, MIN_WIDTH, PORT_ROW, type CardLayout } from "../graph/layout";
import { label } from "../graph/catalog";
import { graphOf, isBoundary } from "../graph/interface";
import type { NodeRun } from "../graph/events";
import { listAt, runAt } from "../graph/levels";
import { changeOf, useComparing } from "./comparing";
import { flatId } from "./editor";
import { BoundaryPorts } from "./BoundaryPorts";
import { CardHead } from "./CardHead";
import { CardMedia } from "./CardMedia";
import { ProblemStrip, ReportStrip } from "./CardStrips";
import type { CardNode } from "./flow";
import { FarPorts, Ports } from "./Ports";
import { allProblems, ownProblem, problemsOf, useProblems } from "./problems";
import { WidgetRow } from "./WidgetRow";

/** Below this zoom no text can be read, so a card is a coloured box with its title. */
const FAR = 0.38;
const isFar = (s: { transform: [number, number, number] }) => s.transform[2] < FAR;

/** A node on the canvas. */
export const NodeCard = memo(function NodeCard({ id, data, selected }: NodeProps<CardNode>) {
  const far = useStore(isFar);
  const state = useRuns((s) => runAt(s.run?.nodes, flatId(id))?.state);
  const change = useComparing((s) => changeOf(s, id));
  const failed = useProblems((s) => hasError(s, flatId(id)));
  const { card, schema, known, layout } = data;
  const classes = ["card", card.mode, selected ? "picked" : "", card.collapsed ? "collapsed" : "", known ? "" : "unknown", card.color ? "painted" : "", graphOf(card.type) === null ? "" : "subgraph"];
  const style = { height: layout.height, "--cat": cardHue(card.color, schema.category) } as CSSProperties;
  return (
    <div className={classes.join(" ")} style={style} data-type={card.type} data-state={state ?? "idle"} data-problem={failed || undefined} data-diff={change}>
      {far ? <FarCard id={id} title={card.title || schema.title} layout={layout} /> : <NearCard id={id} data={data} selected={selected} />}
      {far ? <FarPorts spots={layout.spots} /> : <Ports id={id} schema={schema} spots={layout.spots} />}
    </div>
  );
});

function hasError(state: ReturnType<typeof useProblems.getState>, id: string): boolean {
  return problemsOf(allProblems(state), id).some((p) => p.severity === "error");
}

function cardHue(color: string, category: string): number {
  return CARD_COLORS[color] ?? categoryHue(category);
}

/** From afar: the title, and the picture if there is one, so that a small screen can watch a run. */
function FarCard({ id, title, layout }: { id: string; title: string; layout: CardLayout }) {
  const pictured = useRuns((s) => Boolean(listAt(s.assets, flatId(id))?.length) || flatId(id) in s.previewAspects);
  return (
    <>
      <div className="card-far card-head">{title}</div>
      {pictured && layout.media && <CardMedia id={id} y={layout.media.y} height={layout.media.height} />}
    </>
  );
}

function NearCard({ id, data, selected }: Pick<NodeProps<CardNode>, "id" | "data" | "selected">) {
  const { card, schema, layout, known } = data;
  return (
    <>
      <CardHead card={card} schema={schema} known={known} />
      <StepBar id={id} />
      {isBoundary(card.id) ? <BoundaryPorts data={data} /> : !card.collapsed && <PortLabels data={data} />}
      {layout.rows.map((row) => (
        <WidgetRow key={row.input.name} node={id} row={row} />
      ))}
      {layout.media && <CardMedia id={id} y={layout.media.y} height={layout.media.height} />}
      {layout.reportY !== null && <ReportStrip id={id} y={layout.reportY} />}
      {layout.problemY !== null && <ProblemStrip id={id} y={layout.problemY} />}
      {selected && !card.collapsed && <NodeResizeControl minWidth={MIN_WIDTH} minHeight={HEAD} className="card-grip" position="bottom-right" />}
    </>
  );
}

function PortLabels({ data }: { data: CardNode["data"] }) {
  const { layout, schema } = data;
  const at = (row: number): CSSProperties => ({ top: HEAD + 4 + PORT_ROW * row, height: PORT_ROW });
  return (
    <>
      {layout.ports.map((port, i) => (
        <PortLabel key={port.name} node={data.card.id} port={port} style={at(i)} />
      ))}
      {schema.outputs.map((output, i) => (
        <span key={output.name} className="port-out" style={at(i)} title={output.type}>
          {label(output.name)}
        </span>
      ))}
    </>
  );
}

function PortLabel({ node, port, style }: { node: string; port: InputSchema; style: CSSProperties }) {
  const problem = useProblems((s) => ownProblem(s.checked, flatId(node), port.name));
  return (
    <span
      className={`port-in ${problem?.severity ?? ""}`}
      style={style}
      title={problem ? `${problem.message}\n${problem.remedy}` : port.help || port.type}
      data-testid={problem ? "problem" : undefined}
    >
      {label(port.name)}
      {!port.required && <i>optional</i>}
    </span>
  );
}

/** The progress of this node: steps where it counts them, else a moving bar. */
function StepBar({ id }: { id: string }) {
  const node = useRuns((s): NodeRun | undefined => runAt(s.run?.nodes, flatId(id)));
  if (node?.state !== "running") return null;
  const share = node.steps ? node.step / node.steps : null;
  return (
    <div className={`step-bar ${share === null ? "vague" : ""}`} role="progressbar" aria-valuenow={node.step} aria-valuemax={node.steps || 1} data-testid="progress">
      <div style={{ transform: `scaleX(${share ?? 0.3})` }} />
    </div>
  );
}
