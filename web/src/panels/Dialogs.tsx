import { lazy, Suspense } from "react";
import { BINDINGS } from "../canvas/keymap";
import { attempt } from "../canvas/opening";
import { keepMine, takeTheirs } from "../canvas/saving";
import { useSurface } from "../canvas/surface";
import { useWorkflow } from "../canvas/workflow";
import { Modal } from "./Modal";

const Templates = lazy(() => import("./Templates"));

export function Dialogs() {
  const dialog = useSurface((s) => s.dialog);
  if (dialog === "keys") return <KeyMap />;
  if (dialog === "templates") return <Suspense children={<Templates />} />;
  return dialog === "conflict" ? <Conflict /> : null;
}

const close = () => useSurface.setState({ dialog: null });

const MAC = navigator.platform.startsWith("Mac");
const shown = (keys: string) => keys.replace("Mod", MAC ? "⌘" : "Ctrl").split("+").map((key) => key || "+");

function KeyMap() {
  const parts = [...new Set(BINDINGS.map((b) => b.part))];
  return (
    <Modal title="Keyboard" onClose={close}>
      <div className="keys" data-testid="keymap">
        {parts.map((part) => (
          <section key={part}>
            <h3>{part}</h3>
            {BINDINGS.filter((b) => b.part === part).map((binding) => (
              <div key={binding.does}>
                <span>{binding.does}</span>
                <span className="chord">
                  {binding.keys.map((keys) => (
                    <span key={keys}>
                      {(keys === "+" ? ["+"] : shown(keys)).map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </span>
                  ))}
                </span>
              </div>
            ))}
          </section>
        ))}
      </div>
      <footer>
        <p className="faint">Drag a link to empty space to get the nodes that fit; drag it off an input to move or remove it. Shift-drag selects.</p>
        <button type="button" className="button" autoFocus onClick={close}>
          Close
        </button>
      </footer>
    </Modal>
  );
}

function Conflict() {
  const theirs = useWorkflow((s) => s.theirs);
  const settle = (doing: string, step: () => Promise<void>) => {
    close();
    attempt(doing, step);
  };
  return (
    <Modal title="Saved elsewhere" onClose={close}>
      <p>
        This workflow was changed in another tab or by somebody else{theirs ? ` (revision ${theirs})` : ""}. Nothing is lost either way: every
        saved version stays among the revisions.
      </p>
      <footer>
        <button type="button" className="button" data-testid="take-theirs" onClick={() => settle("Not opened", takeTheirs)}>
          Take theirs
        </button>
        <button type="button" className="button primary" data-testid="keep-mine" onClick={() => settle("Not saved", keepMine)}>
          Keep mine
        </button>
      </footer>
    </Modal>
  );
}
