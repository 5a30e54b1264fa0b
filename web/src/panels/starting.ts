import { deleteWorkflow, getTemplate } from "../api/routes";
import { useEditor } from "../canvas/editor";
import { openDocument } from "../canvas/opening";
import { useSurface } from "../canvas/surface";
import { useWorkflow } from "../canvas/workflow";
import type { Template } from "../graph/templates";

/** Open a copy of a template as a workflow of its own. An empty sheet that nobody ever touched makes room for it. */
export async function startTemplate({ name, title }: Pick<Template, "name" | "title">): Promise<void> {
  const spare = untouched();
  // What the gallery sorts templates by says nothing about the user's copy.
  const { tags: _, ...document } = { tags: [], ...(await getTemplate(name)) };
  await openDocument(document, title);
  useSurface.setState({ dialog: null });
  if (spare) await deleteWorkflow(spare);
}

function untouched(): string | null {
  const { id, revision } = useWorkflow.getState();
  const { cards, history } = useEditor.getState();
  return revision === 1 && !Object.keys(cards).length && !history.past.length ? id : null;
}
