import { useEffect } from "react";
import { fileUrl } from "../api/routes";
import type { Asset } from "../api/types";
import { openJobDocument } from "../canvas/jobs";
import { attempt } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { Icon } from "./Icon";
import { ago } from "./time";

const close = () => useSurface.setState({ viewer: null });

/** A picture, large, with the way to the workflow that made it. */
export function Viewer() {
  const viewer = useSurface((s) => s.viewer);
  const count = viewer?.assets.length ?? 0;
  useEffect(() => {
    if (!count) return;
    const key = (event: KeyboardEvent) => {
      if (event.key === "ArrowRight") turn(1);
      if (event.key === "ArrowLeft") turn(-1);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [count]);
  const asset = viewer?.assets[viewer.at];
  if (!asset) return null;
  const url = fileUrl(asset.folder, asset.name);
  return (
    <div className="viewer" role="dialog" aria-label={asset.name} data-testid="viewer" onClick={(event) => event.target === event.currentTarget && close()}>
      <img src={url} alt={asset.name} className={asset.width < 512 ? "pixels" : ""} />
      <footer>
        <div>
          <b>{asset.name}</b>
          <span className="faint">
            {asset.width} × {asset.height} · {ago(asset.created)}
          </span>
        </div>
        <button type="button" className="button" data-testid="open-made-by" onClick={() => openMaker(asset)}>
          <Icon name="workflows" size={14} /> Open its workflow
        </button>
        <a className="button" href={url} download={asset.name}>
          <Icon name="download" size={14} /> Download
        </a>
        <button type="button" className="button" aria-label="Close" autoFocus onClick={close}>
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

function turn(by: number): void {
  useSurface.setState(({ viewer }) => {
    if (!viewer) return {};
    const at = Math.min(Math.max(0, viewer.at + by), viewer.assets.length - 1);
    return { viewer: { ...viewer, at } };
  });
}
