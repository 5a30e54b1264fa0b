import { useState, type KeyboardEvent } from "react";
import { boxBetween, keepInside, type Box } from "../../graph/shapes";
import { Icon } from "../../panels/Icon";
import { Stage, type Place } from "./Stage";

interface Props {
  readonly picture: string | null;
  readonly boxes: readonly Box[];
  readonly onDone: (boxes: readonly Box[]) => void;
  readonly onClose: () => void;
}

const GRIP = 0.025;
const LEAST = 0.02;

/** Draw boxes, move and resize them, and say what belongs there. */
export default function BoxesEditor({ picture, boxes: given, onDone, onClose }: Props) {
  const [boxes, setBoxes] = useState(given);
  const [current, setCurrent] = useState(given.length ? 0 : -1);
  const change = (at: number, box: Box) => setBoxes((all) => all.map((old, i) => (i === at ? keepInside(box) : old)));
  const drop = (at: number) => [setBoxes((all) => all.filter((_, i) => i !== at)), setCurrent(-1)];
  const press = (start: Place) => {
    const hit = boxes.findLastIndex((box) => holds(box, start));
    const box = boxes[hit];
    if (box) {
      setCurrent(hit);
      const resizing = Math.hypot(box.x + box.width - start[0], box.y + box.height - start[1]) < GRIP;
      return { move: (to: Place) => change(hit, resizing ? boxBetween([box.x, box.y], to, box.text) : { ...box, x: Math.max(0, box.x + to[0] - start[0]), y: Math.max(0, box.y + to[1] - start[1]) }) };
    }
    const at = boxes.length;
    setBoxes([...boxes, boxBetween(start, start)]);
    setCurrent(at);
    const end = () => setBoxes((all) => all.filter((b, i) => i !== at || (b.width > LEAST && b.height > LEAST)));
    return { move: (to: Place) => change(at, boxBetween(start, to)), end };
  };
  const add = () => [setBoxes([...boxes, boxBetween([0.3, 0.3], [0.7, 0.7])]), setCurrent(boxes.length)];
  return (
    <Stage
      title="Lay out boxes"
      picture={picture}
      hint="Drag on the picture for a new box; drag a box to move it, its lower right corner to resize it. Arrow keys move the focused one, with Shift they resize."
      tools={
        <>
          <button type="button" className="button" onClick={add}>
            <Icon name="plus" size={14} /> Box
          </button>
          {boxes.map((box, i) => (
            <label key={i} className={i === current ? "on" : ""}>
              {i + 1}
              <input value={box.text} placeholder="what is here" aria-label={`Text of box ${i + 1}`} onFocus={() => setCurrent(i)} onChange={(event) => change(i, { ...box, text: event.target.value })} />
              <button type="button" className="w-icon" aria-label={`Remove box ${i + 1}`} onClick={() => drop(i)}>
                <Icon name="trash" />
              </button>
            </label>
          ))}
        </>
      }
      onPress={press}
      onDone={() => [onDone(boxes), onClose()]}
      onClose={onClose}
    >
      {() =>
        boxes.map((box, i) => (
          <div
            key={i}
            className={`stage-box ${i === current ? "on" : ""}`}
            style={{ left: `${100 * box.x}%`, top: `${100 * box.y}%`, width: `${100 * box.width}%`, height: `${100 * box.height}%` }}
            tabIndex={0}
            role="button"
            aria-label={`Box ${i + 1}: ${box.text || "no text"}`}
            onFocus={() => setCurrent(i)}
            onKeyDown={(event) => nudge(event, box, (next) => change(i, next), () => drop(i))}
          >
            <span>
              {i + 1} {box.text}
            </span>
          </div>
        ))
      }
    </Stage>
  );
}

function holds(box: Box, [x, y]: Place): boolean {
  return x >= box.x && y >= box.y && x <= box.x + box.width + GRIP / 2 && y <= box.y + box.height + GRIP / 2;
}

function nudge(event: KeyboardEvent, box: Box, change: (box: Box) => void, drop: () => void): void {
  const step = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -0.01], ArrowDown: [0, 0.01] }[event.key];
  if (step && event.shiftKey) change({ ...box, width: box.width + step[0]!, height: box.height + step[1]! });
  else if (step) change({ ...box, x: Math.max(0, box.x + step[0]!), y: Math.max(0, box.y + step[1]!) });
  else if (event.key === "Delete" || event.key === "Backspace") drop();
  else return;
  event.preventDefault();
}
