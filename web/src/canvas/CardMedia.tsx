import { memo, useEffect, useRef, type CSSProperties } from "react";
import type { Asset } from "../api/types";
import { watchPreviews } from "../api/previews";
import { setPreviewAspect, useRuns } from "../api/runs";
import { listAt, runAt } from "../graph/levels";
import { AssetView } from "../panels/AssetView";
import { CompareSlide } from "../panels/CompareSlide";
import { flatId, useEditor } from "./editor";
import { Scrubber } from "./Scrubber";
import { viewAssets } from "./surface";

interface Props {
  readonly id: string;
  readonly y: number;
  readonly height: number;
}

/** The pictures in a card: what it made, or what it is making. */
export const CardMedia = memo(function CardMedia({ id, y, height }: Props) {
  const flat = flatId(id);
  const assets = useRuns((s) => listAt(s.assets, flat));
  const previewed = useRuns((s) => flat in s.previewAspects);
  const stale = useRuns((s) => s.run?.status === "running" && runAt(s.run.nodes, flat) !== undefined && assets?.at(-1)?.job !== s.run.job);
  const compares = useEditor((s) => s.cards[id]?.type === "compare_images");
  const style = { top: y, height };
  if (compares && assets?.length === 2) return <CompareSlide before={assets[0]!} after={assets[1]!} style={style} />;
  if (assets?.length) return <Results assets={assets} stale={stale} style={style} />;
  return (
    <div className="media" style={style}>
      {previewed && <Preview id={flat} />}
      {previewed && <Scrubber flat={flat} />}
      {!previewed && <span className="w-note">The picture appears here</span>}
    </div>
  );
});

const SHOWN = 4;

function Results({ assets, stale, style }: { assets: readonly Asset[]; stale: boolean; style: CSSProperties }) {
  const shown = assets.slice(0, SHOWN);
  return (
    <div className={`media ${stale ? "stale" : ""} ${shown.length > 1 ? "many" : ""}`} style={style}>
      {shown.map((asset, i) => (
        <button key={asset.id} type="button" className="nodrag" aria-label={`Open ${asset.name}`} onClick={() => viewAssets(assets, i)}>
          <AssetView asset={asset} />
        </button>
      ))}
      {assets.length > SHOWN && <span className="badge count">{assets.length} pictures</span>}
    </div>
  );
}

/** Frames go straight from the socket to this canvas; React does not hear of them. */
export function Preview({ id }: { id: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    const paint = canvas.getContext("2d", { alpha: false })!;
    return watchPreviews(id, ({ image, number }, done) => {
      createImageBitmap(image).then(
        (bitmap) => {
          requestAnimationFrame(() => {
            if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
              canvas.width = bitmap.width;
              canvas.height = bitmap.height;
              setPreviewAspect(id, bitmap.height / bitmap.width);
            }
            paint.drawImage(bitmap, 0, 0);
            bitmap.close();
            canvas.dataset["frame"] = String(number);
            done();
          });
        },
        // A broken frame is skipped; the next one comes anyway.
        () => done(),
      );
    });
  }, [id]);
  return <canvas ref={ref} data-testid="preview" data-frame="0" width={8} height={8} role="img" aria-label="Live preview" />;
}
