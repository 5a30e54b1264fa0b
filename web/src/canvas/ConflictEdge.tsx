import { BezierEdge, type EdgeProps } from "@xyflow/react";
import type { MarkedEdge } from "./flow";

/** A wire on which two techniques are at odds: dashed, with the reason and the way out on hover. */
export function ConflictEdge({ data, ...edge }: EdgeProps<MarkedEdge>) {
  return (
    <g>
      <title>{data?.conflict}</title>
      <BezierEdge {...edge} />
    </g>
  );
}
