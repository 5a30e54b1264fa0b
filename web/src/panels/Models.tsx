import { useEffect, useMemo, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { useCatalog } from "../api/catalog";
import { loadModels, useModels } from "../api/models";
import { useRuns } from "../api/runs";
import type { ModelCard } from "../api/types";
import { pagesNow, useEditor } from "../canvas/editor";
import { allProblems, useProblems } from "../canvas/problems";
import { findModel, formatBytes, formatCount, missingModels, usedModels } from "../graph/models";
import { score } from "../graph/search";
import { Icon } from "./Icon";
import { Note } from "./Note";
import { useJump } from "./Problems";

/** What lies in the model folders, told by the files' headers, and what the workflow misses. */
export function Models() {
  const { models, fault } = useModels();
  const device = useRuns((s) => s.connection);
  const version = useEditor((s) => s.version);
  const catalog = useCatalog((s) => s.catalog);
  const problems = useProblems(useShallow(allProblems));
  const [query, setQuery] = useState("");
  useEffect(() => void loadModels(), [device]);
  const uses = useMemo(() => usedModels(pagesNow(), catalog), [version, catalog]);
  const missing = missingModels(problems, uses);
  const jump = useJump();
  const shown = models?.filter((model) => score(query, [model.name, model.kind, ...model.families].join(" ")) > 0);
  const folders = [...new Set(shown?.map((model) => model.folder))];
  const inUse = new Set(uses.map((use) => findModel(models ?? [], use)));
  return (
    <div className="panel-body">
      <div className="row">
        <input className="search" type="search" placeholder="Search models" aria-label="Search models" value={query} onChange={(event) => setQuery(event.target.value)} />
        <button type="button" className="w-icon" title="Look again" aria-label="Look again" onClick={() => void loadModels()}>
          <Icon name="retry" />
        </button>
      </div>
      {missing.length > 0 && (
        <section data-testid="missing-models">
          <h3>Missing here</h3>
          <ul className="list problems">
            {missing.map(({ use, remedy }) => (
              <li key={`${use.node} ${use.name}`} className="error">
                <button type="button" onClick={() => jump(use.node)}>
                  <Icon name="error" />
                  <span>
                    <em>
                      {use.node} · {use.folder}
                    </em>
                    <b>{use.name}</b>
                    <span className="faint">{remedy}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Note data={shown} fault={fault} empty={query ? "No model matches." : "No models yet. Put files into the model folders; docs say where."} />
      {folders.map((folder) => (
        <section key={folder}>
          <h3>{folder.replaceAll("_", " ")}</h3>
          <ul className="list models">
            {shown!.filter((model) => model.folder === folder).map((model) => (
              <ModelRow key={model.name} model={model} used={inUse.has(model)} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function ModelRow({ model, used }: { model: ModelCard; used: boolean }) {
  const facts = [model.families.join(", "), model.variant, model.precision, model.parameters > 0 && `${formatCount(model.parameters)} parameters`].filter(Boolean);
  return (
    <li data-testid="model" title={model.layout ? `Tensor names: ${model.layout}` : undefined}>
      <div className="grow">
        <b>{model.name}</b>
        <span className="faint">{facts.join(" · ")}</span>
        {model.problem && <span className="note bad">{model.problem}</span>}
      </div>
      <span className="model-side">
        <span className="badge">{model.kind.replaceAll("_", " ")}</span>
        <span className="faint">{formatBytes(model.size)}</span>
        {used && <span className="badge cached">in use</span>}
      </span>
    </li>
  );
}
