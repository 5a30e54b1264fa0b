import { NodeResizer, type NodeProps } from "@xyflow/react";
import { memo, type CSSProperties } from "react";
import { CARD_COLORS } from "../graph/colors";
import { Icon } from "../panels/Icon";
import { TitleEntry } from "./CardHead";
import type { FrameNode } from "./flow";
import { Note } from "./Note";
import { foldGroups, noteOf } from "./notes";
import { useSurface } from "./surface";

/** A group: a titled rectangle that takes along the cards in it when it is dragged. */
export const FrameBox = memo(function FrameBox({ id, data, selected }: NodeProps<FrameNode>) {
  const { frame } = data;
  const renaming = useSurface((s) => s.renaming === id);
  const note = noteOf(frame);
  const style = { "--cat": CARD_COLORS[frame.color] ?? 232 } as CSSProperties;
  return (
    <div className={`frame ${selected ? "picked" : ""} ${note === null ? "" : "noted"}`} style={style}>
      <NodeResizer isVisible={selected} minWidth={120} minHeight={80} />
      <div className="frame-head" onDoubleClick={() => useSurface.setState({ renaming: id })}>
        {renaming ? <TitleEntry id={id} title={frame.title} /> : <span className="grow">{frame.title || "Group"}</span>}
        {note === null && (
          <button type="button" className="card-help nodrag" title="Collapse (Alt+C)" aria-label={`Collapse ${frame.title || "Group"}`} onClick={() => foldGroups(new Set([id]))}>
            <Icon name="chevron" size={13} />
          </button>
        )}
      </div>
      {note !== null && <Note frame={frame} text={note} />}
    </div>
  );
});
