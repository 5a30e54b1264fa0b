import { useEffect, useState } from "react";
import { getAssets } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Asset } from "../api/types";
import { viewAssets } from "../canvas/surface";
import { AssetView } from "./AssetView";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { ago } from "./time";

const PAGE = 60;

/** All pictures, newest first. */
export function Gallery() {
  const version = useRuns((s) => s.assetsVersion);
  const { data, fault } = useFetched(() => getAssets(PAGE), [version]);
  const [older, setOlder] = useState<readonly Asset[]>([]);
  const [ended, setEnded] = useState(false);
  useEffect(() => setOlder([]), [version]);
  const assets = data && [...data.assets, ...older];
  const more = async () => {
    const last = assets?.at(-1);
    const answer = last && (await getAssets(PAGE, last.id).catch(() => null));
    if (!answer) return;
    setOlder((old) => [...old, ...answer.assets]);
    setEnded(answer.assets.length < PAGE);
  };
  return (
    <div className="panel-body">
      <Note data={assets} fault={fault} empty="No pictures yet. Run a workflow that saves one." />
      <div className="gallery">
        {assets?.map((asset, i) => (
          <button key={asset.id} type="button" title={asset.name} data-testid="gallery-item" onClick={() => viewAssets(assets, i)}>
            <AssetView asset={asset} lazy />
            <span>{ago(asset.created)}</span>
          </button>
        ))}
      </div>
      {assets && assets.length >= PAGE && !ended && (
        <button type="button" className="button" onClick={() => void more()}>
          Older pictures
        </button>
      )}
    </div>
  );
}
