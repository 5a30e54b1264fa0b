import type { InputSchema, NodeSchema, OutputSchema } from "../api/types";

/** Node schemas by type name; names that a node had in the past lead to it too. */
export type Catalog = Readonly<Record<string, NodeSchema>>;

export function buildCatalog(nodes: readonly NodeSchema[]): Catalog {
  const catalog: Record<string, NodeSchema> = {};
  for (const node of nodes) for (const old of node.was) catalog[old] = node;
  for (const node of nodes) catalog[node.id] = node;
  return catalog;
}

/** Each node once, without the aliases. */
export function schemas(catalog: Catalog): NodeSchema[] {
  return [...new Set(Object.values(catalog))];
}

export function inputOf(schema: NodeSchema | undefined, name: string): InputSchema | undefined {
  return schema?.inputs.find((input) => input.name === name);
}

export function outputOf(schema: NodeSchema | undefined, name: string): OutputSchema | undefined {
  return schema?.outputs.find((output) => output.name === name);
}

/** The value in force: what the document says, else the default. */
export function effectiveValue(input: InputSchema, saved: unknown): unknown {
  return saved === undefined ? input.default : saved;
}

/** `negative_prompt` -> `negative prompt`: names are identifiers, labels are words. */
export function label(name: string): string {
  return name.replaceAll("_", " ");
}
