import { lazy, Suspense } from "react";
import { useEditor } from "../canvas/editor";
import { useWorkflow } from "../canvas/workflow";

const StartHere = lazy(() => import("./StartHere"));

/** How to begin, on a sheet without nodes. One that was emptied by hand offers no templates: somebody is at work. */
export function EmptySheet() {
  const open = useWorkflow((s) => s.id !== null);
  const fresh = useEditor((s) => !s.history.past.length && !s.history.future.length);
  if (!open) return null;
  return (
    <div className="empty-hint">
      {fresh && (
        <Suspense>
          <StartHere />
        </Suspense>
      )}
      <p>
        Double-click, or press <kbd>Space</kbd>, to add a node.
      </p>
      <p>Drop a saved picture here to open the workflow that made it.</p>
    </div>
  );
}
