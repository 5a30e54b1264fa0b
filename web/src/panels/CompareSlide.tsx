import type { CSSProperties, PointerEvent } from "react";
import type { Asset } from "../api/types";
import { compareAssets } from "../canvas/surface";
import { AssetView } from "./AssetView";

interface Props {
  readonly before: Asset;
  readonly after: Asset;
  readonly style: CSSProperties;
}

/** Two pictures over each other in a card: the pointer moves the edge between them, a click shows them large. */
export function CompareSlide({ before, after, style }: Props) {
  const slide = ({ currentTarget, clientX }: PointerEvent<HTMLElement>) => {
    const { x, width } = currentTarget.getBoundingClientRect();
    currentTarget.style.setProperty("--share", `${(100 * (clientX - x)) / width}%`);
  };
  return (
    <div className="media slide" style={style}>
      <button type="button" className="nodrag" data-testid="compare-slide" aria-label={`Compare ${before.name} with ${after.name}`} onPointerMove={slide} onClick={() => compareAssets(before, after)}>
        <AssetView asset={after} />
        <AssetView asset={before} className="over" />
        <span className="edge" />
      </button>
    </div>
  );
}
