import { useMemo, useState, type KeyboardEvent } from "react";
import { useCatalog } from "../api/catalog";
import type { NodeSchema } from "../api/types";
import { searchNodes } from "../graph/search";
import { categoryHue } from "../graph/colors";
import { addNode, spotFor } from "./actions";
import { portColor } from "./ports";
import { usePrefs } from "./prefs";
import { useSurface, type PaletteRequest } from "./surface";

const SIZE = { width: 400, height: 430 };

/** Search for a node to add; for a loose end, only nodes that it fits. */
export function Palette() {
  const request = useSurface((s) => s.palette);
  return request && <OpenPalette key={`${request.screen.x} ${request.screen.y}`} request={request} />;
}

function OpenPalette({ request }: { request: PaletteRequest }) {
  const catalog = useCatalog((s) => s.catalog);
  const recent = usePrefs((s) => s.recent);
  const [query, setQuery] = useState("");
  const [category, setCategory] = useState("");
  const [current, setCurrent] = useState(0);
  const found = useMemo(() => searchNodes(catalog, query, request.end, recent), [catalog, query, request.end, recent]);
  const categories = useMemo(() => [...new Set(found.map(topCategory))].sort(), [found]);
  const hits = category ? found.filter((node) => topCategory(node) === category) : found;
  const close = () => useSurface.setState({ palette: null });
  const pick = (node: NodeSchema | undefined) => {
    if (!node) return;
    close();
    addNode(node.id, request.anywhere ? spotFor(node.id, request.canvas) : request.canvas, request.end);
  };
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) setCurrent((c) => Math.min(Math.max(0, c + step), hits.length - 1));
    else if (event.key === "Enter") pick(hits[current]);
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") setCategory((c) => categories[(categories.indexOf(c) + 1) % (categories.length + 1)] ?? "");
    else return;
    event.preventDefault();
  };
  const x = Math.max(8, Math.min(request.screen.x, innerWidth - SIZE.width - 8));
  const y = Math.max(8, Math.min(request.screen.y, innerHeight - SIZE.height - 8));
  return (
    <div className="veil" onPointerDown={close}>
      <div className="palette" style={{ left: x, top: y }} role="dialog" aria-label="Add a node" onPointerDown={(e) => e.stopPropagation()} onKeyDown={key}>
        <input
          autoFocus
          data-testid="palette-q"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-hits"
          aria-activedescendant={hits[current] ? `hit-${hits[current].id}` : undefined}
          placeholder={request.end ? `Nodes that ${request.end.side === "output" ? "take" : "give"} ${request.end.type}` : "Search nodes"}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setCurrent(0);
          }}
        />
        <Chips names={categories} current={category} onPick={setCategory} />
        <ul id="palette-hits" role="listbox" aria-label="Nodes">
          {hits.map((node, i) => (
            <Hit key={node.id} node={node} current={i === current} recent={!query && recent.includes(node.id)} onPick={() => pick(node)} onPoint={() => setCurrent(i)} />
          ))}
        </ul>
        {!hits.length && <p className="w-note">{Object.keys(catalog).length ? "No node matches." : "The server is still reading its nodes."}</p>}
        {hits[current] && <p className="palette-about">{hits[current].description}</p>}
      </div>
    </div>
  );
}

function Chips({ names, current, onPick }: { names: readonly string[]; current: string; onPick: (name: string) => void }) {
  return (
    <div className="chips">
      {["", ...names].map((name) => (
        <button key={name} type="button" tabIndex={-1} className={name === current ? "on" : ""} onClick={() => onPick(name)}>
          {name || "all"}
        </button>
      ))}
    </div>
  );
}

interface HitProps {
  readonly node: NodeSchema;
  readonly current: boolean;
  readonly recent: boolean;
  readonly onPick: () => void;
  readonly onPoint: () => void;
}

function Hit({ node, current, recent, onPick, onPoint }: HitProps) {
  return (
    <li
      id={`hit-${node.id}`}
      role="option"
      aria-selected={current}
      className={current ? "current" : ""}
      ref={(row) => {
        if (current) row?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={() => !current && onPoint()}
      onClick={onPick}
    >
      <i className="dot" style={{ background: `hsl(${categoryHue(node.category)} var(--port-tone))` }} />
      <b>{node.title}</b>
      <span>{recent ? "recent" : node.category}</span>
      <span className="outs">
        {node.outputs.map((output) => (
          <i key={output.name} className="dot" title={output.type} style={{ background: portColor(output.type) }} />
        ))}
      </span>
    </li>
  );
}

function topCategory(node: NodeSchema): string {
  return node.category.split("/")[0] || "other";
}
