import { Component, type ReactNode } from "react";
import { keepDraft } from "../canvas/drafts";
import { documentNow, useWorkflow } from "../canvas/workflow";

/** A fault in the page itself: keep the work in this browser, and offer to start the page again. */
export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(): void {
    const { id, title, revision, saveState } = useWorkflow.getState();
    if (id && saveState !== "saved") keepDraft(id, { title, document: documentNow(), revision });
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="broken">
        <h1>The page ran into a fault.</h1>
        <p>Your workflow is kept. Running jobs go on without the page.</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          Reload
        </button>
      </main>
    );
  }
}
