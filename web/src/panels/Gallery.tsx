import { useEffect, useState } from "react";
import { getAssets } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Asset } from "../api/types";
import { compareAssets, viewAssets } from "../canvas/surface";
import { AssetView } from "./AssetView";
import { Icon } from "./Icon";
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
  // While two are being picked to compare: the first of them, or null before that.
  const [picking, setPicking] = useState(false);
  const [first, setFirst] = useState<Asset | null>(null);
  const pick = (asset: Asset, all: readonly Asset[], at: number) => {
    if (!picking) return viewAssets(all, at);
    if (!first) return setFirst(asset);
    setPicking(false);
    setFirst(null);
    if (first.id !== asset.id) compareAssets(first, asset);
  };
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
      {assets && assets.length > 1 && (
        <div className="row">
          <button type="button" className="button" aria-pressed={picking} data-testid="pick-two" onClick={() => [setPicking(!picking), setFirst(null)]}>
            <Icon name="compare" size={14} /> {picking ? (first ? "Now the other one" : "Pick the first") : "Compare two"}
          </button>
        </div>
      )}
      <Note data={assets} fault={fault} empty="No pictures yet. Run a workflow that saves one." />
      <div className="gallery">
        {assets?.map((asset, i) => (
          <button key={asset.id} type="button" title={asset.name} data-testid="gallery-item" aria-pressed={picking ? asset.id === first?.id : undefined} onClick={() => pick(asset, assets, i)}>
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
