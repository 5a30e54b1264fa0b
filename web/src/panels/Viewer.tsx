import { useEffect, useState } from "react";
import { fileUrl } from "../api/routes";
import type { Asset } from "../api/types";
import { openJobDocument } from "../canvas/jobs";
import { attempt } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { AssetView } from "./AssetView";
import { Compare } from "./Compare";
import { Icon } from "./Icon";
import { ago } from "./time";

const close = () => useSurface.setState({ viewer: null });

/** A picture, large, with the way to the workflow that made it and to the picture before it. */
export function Viewer() {
  const viewer = useSurface((s) => s.viewer);
  const [comparing, setComparing] = useState(false);
  const open = viewer !== null;
  useEffect(() => {
    setComparing(useSurface.getState().viewer?.comparing ?? false);
    if (!open) return;
    window.addEventListener("keydown", turnByKey);
    return () => window.removeEventListener("keydown", turnByKey);
  }, [open]);
  const asset = viewer?.assets[viewer.at];
  if (!asset) return null;
  const other = viewer.assets[viewer.at + 1] ?? viewer.assets[viewer.at - 1];
  return (
    <div className="viewer" role="dialog" aria-label={asset.name} data-testid="viewer" onClick={(event) => event.target === event.currentTarget && close()}>
      {comparing && other ? (
        <Compare before={other} after={asset} />
      ) : (
        <AssetView asset={asset} className={asset.width < 512 ? "small" : ""} controls />
      )}
      <footer>
        <div>
          <b>{asset.name}</b>
          <span className="faint">
            {asset.width} × {asset.height} · {ago(asset.created)}
          </span>
        </div>
        {other && (
          <button type="button" className="button" aria-pressed={comparing} data-testid="compare-button" onClick={() => setComparing(!comparing)}>
            <Icon name="compare" size={14} /> {comparing ? "One picture" : `Compare with ${other.name}`}
          </button>
        )}
        <button type="button" className="button" data-testid="open-made-by" onClick={() => openMaker(asset)}>
          <Icon name="workflows" size={14} /> Open its workflow
        </button>
        <a className="button" href={fileUrl(asset.folder, asset.name)} download={asset.name}>
          <Icon name="download" size={14} /> Download
        </a>
        <button type="button" className="button viewer-close" aria-label="Close" autoFocus onClick={close}>
          <Icon name="cancel" size={14} />
        </button>
      </footer>
    </div>
  );
}

function openMaker(asset: Asset): void {
  close();
  attempt("Its workflow could not be opened", () => openJobDocument(asset.job));
}

function turnByKey(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || event.target instanceof HTMLInputElement) return;
  useSurface.setState(({ viewer }) => {
    if (!viewer) return {};
    const at = Math.min(Math.max(0, viewer.at + by), viewer.assets.length - 1);
    return { viewer: { ...viewer, at } };
  });
}
