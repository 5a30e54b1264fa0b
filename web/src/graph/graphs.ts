import type { InputSchema, NodeSchema, OutputSchema } from "../api/types";
import { effectiveValue, inputOf, outputOf, type Catalog } from "./catalog";
import { faceOf, graphOf, graphType, INPUTS, inputsType, NEW_PORT, OUTPUTS, outputsType, type FacePort } from "./interface";
import { incoming, type Pages, type Sheet } from "./sheet";

/** The schemas that a document's subgraphs add to the catalogue: each as a node, and its interface as two cards. */
export function graphSchemas(pages: Pages, root: string, catalog: Catalog): Catalog {
  const known: Record<string, NodeSchema> = {};
  const busy = new Set<string>();
  const look = (type: string): NodeSchema | undefined => {
    const graph = graphOf(type);
    if (graph === null || !pages[graph]) return catalog[type];
    // A graph that holds itself cannot run; here it only must not be walked for ever.
    if (!known[type] && !busy.has(graph)) {
      busy.add(graph);
      known[type] = asNode(graph, pages[graph], look);
    }
    return known[type];
  };
  for (const [graph, page] of Object.entries(pages)) {
    if (graph === root) continue;
    const schema = look(graphType(graph));
    if (!schema) continue;
    const face = faceOf(page.sheet);
    known[inputsType(graph)] = boundary(inputsType(graph), "Inputs", [], [...typed(face.inputs, schema.inputs), ANY_OUTPUT]);
    known[outputsType(graph)] = boundary(outputsType(graph), "Outputs", [...schema.outputs.map(asPort), asPort(ANY_OUTPUT)], []);
  }
  return known;
}

const ANY_OUTPUT: OutputSchema = { name: NEW_PORT, type: "Any" };

type Look = (type: string) => NodeSchema | undefined;

function asNode(graph: string, { sheet, extra }: Pages[string], look: Look): NodeSchema {
  const face = faceOf(sheet);
  const inner = Object.values(sheet.cards);
  return {
    ...BLANK,
    id: graphType(graph),
    title: graphTitle(graph, extra),
    category: "graphs",
    description: typeof extra["description"] === "string" ? extra["description"] : `A subgraph of ${inner.length - 2} nodes. Double-click to open it.`,
    output_node: inner.some((card) => look(card.type)?.output_node),
    inputs: face.inputs.map((port) => inputSchema(sheet, port, look)),
    outputs: face.outputs.map((port) => ({ name: port.name, type: outputTypeOf(sheet, port, look) })),
  };
}

export function graphTitle(graph: string, extra: Readonly<Record<string, unknown>>): string {
  return typeof extra["title"] === "string" && extra["title"] ? extra["title"] : graph.replaceAll("_", " ");
}

/** An interface input takes after the first inner input that it feeds, with its value; required where any is. */
function inputSchema(sheet: Sheet, port: FacePort, look: Look): InputSchema {
  const fed = sheet.links
    .filter((l) => l.source === INPUTS && l.output === port.name)
    .flatMap((l) => {
      const input = inputOf(look(sheet.cards[l.target]?.type ?? ""), l.input);
      return input ? [{ ...input, default: effectiveValue(input, sheet.values[l.target]?.[l.input]) }] : [];
    });
  const [first] = fed;
  if (!first) return { ...ANY_INPUT, name: port.name, type: port.type };
  return { ...first, name: port.name, required: fed.some((i) => i.required), multiple: false };
}

function outputTypeOf(sheet: Sheet, port: FacePort, look: Look): string {
  const link = incoming(sheet.links, OUTPUTS).get(port.name)?.[0];
  return (link && outputOf(look(sheet.cards[link.source]?.type ?? ""), link.output)?.type) ?? port.type;
}

function typed(ports: readonly FacePort[], inputs: readonly InputSchema[]): OutputSchema[] {
  return ports.map((port, i) => ({ name: port.name, type: inputs[i]?.type ?? port.type }));
}

function boundary(id: string, title: string, inputs: InputSchema[], outputs: OutputSchema[]): NodeSchema {
  const description = `The subgraph's ${title.toLowerCase()}. Drag a link to + for a new one; click a name to rename it.`;
  return { ...BLANK, id, title, category: "graphs", description, inputs, outputs };
}

function asPort({ name, type }: OutputSchema): InputSchema {
  return { ...ANY_INPUT, name, type };
}

const BLANK: Omit<NodeSchema, "id" | "title" | "category" | "description" | "inputs" | "outputs"> = {
  references: [],
  output_node: false,
  was: [],
  claims: [],
  version: "",
};

const ANY_INPUT: InputSchema = {
  name: "",
  type: "Any",
  help: "",
  required: false,
  port: true,
  multiple: false,
  choices: [],
  default: null,
  widget: null,
};
