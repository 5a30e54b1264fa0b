import { useState, type KeyboardEvent } from "react";
import { moveEnd, type Arrow } from "../../graph/shapes";
import { Icon } from "../../panels/Icon";
import { Stage, type Place } from "./Stage";

interface Props {
  readonly picture: string | null;
  readonly arrows: readonly Arrow[];
  readonly onDone: (arrows: readonly Arrow[]) => void;
  readonly onClose: () => void;
}

const GRIP = 0.03;

/** Drag points of a picture to where they shall be. */
export default function PointsEditor({ picture, arrows: given, onDone, onClose }: Props) {
  const [arrows, setArrows] = useState(given);
  const press = (start: Place) => {
    const ends = arrows.flatMap(([x, y, toX, toY], i) => [{ i, end: 0 as const, far: far(start, [x, y]) }, { i, end: 1 as const, far: far(start, [toX, toY]) }]);
    const [near] = ends.filter((e) => e.far < GRIP).sort((a, b) => a.far - b.far || b.end - a.end);
    if (near) return { move: (to: Place) => setArrows((all) => moveEnd(all, near.i, near.end, to)) };
    const at = arrows.length;
    setArrows([...arrows, [...start, ...start] as Arrow]);
    return { move: (to: Place) => setArrows((all) => moveEnd(all, at, 1, to)), end: () => setArrows((all) => all.filter(([x, y, toX, toY]) => far([x, y], [toX, toY]) > GRIP / 3)) };
  };
  const add = () => setArrows([...arrows, [0.4, 0.5, 0.6, 0.5]]);
  return (
    <Stage
      title="Drag points"
      picture={picture}
      hint="Drag from what shall move to where it shall go. Arrow keys move the focused end; Delete removes the arrow."
      tools={
        <>
          <button type="button" className="button" onClick={add}>
            <Icon name="plus" size={14} /> Arrow
          </button>
          <button type="button" className="button" disabled={!arrows.length} onClick={() => setArrows(arrows.slice(0, -1))}>
            <Icon name="undo" size={14} /> Remove the last
          </button>
        </>
      }
      onPress={press}
      onDone={() => [onDone(arrows), onClose()]}
      onClose={onClose}
    >
      {() => (
        <>
          <svg className="w-shapes" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            {arrows.map(([x1, y1, x2, y2], i) => (
              <line key={i} x1={x1} y1={y1} x2={x2} y2={y2} />
            ))}
          </svg>
          {arrows.flatMap((arrow, i) =>
            ([0, 1] as const).map((end) => (
              <button
                key={`${i} ${end}`}
                type="button"
                className={`stage-point ${end ? "tip" : ""}`}
                style={{ left: `${100 * arrow[2 * end]!}%`, top: `${100 * arrow[2 * end + 1]!}%` }}
                aria-label={`Arrow ${i + 1}, ${end ? "where to" : "from where"}`}
                onKeyDown={(event) => nudge(event, [arrow[2 * end]!, arrow[2 * end + 1]!], (to) => setArrows(moveEnd(arrows, i, end, to)), () => setArrows(arrows.filter((_, other) => other !== i)))}
              />
            )),
          )}
        </>
      )}
    </Stage>
  );
}

function far(one: Place, other: Place): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

function nudge(event: KeyboardEvent, [x, y]: Place, move: (to: Place) => void, drop: () => void): void {
  const step = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -0.01], ArrowDown: [0, 0.01] }[event.key];
  if (step) move([x + step[0]!, y + step[1]!]);
  else if (event.key === "Delete" || event.key === "Backspace") drop();
  else return;
  event.preventDefault();
}
