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

/** A picture, animated picture or video that a run made. */
export function AssetView({ asset, className, controls = false, lazy = false }: Props) {
  const url = fileUrl(asset.folder, asset.name);
  if (VIDEO.test(asset.name)) return <video className={className} data-testid="result" src={url} aria-label={asset.name} controls={controls} autoPlay={!lazy} muted loop playsInline preload="metadata" />;
  return <img className={className} data-testid="result" src={lazy ? thumbnailUrl(asset.folder, asset.name) : url} alt={asset.name} draggable={false} loading={lazy ? "lazy" : "eager"} />;
}
