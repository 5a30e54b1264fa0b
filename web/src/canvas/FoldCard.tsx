import { Handle, Position, type NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import { label, outputOf } from "../graph/catalog";
import { CARD_COLORS } from "../graph/colors";
import { foldRow, type FoldPort } from "../graph/folding";
import { PORT_ROW } from "../graph/layout";
import { runAt } from "../graph/levels";
import { Icon } from "../panels/Icon";
import { TitleEntry } from "./CardHead";
import { flatId, useEditor } from "./editor";
import type { FoldNode } from "./flow";
import { foldGroups } from "./notes";
import { portColor } from "./ports";
import { allProblems, problemsOf, useProblems } from "./problems";
import { useSurface } from "./surface";

/** A collapsed group: its title, how its nodes fare, and where the links that cross its border go in and out. */
export const FoldCard = memo(function FoldCard({ id, data, selected }: NodeProps<FoldNode>) {
  const { frame, face, members } = data;
  const renaming = useSurface((s) => s.renaming === id);
  const failed = useProblems((s) => members.some((one) => problemsOf(allProblems(s), flatId(one)).length));
  const running = useRuns((s) => members.some((one) => runAt(s.run?.nodes, flatId(one))?.state === "running"));
  const title = frame.title || "Group";
  const style = { "--cat": CARD_COLORS[frame.color] ?? 232, height: "100%" } as CSSProperties;
  const open = () => foldGroups(new Set([id]));
  return (
    <div className={`card fold painted ${selected ? "picked" : ""}`} style={style} data-testid="fold" data-state={running ? "running" : "idle"} data-problem={failed || undefined}>
      <div className="card-head" onDoubleClick={() => useSurface.setState({ renaming: id })}>
        {renaming ? <TitleEntry id={id} title={title} /> : <span className="card-title">{title}</span>}
        <span className="badge">{members.length === 1 ? "1 node" : `${members.length} nodes`}</span>
        <button type="button" className="card-help nodrag" title="Open (Alt+C)" aria-label={`Open ${title}`} onClick={open} onDoubleClick={(event) => event.stopPropagation()}>
          <Icon name="chevron" size={13} />
        </button>
      </div>
      {face.inputs.map((port, i) => (
        <Row key={port.handle} port={port} index={i} side="in" />
      ))}
      {face.outputs.map((port, i) => (
        <Row key={port.handle} port={port} index={i} side="out" />
      ))}
    </div>
  );
});

function Row({ port, index, side }: { port: FoldPort; index: number; side: "in" | "out" }) {
  const type = useCatalog((s) => {
    const schema = s.catalog[useEditor.getState().cards[port.node]?.type ?? ""];
    return (side === "out" ? outputOf(schema, port.port)?.type : schema?.inputs.find(({ name }) => name === port.port)?.type) ?? "Any";
  });
  const y = foldRow(index);
  return (
    <>
      <span className={`port-${side}`} style={{ top: y - PORT_ROW / 2, height: PORT_ROW }} title={`${port.node}: ${label(port.port)}`}>
        {label(port.port)}
      </span>
      <Handle
        id={port.handle}
        type={side === "in" ? "target" : "source"}
        position={side === "in" ? Position.Left : Position.Right}
        className="port"
        style={{ top: y, background: portColor(type) }}
        isConnectable={false}
      />
    </>
  );
}
