import { useShallow } from "zustand/react/shallow";
import { Preview } from "../canvas/CardMedia";
import { useRuns } from "../api/runs";
import { viewAssets } from "../canvas/surface";
import { AssetView } from "../panels/AssetView";
import { listAt } from "../graph/levels";

/** What the run made, and before that what it is making. */
export function FormResults({ outputs }: { outputs: readonly string[] }) {
  const assets = useRuns(useShallow((s) => outputs.flatMap((id) => listAt(s.assets, id) ?? [])));
  const running = useRuns((s) => s.run?.status === "running");
  const previewed = useRuns((s) => Object.keys(s.previewAspects).find((id) => s.run?.nodes[id]?.state === "running"));
  return (
    <section className="form-results" aria-label="Results" aria-busy={running}>
      {running && previewed && (
        <div className="form-preview">
          <Preview key={previewed} id={previewed} />
        </div>
      )}
      {assets.map((asset, i) => (
        <button key={asset.id} type="button" className={running ? "stale" : ""} aria-label={`Open ${asset.name}`} onClick={() => viewAssets(assets, i)}>
          <AssetView asset={asset} />
        </button>
      ))}
      {!assets.length && !(running && previewed) && <p className="note">{running ? "Working…" : "Results appear here."}</p>}
    </section>
  );
}
