import { useEffect, useMemo, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { useCatalog } from "../api/catalog";
import { loadModels, useModels } from "../api/models";
import { useRuns } from "../api/runs";
import { pagesNow, useEditor } from "../canvas/editor";
import { allProblems, useProblems } from "../canvas/problems";
import { findModel, missingModels, usedModels } from "../graph/models";
import { score } from "../graph/search";
import { Icon } from "./Icon";
import { MissingModels } from "./MissingModels";
import { ModelRow } from "./ModelRow";
import { Note } from "./Note";

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
      <MissingModels missing={missing} />
      <Note data={shown} fault={fault} empty={query ? "No model matches." : "No models yet. Put files into the folders below models/, or fetch some: patchloom models offers lists them."} />
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
