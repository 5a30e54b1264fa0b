import { uploadImage } from "../api/choices";
import { useCatalog } from "../api/catalog";
import { ApiError } from "../api/client";
import { importFile } from "../api/routes";
import type { NodeSchema, WorkflowDocument } from "../api/types";
import { schemas } from "../graph/catalog";
import { documentFault, isComfy } from "../graph/document";
import { CHUNK, pngText } from "../graph/png";
import { addNode, type Point } from "./actions";
import { openDocument } from "./opening";
import { toast, toastError } from "./surface";

/** Files dropped on the canvas: workflows open; other pictures are offered as an input. */
export async function takeFiles(files: readonly File[], at: Point): Promise<void> {
  const file = files[0];
  if (!file) return;
  try {
    if (file.type.startsWith("image/")) await takePicture(file, at);
    else await openText(await file.text(), file);
  } catch (error) {
    toastError(error, `Could not open ${file.name}`);
  }
}

async function takePicture(file: File, at: Point): Promise<void> {
  const text = await pngText(new Uint8Array(await file.arrayBuffer()));
  if (text !== null) return openText(text, file);
  if (await openImported(file)) return;
  toast(`${file.name} carries no workflow (no "${CHUNK}" text in the file).`, { action: uploadOffer(file, at) });
}

function uploadOffer(file: File, at: Point) {
  const loader = imageLoader();
  if (!loader) return null;
  return {
    label: "Use it as an input picture",
    act: () => {
      uploadImage(file).then(
        (name) => addNode(loader.schema.id, at, null, { [loader.input]: name }),
        (error: unknown) => toastError(error, "Not uploaded"),
      );
    },
  };
}

/** The node that loads pictures: the first with a picture widget. */
function imageLoader(): { schema: NodeSchema; input: string } | null {
  for (const schema of schemas(useCatalog.getState().catalog)) {
    const input = schema.inputs.find((i) => i.widget?.kind === "ImageFile");
    if (input) return { schema, input: input.name };
  }
  return null;
}

/** A pasted picture becomes a node that loads it. */
export async function pastePicture(file: File, at: Point): Promise<void> {
  const loader = imageLoader();
  if (!loader) return toast("There is no node that loads pictures.", { tone: "error" });
  const name = await uploadImage(file);
  addNode(loader.schema.id, at, null, { [loader.input]: name });
}

/** Let the server read a file of ComfyUI's; false when it finds no workflow in it. */
async function openImported(file: File): Promise<boolean> {
  try {
    const { document, problems } = await importFile(file);
    await openDocument(document, document.title || stem(file));
    if (problems.length > 0) toast(`Some things differ from ComfyUI: ${problems[0]?.message ?? ""}`, { remedy: problems[0]?.remedy ?? "" });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return false;
    throw error;
  }
}

const stem = (file: File) => file.name.replace(/\.\w+$/, "");

async function openText(text: string, file: File): Promise<void> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return toast(`${file.name} holds no workflow: it is not JSON.`, { tone: "error" });
  }
  if (isComfy(value) && (await openImported(file))) return;
  const fault = documentFault(value);
  if (fault) return toast(fault, { tone: "error" });
  const document = value as WorkflowDocument;
  await openDocument(document, document.title || stem(file));
}

/** Ctrl+O: choose a file. */
export function chooseFile(at: Point): void {
  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.accept = ".json,.png,.webp,application/json,image/png,image/webp";
  chooser.onchange = () => void takeFiles([...(chooser.files ?? [])], at);
  chooser.click();
}

/** Ctrl+S: the workflow as a file. */
export function downloadDocument(document_: WorkflowDocument): void {
  const blob = new Blob([JSON.stringify(document_, null, 1)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${(document_.title || "workflow").replace(/[^\p{L}\p{N} _-]+/gu, "_")}.json`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
