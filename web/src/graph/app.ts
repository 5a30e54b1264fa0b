import { graphOf, INPUTS } from "./interface";
import { inputOf, label, type Catalog } from "./catalog";
import { isObject } from "./json";
import { incoming, type Extra, type Pages, type Sheet } from "./sheet";

/** The form that a workflow shows as an app: some inputs of the root's nodes, and the nodes whose results count. */
export interface AppInput {
  readonly node: string;
  readonly input: string;
  readonly label: string;
}

export interface AppForm {
  readonly inputs: readonly AppInput[];
  readonly outputs: readonly string[];
}

export const NO_APP: AppForm = { inputs: [], outputs: [] };

/** The root graph keeps the form under `app`. */
export function readApp(extra: Extra): AppForm {
  const raw = extra["app"];
  if (!isObject(raw)) return NO_APP;
  const inputs = (Array.isArray(raw["inputs"]) ? raw["inputs"] : []).filter(isObject);
  const outputs = Array.isArray(raw["outputs"]) ? raw["outputs"] : [];
  return {
    inputs: inputs.map((entry) => ({ node: String(entry["node"]), input: String(entry["input"]), label: typeof entry["label"] === "string" ? entry["label"] : "" })),
    outputs: outputs.filter((id): id is string => typeof id === "string"),
  };
}

export function writeApp(pages: Pages, root: string, form: AppForm): Pages {
  const page = pages[root];
  return page ? { ...pages, [root]: { ...page, extra: { ...page.extra, app: form } } } : pages;
}

const same = (one: AppInput, other: Pick<AppInput, "node" | "input">) => one.node === other.node && one.input === other.input;

export function hasInput(form: AppForm, node: string, input: string): boolean {
  return form.inputs.some((entry) => same(entry, { node, input }));
}

export function toggleInput(form: AppForm, node: string, input: string): AppForm {
  const rest = form.inputs.filter((entry) => !same(entry, { node, input }));
  return { ...form, inputs: rest.length < form.inputs.length ? rest : [...rest, { node, input, label: "" }] };
}

export function toggleOutput(form: AppForm, node: string): AppForm {
  const rest = form.outputs.filter((id) => id !== node);
  return { ...form, outputs: rest.length < form.outputs.length ? rest : [...rest, node] };
}

export function moveInput(form: AppForm, at: number, by: -1 | 1): AppForm {
  const [one, other] = [form.inputs[at], form.inputs[at + by]];
  if (!one || !other) return form;
  return { ...form, inputs: form.inputs.map((entry, i) => (i === at ? other : i === at + by ? one : entry)) };
}

export function labelInput(form: AppForm, at: number, text: string): AppForm {
  return { ...form, inputs: form.inputs.map((entry, i) => (i === at ? { ...entry, label: text } : entry)) };
}

/** The inputs that can be on the form: those with a widget that nothing feeds, or only the subgraph's card (`inside`). */
export function formInputs(sheet: Sheet, catalog: Catalog, node: string, inside = false): string[] {
  const fed = incoming(sheet.links, node);
  const free = (name: string) => !fed.has(name) || (inside && fed.get(name)!.every(({ source }) => source === INPUTS));
  return (catalog[sheet.cards[node]?.type ?? ""]?.inputs ?? []).filter((i) => i.widget && free(i.name)).map((i) => i.name);
}

/** What the form is without a choice: prompts, pictures and seeds to set, and every result. */
export function suggested(sheet: Sheet, catalog: Catalog): AppForm {
  const cards = Object.values(sheet.cards).sort((a, b) => a.x - b.x || a.y - b.y);
  const telling = ["TextBox", "ImageFile", "Seed", "MaskPainter"];
  const inputs = cards.flatMap((card) =>
    formInputs(sheet, catalog, card.id)
      .filter((name) => telling.includes(inputOf(catalog[card.type], name)?.widget?.kind ?? ""))
      .map((input) => ({ node: card.id, input, label: "" })),
  );
  return { inputs, outputs: cards.filter((card) => catalog[card.type]?.output_node).map((card) => card.id) };
}

/** The form as it is shown: chosen, or suggested while nothing is; without what the workflow has no more. */
export function formOf(sheet: Sheet, extra: Extra, catalog: Catalog): AppForm {
  const chosen = readApp(extra);
  const rule = suggested(sheet, catalog);
  const inputs = chosen.inputs.filter(({ node, input }) => formInputs(sheet, catalog, node).includes(input));
  const outputs = chosen.outputs.filter((id) => id in sheet.cards);
  return { inputs: inputs.length ? inputs : rule.inputs, outputs: outputs.length ? outputs : rule.outputs };
}

/** A field's name: the one given, else the node's title for its only field, else both. */
export function fieldName(entry: AppInput, form: AppForm, sheet: Sheet, catalog: Catalog): string {
  if (entry.label) return entry.label;
  const titleOf = (node: string) => sheet.cards[node]?.title || catalog[sheet.cards[node]?.type ?? ""]?.title || node;
  const twins = form.inputs.filter((other) => other.input === entry.input);
  if (twins.length < 2) return capital(label(entry.input));
  const card = sheet.cards[entry.node];
  if (graphOf(card?.type ?? "") === null && !card?.title) return capital(label(entry.node));
  // Cards that stand for the same subgraph share its name.
  const shared = twins.filter(({ node }) => titleOf(node) === titleOf(entry.node)).length > 1;
  return shared ? `${titleOf(entry.node)}, ${label(entry.node)}` : titleOf(entry.node);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
