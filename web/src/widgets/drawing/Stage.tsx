import { useRef, useState, type PointerEvent, type ReactNode } from "react";
import { Modal } from "../../panels/Modal";
import "../../styles/drawing.css";

export type Place = readonly [x: number, y: number];

interface Props {
  readonly title: string;
  readonly picture: string | null;
  readonly tools?: ReactNode;
  readonly hint: string;
  /** A pointer goes down on the stage (in shares of it). Returns what its moves and its end do. */
  readonly onPress?: (at: Place) => { move: (to: Place) => void; end?: () => void } | null;
  readonly onDone: () => void;
  readonly onClose: () => void;
  readonly children: (size: { width: number; height: number }) => ReactNode;
}

const BLANK = { width: 768, height: 768 };

/** A large picture to draw on, with tools above and Done below. Without a picture the stage is square and grey. */
export function Stage({ title, picture, tools, hint, onPress, onDone, onClose, children }: Props) {
  const [size, setSize] = useState<{ width: number; height: number } | null>(picture ? null : BLANK);
  const box = useRef<HTMLDivElement>(null);
  const place = (event: { clientX: number; clientY: number }): Place => {
    const area = box.current!.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  };
  const press = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const stage = event.currentTarget;
    const drag = onPress?.(place(event));
    if (!drag) return;
    stage.setPointerCapture(event.pointerId);
    stage.onpointermove = (move) => (move.getCoalescedEvents?.() ?? [move]).forEach((part) => drag.move(place(part)));
    stage.onpointerup = stage.onpointercancel = () => {
      stage.onpointermove = stage.onpointerup = stage.onpointercancel = null;
      drag.end?.();
    };
  };
  return (
    <Modal title={title} className="drawing" onClose={onClose}>
      <div className="drawing-tools">{tools}</div>
      <div className="stage-room">
        <div ref={box} className="stage" style={size ? { aspectRatio: `${size.width} / ${size.height}` } : {}} onPointerDown={press} data-testid="stage">
          {picture && <img src={picture} alt="" draggable={false} onLoad={(event) => setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })} onError={() => setSize(BLANK)} />}
          {size && children(size)}
        </div>
      </div>
      <footer>
        <p className="faint">{hint}</p>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="button primary" data-testid="drawing-done" onClick={onDone}>
          Done
        </button>
      </footer>
    </Modal>
  );
}
