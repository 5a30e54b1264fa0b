import { useState, type CSSProperties } from "react";
import { INPUTS, NEW_PORT } from "../graph/interface";
import { HEAD, PORT_ROW } from "../graph/layout";
import { Icon, type IconName } from "../panels/Icon";
import type { CardNode } from "./flow";
import { dropOpenPort, moveOpenPort, nameOpenPort } from "./grouping";

/** The ports of a subgraph's interface, to rename, put in order and remove. */
export function BoundaryPorts({ data }: { data: CardNode["data"] }) {
  const [open, setOpen] = useState<string | null>(null);
  const side = data.card.id === INPUTS ? "inputs" : "outputs";
  const ports = side === "inputs" ? data.schema.outputs : data.schema.inputs;
  const className = side === "inputs" ? "port-out" : "port-in";
  return ports.map(({ name, type }, i) => {
    const style: CSSProperties = { top: HEAD + 4 + PORT_ROW * i, height: PORT_ROW };
    if (name === NEW_PORT) {
      return (
        <span key={name} className={`${className} faint`} style={style}>
          new {side === "inputs" ? "input" : "output"}
        </span>
      );
    }
    if (open !== name) {
      return (
        <button key={name} type="button" className={`${className} port-name nodrag`} style={style} title={`${type}. Click to rename, move or remove`} onClick={() => setOpen(name)}>
          {name}
        </button>
      );
    }
    return <PortEntry key={name} side={side} name={name} style={style} onDone={() => setOpen(null)} />;
  });
}

interface EntryProps {
  readonly side: "inputs" | "outputs";
  readonly name: string;
  readonly style: CSSProperties;
  readonly onDone: () => void;
}

function PortEntry({ side, name, style, onDone }: EntryProps) {
  const [typed, setTyped] = useState(name);
  const done = () => {
    onDone();
    nameOpenPort(side, name, typed.trim());
  };
  return (
    <div
      className="port-entry nodrag nopan"
      style={style}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && done()}
      onKeyDown={(event) => {
        if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
        if (event.key === "Escape") onDone();
        if (event.key === "Enter" && event.target instanceof HTMLInputElement) done();
      }}
    >
      <input className="title-entry" aria-label={`Name of ${name}`} autoFocus value={typed} onFocus={(event) => event.target.select()} onChange={(event) => setTyped(event.target.value)} />
      <Tool icon="up" hint="Move up" act={() => moveOpenPort(side, name, -1)} />
      <Tool icon="down" hint="Move down" act={() => moveOpenPort(side, name, 1)} />
      <Tool icon="trash" hint="Remove, with its links" act={() => [onDone(), dropOpenPort(side, name)]} />
    </div>
  );
}

function Tool({ icon, hint, act }: { icon: IconName; hint: string; act: () => void }) {
  return (
    <button type="button" className="w-icon" title={hint} aria-label={hint} onClick={act}>
      <Icon name={icon} size={13} />
    </button>
  );
}
