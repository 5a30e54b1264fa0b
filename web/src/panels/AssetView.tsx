import { useState } from "react";
import { fileUrl, thumbnailUrl } from "../api/routes";
import type { Asset } from "../api/types";

interface Props {
  readonly asset: Asset;
  readonly className?: string;
  /** A video in a list only shows what it is; large it has its controls. */
  readonly controls?: boolean;
  /** One of many: a small picture is enough, and only when it is in view. */
  readonly lazy?: boolean;
}

const VIDEO = /\.(mp4|webm|mov|mkv)$/i;

/** A picture, animated picture or video that a run made; a note where its file is no longer there. */
export function AssetView({ asset, className, controls = false, lazy = false }: Props) {
  const [lost, setLost] = useState("");
  const url = fileUrl(asset.folder, asset.name);
  if (lost === url) return <span className="lost">{asset.folder === "temp" ? "Shown, not kept. Run again to see it." : "The file is gone."}</span>;
  const shared = { className, "data-testid": "result", onError: () => setLost(url) };
  if (VIDEO.test(asset.name)) return <video {...shared} src={url} aria-label={asset.name} controls={controls} autoPlay={!lazy} muted loop playsInline preload="metadata" />;
  return <img {...shared} src={lazy ? thumbnailUrl(asset.folder, asset.name) : url} alt={asset.name} draggable={false} loading={lazy ? "lazy" : "eager"} />;
}
