import { useCatalog } from "../api/catalog";
import { openPath, useEditor } from "../canvas/editor";
import { renameGraph } from "../canvas/grouping";
import { useWorkflow } from "../canvas/workflow";
import { graphType } from "../graph/interface";
import { Icon } from "./Icon";

/** Inside a subgraph: where it lies, and the way out. The last name can be changed. */
export function Breadcrumb() {
  const path = useEditor((s) => s.path);
  const title = useWorkflow((s) => s.title);
  const catalog = useCatalog((s) => s.catalog);
  if (!path.length) return null;
  const nameOf = (graph: string) => catalog[graphType(graph)]?.title ?? graph;
  const last = path.at(-1)!;
  return (
    <nav className="breadcrumb" aria-label="Subgraph" data-testid="breadcrumb">
      <button type="button" onClick={() => openPath([])}>
        {title || "Workflow"}
      </button>
      {path.slice(0, -1).map((step, i) => (
        <span key={step.graph}>
          <i aria-hidden="true">/</i>
          <button type="button" onClick={() => openPath(path.slice(0, i + 1))}>
            {nameOf(step.graph)}
          </button>
        </span>
      ))}
      <i aria-hidden="true">/</i>
      <input
        key={nameOf(last.graph)}
        aria-label="Name of the subgraph"
        defaultValue={nameOf(last.graph)}
        size={Math.max(8, nameOf(last.graph).length)}
        onBlur={(event) => event.target.value.trim() !== nameOf(last.graph) && renameGraph(last.graph, event.target.value.trim())}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
      <button type="button" className="w-icon" title="Leave the subgraph (U)" aria-label="Leave the subgraph" onClick={() => openPath(path.slice(0, -1))}>
        <Icon name="up" size={14} />
      </button>
    </nav>
  );
}
