import { useEffect, useRef } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { NodeSchema } from "../api/types";
import { graphOf, isBoundary } from "../graph/interface";
import { runAt } from "../graph/levels";
import { plannedPeak } from "../graph/memory";
import { formatBytes } from "../graph/models";
import { formatDuration } from "../graph/numbers";
import type { Card } from "../graph/sheet";
import { rename } from "./actions";
import { enterGraph, flatId } from "./editor";
import { Icon } from "../panels/Icon";
import { plannedAt, usePlan } from "./plan";
import { useSurface } from "./surface";

interface Props {
  readonly card: Card;
  readonly schema: NodeSchema;
  readonly known: boolean;
}

export function CardHead({ card, schema, known }: Props) {
  const renaming = useSurface((s) => s.renaming === card.id);
  const title = card.title || schema.title;
  return (
    <div className="card-head" onDoubleClick={() => enterGraph(card.id) || isBoundary(card.id) || useSurface.setState({ renaming: card.id })}>
      {renaming ? <TitleEntry id={card.id} title={title} /> : <span className="card-title" title={titleHint(card, schema)}>{title}</span>}
      {card.extra["pinned"] === true && <Icon name="lock" size={12} />}
      {card.mode !== "on" && <span className="badge off">{card.mode}</span>}
      {known ? <RunBadge id={card.id} /> : <UnknownBadge />}
      {graphOf(card.type) !== null && <EnterButton id={card.id} title={title} />}
      {known && !isBoundary(card.id) && (
        <button
          type="button"
          className="card-help nodrag"
          aria-label={`Help for ${schema.title}`}
          onClick={(event) => {
            event.stopPropagation();
            useSurface.setState((s) => ({ help: s.help === card.id ? null : card.id }));
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          ?
        </button>
      )}
    </div>
  );
}

function EnterButton({ id, title }: { id: string; title: string }) {
  return (
    <button type="button" className="card-help nodrag" aria-label={`Open ${title}`} title="Open the subgraph (Enter)" data-testid="enter" onClick={() => enterGraph(id)}>
      <Icon name="enter" size={13} />
    </button>
  );
}

function titleHint(card: Card, schema: NodeSchema): string {
  return `${schema.title} (${card.id})\n${schema.description}`;
}

/** Not known yet, or not known at all. */
function UnknownBadge() {
  const complete = useCatalog((s) => s.complete);
  return complete ? <span className="badge bad">unknown node</span> : <span className="badge wait">loading…</span>;
}

/** How the node fared in the run on display. */
function RunBadge({ id }: { id: string }) {
  const node = useRuns((s) => runAt(s.run?.nodes, flatId(id)));
  const planned = usePlan((s) => plannedAt(s, flatId(id)));
  const peak = usePlan((s) => plannedPeak(s.plan?.memory ?? null, flatId(id)));
  if (planned === "runs") return <span className="badge wait" title={`The next run computes this${peak ? `; ${formatBytes(peak)} are held by then` : ""}`}>will run</span>;
  if (planned === "kept") return <span className="badge cached" title="The next run takes this from the cache">kept</span>;
  if (!node) return null;
  if (node.state === "waiting") return <span className="badge wait">queued</span>;
  if (node.state === "running") return <span className="badge busy">{node.steps ? `${node.step}/${node.steps}` : "running"}</span>;
  if (node.state === "cached") return <span className="badge cached" title="The result was reused from an earlier run">cached</span>;
  if (node.state === "failed") return <span className="badge bad">failed</span>;
  if (node.state === "stopped") return <span className="badge off">stopped</span>;
  return node.duration === null ? null : <CostBadge duration={node.duration} memory={node.memory} />;
}

/** Nodes that take less time (s) than this take no memory worth a word. */
const MENTIONED = 0.05;

function CostBadge({ duration, memory }: { duration: number; memory: number | null }) {
  const held = memory === null ? "" : formatBytes(memory);
  return (
    <span className="badge time" title={held ? `${formatDuration(duration)}; at most ${held} held meanwhile` : undefined} data-testid="cost">
      {formatDuration(duration)}
      {held && duration >= MENTIONED && ` · ${held}`}
    </span>
  );
}

/** A title being edited, of a card or a group. */
export function TitleEntry({ id, title }: { id: string; title: string }) {
  const field = useRef<HTMLInputElement>(null);
  const dropped = useRef(false);
  useEffect(() => field.current?.select(), []);
  const done = (text: string) => {
    useSurface.setState({ renaming: null });
    if (!dropped.current && text.trim() !== title) rename(id, text.trim());
  };
  return (
    <input
      ref={field}
      className="title-entry nodrag nopan"
      aria-label="Title"
      autoFocus
      defaultValue={title}
      onBlur={(event) => done(event.target.value)}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        dropped.current = event.key === "Escape";
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
