import { stopComparing, useComparing } from "../canvas/comparing";
import { attempt, restoreRevision } from "../canvas/opening";
import { Icon } from "./Icon";

/** Over the canvas while it is compared with a revision: what the colours mean, and the ways out. */
export function ComparingBar() {
  const revision = useComparing((s) => s.revision);
  const { added, changed, removed } = useComparing((s) => s.found);
  if (revision === null) return null;
  const restore = () => {
    stopComparing();
    attempt("Not restored", () => restoreRevision(revision));
  };
  return (
    <div className="comparing" role="status" data-testid="comparing">
      <b>Since revision {revision}</b>
      <span className="diff added">{added.size} new</span>
      <span className="diff changed">{changed.size} changed</span>
      <span className="diff removed">{removed.length} removed</span>
      <button type="button" className="button" onClick={restore}>
        Restore it
      </button>
      <button type="button" className="w-icon" aria-label="Stop comparing" onClick={stopComparing}>
        <Icon name="cancel" />
      </button>
    </div>
  );
}
