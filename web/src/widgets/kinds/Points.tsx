import { lazy, Suspense } from "react";
import { readArrows } from "../../graph/shapes";
import { DrawingRow } from "../DrawingRow";
import { useValue, type WidgetProps } from "../value";

const PointsEditor = lazy(() => import("../drawing/PointsEditor"));

/** Arrows on a picture: what is dragged, and where to. */
export default function Points(props: WidgetProps) {
  const [raw, set] = useValue(props.node, props.input);
  const arrows = readArrows(raw);
  return (
    <DrawingRow
      props={props}
      summary={arrows.length === 1 ? "1 arrow" : `${arrows.length} arrows`}
      onClear={arrows.length ? () => set("") : null}
      overlay={
        <svg className="w-shapes" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
          {arrows.map(([x1, y1, x2, y2], i) => (
            <line key={i} x1={x1} y1={y1} x2={x2} y2={y2} />
          ))}
        </svg>
      }
      editor={(picture, close) => (
        <Suspense>
          <PointsEditor picture={picture} arrows={arrows} onDone={(next) => set(next.length ? JSON.stringify(next) : "")} onClose={close} />
        </Suspense>
      )}
    />
  );
}
