import { lazy, Suspense } from "react";
import { readBoxes } from "../../graph/shapes";
import { DrawingRow } from "../DrawingRow";
import { useValue, type WidgetProps } from "../value";

const BoxesEditor = lazy(() => import("../drawing/BoxesEditor"));

/** Named boxes on a picture: where things shall be. */
export default function Boxes(props: WidgetProps) {
  const [raw, set] = useValue(props.node, props.input);
  const boxes = readBoxes(raw);
  return (
    <DrawingRow
      props={props}
      summary={boxes.length === 1 ? "1 box" : `${boxes.length} boxes`}
      onClear={boxes.length ? () => set("") : null}
      overlay={
        <svg className="w-shapes" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
          {boxes.map((box, i) => (
            <rect key={i} x={box.x} y={box.y} width={box.width} height={box.height} />
          ))}
        </svg>
      }
      editor={(picture, close) => (
        <Suspense>
          <BoxesEditor picture={picture} boxes={boxes} onDone={(next) => set(next.length ? JSON.stringify(next) : "")} onClose={close} />
        </Suspense>
      )}
    />
  );
}
