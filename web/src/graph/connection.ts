import { inputOf, label, outputOf, type Catalog } from "./catalog";
import { addPort, INPUTS, isBoundary, NEW_PORT, OUTPUTS } from "./interface";
import { incoming, linkId, type Link, type Sheet } from "./sheet";
import type { InputSchema, NodeSchema, OutputSchema } from "../api/types";

export type Wire = Omit<Link, "id">;

/** Equal types fit; an int is also a float; `Any` fits everything, both ways; `Image,float` is either of the two. */
export function fits(output: string, input: string): boolean {
  if (output === input || output === "Any" || input === "Any" || (output === "int" && input === "float")) return true;
  const taken = input.split(",");
  return output.split(",").some((type) => taken.includes(type));
}

/** Would a link from source to target close a circle? Linear in the graph. */
export function closesCycle(links: readonly Link[], source: string, target: string): boolean {
  const next = new Map<string, string[]>();
  for (const link of links) next.set(link.source, [...(next.get(link.source) ?? []), link.target]);
  const seen = new Set<string>();
  const open = [target];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === source) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...(next.get(at) ?? []));
  }
  return false;
}

/** Why this wire cannot be, in a sentence, or null when it can. */
export function refusal(sheet: Sheet, catalog: Catalog, wire: Wire): string | null {
  const from = catalog[sheet.cards[wire.source]?.type ?? ""];
  const to = catalog[sheet.cards[wire.target]?.type ?? ""];
  const output = outputOf(from, wire.output);
  const input = inputOf(to, wire.input);
  if (!output || !input) return "This node is not known to the server, so its ports cannot be connected.";
  if (isBoundary(wire.source) && isBoundary(wire.target)) return "Put a node between the subgraph's inputs and outputs.";
  if (!fits(output.type, input.type)) return `${output.type} does not fit ${input.type} (${label(input.name)}).`;
  if (closesCycle(sheet.links, wire.source, wire.target)) return "That link would close a circle: the node would wait for itself.";
  return null;
}

/** The sheet with the wire in place. A single input lets go of its old link. */
export function connect(before: Sheet, catalog: Catalog, wanted: Wire): Sheet {
  const { sheet, wire } = withNewPort(before, catalog, wanted);
  const input = inputOf(catalog[sheet.cards[wire.target]?.type ?? ""], wire.input);
  const id = linkId(wire);
  const kept = sheet.links.filter((l) => (input?.multiple ? l.id !== id : l.target !== wire.target || l.input !== wire.input));
  return { ...sheet, links: [...kept, { id, ...wire }] };
}

/** A wire to the + of a subgraph's inputs or outputs makes a port there, named and typed after its other end. */
function withNewPort(sheet: Sheet, catalog: Catalog, wire: Wire): { sheet: Sheet; wire: Wire } {
  if (wire.source === INPUTS && wire.output === NEW_PORT) {
    const type = inputOf(catalog[sheet.cards[wire.target]?.type ?? ""], wire.input)?.type ?? "Any";
    const added = addPort(sheet, INPUTS, wire.input, type);
    return { sheet: added.sheet, wire: { ...wire, output: added.name } };
  }
  if (wire.target === OUTPUTS && wire.input === NEW_PORT) {
    const type = outputOf(catalog[sheet.cards[wire.source]?.type ?? ""], wire.output)?.type ?? "Any";
    const added = addPort(sheet, OUTPUTS, wire.output, type);
    return { sheet: added.sheet, wire: { ...wire, input: added.name } };
  }
  return { sheet, wire };
}

/** An end of a link that was dropped on empty space. */
export interface LooseEnd {
  readonly node: string;
  readonly port: string;
  readonly type: string;
  readonly side: "output" | "input";
}

/** The port of a node that the loose end would be connected to: an equal type first, required before optional. */
export function partner(schema: NodeSchema, end: LooseEnd): InputSchema | OutputSchema | undefined {
  const fresh = [...schema.inputs, ...schema.outputs].find((port) => port.name === NEW_PORT);
  if (fresh) return fresh;
  if (end.side === "input") {
    const outputs = schema.outputs.filter((o) => fits(o.type, end.type));
    return outputs.find((o) => o.type === end.type) ?? outputs[0];
  }
  const inputs = schema.inputs.filter((i) => fits(end.type, i.type));
  const exact = inputs.filter((i) => i.type === end.type);
  return exact.find((i) => i.port) ?? exact[0] ?? inputs.find((i) => i.port) ?? inputs[0];
}

export function wireTo(end: LooseEnd, node: string, port: string): Wire {
  return end.side === "output"
    ? { source: end.node, output: end.port, target: node, input: port }
    : { source: node, output: port, target: end.node, input: end.port };
}

/**
 * The inputs of a card that an output could still be linked to: no link ends there yet, the types fit, and no circle
 * closes. Ports come before widgets, as nobody who drops a link on a card means one of its numbers when a port fits.
 */
export function freeInputs(sheet: Sheet, catalog: Catalog, from: Pick<Wire, "source" | "output">, target: string): InputSchema[] {
  const schema = catalog[sheet.cards[target]?.type ?? ""];
  const taken = incoming(sheet.links, target);
  const free = (schema?.inputs ?? []).filter(
    (input) => (input.multiple || !taken.has(input.name)) && refusal(sheet, catalog, { ...from, target, input: input.name }) === null,
  );
  const ports = free.filter((input) => input.port);
  return ports.length ? ports : free;
}
