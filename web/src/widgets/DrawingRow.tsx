import { useState, type ReactNode } from "react";
import { label } from "../graph/catalog";
import { Icon } from "../panels/Icon";
import { useUnderlay } from "./underlay";
import { controlProps, type WidgetProps } from "./value";

interface Props {
  readonly props: WidgetProps;
  /** What is there in words, such as "3 boxes". */
  readonly summary: string;
  readonly onClear: (() => void) | null;
  /** The drawing, small, over the picture. */
  readonly overlay: ReactNode;
  readonly editor: (picture: string | null, close: () => void) => ReactNode;
}

/** A drawing over a picture: small in the card, and large to edit. */
export function DrawingRow({ props, summary, onClear, overlay, editor }: Props) {
  const [open, setOpen] = useState(false);
  const picture = useUnderlay(props.node);
  const name = label(props.input.name);
  return (
    <div className="w-drawing">
      <div className="w-line">
        <span className="w-label grow">{name}</span>
        <span className="w-note">{summary}</span>
        {onClear && (
          <button type="button" className="w-icon nodrag" title="Clear" aria-label={`Clear ${name}`} disabled={props.disabled} onClick={onClear}>
            <Icon name="trash" />
          </button>
        )}
      </div>
      <button {...controlProps(props)} type="button" className="w-drop w-overlaid nodrag" aria-label={`Click to draw ${name}`} onClick={() => setOpen(true)}>
        {picture && <img src={picture} alt="" draggable={false} />}
        {overlay}
        {!picture && !onClear && (
          <span className="w-hint">
            <Icon name="pencil" /> Click to draw
          </span>
        )}
      </button>
      {open && editor(picture, () => setOpen(false))}
    </div>
  );
}
