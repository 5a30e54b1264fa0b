import { useDeferredValue, useEffect, useState } from "react";
import { getAssets } from "../api/routes";
import { useRuns } from "../api/runs";
import type { Asset } from "../api/types";
import { compareAssets, viewAssets } from "../canvas/surface";
import { AssetView } from "./AssetView";
import { Filters } from "./Filters";
import { Icon } from "./Icon";
import { useFetched } from "./loading";
import { Note } from "./Note";
import { ago } from "./time";

const PAGE = 60;
const KINDS = { "": "All kinds", images: "Pictures", videos: "Videos" };

/** What runs made, newest first: found by name, workflow and prompt. */
export function Gallery() {
  const [kind, setKind] = useState("");
  const [typed, setTyped] = useState("");
  const { assets, fault, more } = useAssets(kind, useDeferredValue(typed.trim()));
  const { picking, first, start, pick } = usePair();
  const filtered = Boolean(kind || typed.trim());
  return (
    <div className="panel-body">
      <Filters what="results" typed={typed} onType={setTyped} choices={KINDS} chosen={kind} onChoose={setKind} />
      {assets && assets.length > 1 && (
        <div className="row">
          <button type="button" className="button" aria-pressed={picking} data-testid="pick-two" onClick={start}>
            <Icon name="compare" size={14} /> {picking ? (first ? "Now the other one" : "Pick the first") : "Compare two"}
          </button>
        </div>
      )}
      <Note data={assets} fault={fault} empty={filtered ? "Nothing matches." : "No pictures yet. Run a workflow that saves one."} />
      <div className="gallery">
        {assets?.map((asset, i) => (
          <button key={asset.id} type="button" title={asset.name} data-testid="gallery-item" aria-pressed={picking ? asset.id === first?.id : undefined} onClick={() => pick(asset, assets, i)}>
            <AssetView asset={asset} lazy />
            <span>{ago(asset.created)}</span>
          </button>
        ))}
      </div>
      {more && (
        <button type="button" className="button" onClick={() => void more()}>
          Older ones
        </button>
      )}
    </div>
  );
}

/** The newest results that match, and a way to get older ones while there are any. */
function useAssets(kind: string, search: string) {
  const version = useRuns((s) => s.assetsVersion);
  const { data, fault } = useFetched(() => getAssets(PAGE, { kind, search }), [version, kind, search]);
  const [older, setOlder] = useState<readonly Asset[]>([]);
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    setOlder([]);
    setEnded(false);
  }, [version, kind, search]);
  const assets = data && [...data.assets, ...older];
  const last = assets?.at(-1);
  const more = async () => {
    const answer = await getAssets(PAGE, { before: last!.id, kind, search }).catch(() => null);
    if (!answer) return;
    setOlder((old) => [...old, ...answer.assets]);
    setEnded(answer.assets.length < PAGE);
  };
  return { assets, fault, more: assets && assets.length >= PAGE && !ended ? more : null };
}

/** While two are being picked to compare: the first of them, or null before that. */
function usePair() {
  const [picking, setPicking] = useState(false);
  const [first, setFirst] = useState<Asset | null>(null);
  const start = () => {
    setPicking(!picking);
    setFirst(null);
  };
  const pick = (asset: Asset, all: readonly Asset[], at: number) => {
    if (!picking) return viewAssets(all, at);
    if (!first) return setFirst(asset);
    start();
    if (first.id !== asset.id) compareAssets(first, asset);
  };
  return { picking, first, start, pick };
}
