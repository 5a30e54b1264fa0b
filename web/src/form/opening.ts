import { create } from "zustand";
import { loadCatalog } from "../api/catalog";
import { ApiError } from "../api/client";
import { startGraphs } from "../canvas/grouping";
import { openWorkflow } from "../canvas/opening";
import { startChecking } from "../canvas/problems";
import { startWatching } from "../canvas/running";
import { toastError } from "../canvas/surface";
import { useEditor } from "../canvas/editor";
import { useWorkflow } from "../canvas/workflow";
import { isObject } from "../graph/json";

const RETRY = 2000;
const key = () => `patchloom.form.${useWorkflow.getState().id}`;

/** Everything that runs beside the form. The workflow itself is not saved: an app fills it in, it does not edit it. */
export async function startForm(workflow: string): Promise<void> {
  startGraphs();
  startChecking();
  startWatching();
  void loadCatalog();
  while (!(await opened(workflow))) await new Promise((resolve) => window.setTimeout(resolve, RETRY));
  if (useGone.getState().gone) return;
  fillIn();
  useEditor.subscribe((state, before) => {
    if (state.values !== before.values) keepForm();
  });
}

/** Whether the workflow of the address is not there any more. */
export const useGone = create(() => ({ gone: false }));

async function opened(workflow: string): Promise<boolean> {
  try {
    await openWorkflow(workflow);
    return true;
  } catch (error) {
    const gone = error instanceof ApiError && error.status === 404;
    useGone.setState({ gone });
    if (gone) return true;
    toastError(error, "The app could not be opened yet");
    return false;
  }
}

/** What somebody typed survives a reload, in this browser. */
function keepForm(): void {
  try {
    localStorage.setItem(key(), JSON.stringify(useEditor.getState().values));
  } catch {
    // Without storage the fields last as long as the page.
  }
}

function fillIn(): void {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key()) ?? "{}");
    const { values } = useEditor.getState();
    if (!isObject(kept)) return;
    const filled = Object.entries(values).map(([node, given]) => [node, { ...given, ...(isObject(kept[node]) ? kept[node] : {}) }]);
    useEditor.setState((s) => ({ values: Object.fromEntries(filled) as typeof values, version: s.version + 1 }));
  } catch {
    forgetForm();
  }
}

export function forgetForm(): void {
  localStorage.removeItem(key());
}
