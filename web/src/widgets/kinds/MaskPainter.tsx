import { lazy, Suspense } from "react";
import { fileUrl } from "../../api/routes";
import type { MaskPainterWidget } from "../../api/types";
import { DrawingRow } from "../DrawingRow";
import { useValue, type WidgetProps } from "../value";

const MaskEditor = lazy(() => import("../drawing/MaskEditor"));

/** A mask painted over the picture that feeds the node, uploaded as a picture of its own. */
export default function MaskPainter(props: WidgetProps<MaskPainterWidget>) {
  const [raw, set] = useValue(props.node, props.input);
  const name = String(raw ?? "");
  const url = name ? fileUrl(props.widget.folder, name) : null;
  return (
    <DrawingRow
      props={props}
      summary={name ? "painted" : "empty"}
      onClear={name ? () => set("") : null}
      overlay={url && <img className="w-mask" src={url} alt="" draggable={false} />}
      editor={(picture, close) => (
        <Suspense>
          <MaskEditor picture={picture} mask={url} onDone={set} onClose={close} />
        </Suspense>
      )}
    />
  );
}
