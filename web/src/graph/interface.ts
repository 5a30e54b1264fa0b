import { freeId, newCard, type Card, type Extra, type Link, type Sheet } from "./sheet";

/**
 * A subgraph's typed interface. On the sheet of a subgraph its inputs and outputs are two cards of their own, so that
 * they are linked like any other; the document keeps them as `interface`.
 */
export interface FacePort {
  readonly name: string;
  readonly type: string;
  /** Keys of the document that we do not know; kept on saving. */
  readonly extra?: Extra;
}

export interface Face {
  readonly inputs: readonly FacePort[];
  readonly outputs: readonly FacePort[];
}

export const INPUTS = "@inputs";
export const OUTPUTS = "@outputs";
/** The port to which a link is dragged to make a new one. */
export const NEW_PORT = "+";

export const NO_FACE: Face = { inputs: [], outputs: [] };

/** Whether a card is one of the two that stand for the interface. They cannot be deleted, copied or run. */
export function isBoundary(id: string): boolean {
  return id === INPUTS || id === OUTPUTS;
}

const PREFIX = "graph:";

export function graphType(graph: string): string {
  return PREFIX + graph;
}

/** The graph that a card stands for, or null for a card of a common node. */
export function graphOf(type: string): string | null {
  return type.startsWith(PREFIX) ? type.slice(PREFIX.length) : null;
}

export const inputsType = (graph: string) => `inputs:${graph}`;
export const outputsType = (graph: string) => `outputs:${graph}`;

export function portsOf(card: Card | undefined): readonly FacePort[] {
  return (card?.extra["ports"] as readonly FacePort[] | undefined) ?? [];
}

export function faceOf(sheet: Sheet): Face {
  return { inputs: portsOf(sheet.cards[INPUTS]), outputs: portsOf(sheet.cards[OUTPUTS]) };
}

export function withPorts(card: Card, ports: readonly FacePort[]): Card {
  return { ...card, extra: { ...card.extra, ports } };
}

/** The two cards of a subgraph's interface at their places. */
export function boundaryCards(graph: string, face: Face, inputs: readonly [number, number], outputs: readonly [number, number]): Record<string, Card> {
  return {
    [INPUTS]: withPorts(newCard(INPUTS, inputsType(graph), ...inputs), face.inputs),
    [OUTPUTS]: withPorts(newCard(OUTPUTS, outputsType(graph), ...outputs), face.outputs),
  };
}

/** A port's name that the interface does not have yet. */
export function freePort(ports: readonly FacePort[], wanted: string): string {
  return freeId(wanted, (name) => name === NEW_PORT || ports.some((p) => p.name === name));
}

/** The sheet with one more port, and its name. */
export function addPort(sheet: Sheet, boundary: string, wanted: string, type: string): { sheet: Sheet; name: string } {
  const card = sheet.cards[boundary];
  if (!card) return { sheet, name: wanted };
  const name = freePort(portsOf(card), wanted);
  const cards = { ...sheet.cards, [boundary]: withPorts(card, [...portsOf(card), { name, type }]) };
  return { sheet: { ...sheet, cards }, name };
}

/** The links of a sheet that are the insides of its interface, and the others. */
export function splitLinks(sheet: Sheet): { inner: Link[]; ofInputs: Link[]; ofOutputs: Link[] } {
  const inner = sheet.links.filter((l) => !isBoundary(l.source) && !isBoundary(l.target));
  return {
    inner,
    ofInputs: sheet.links.filter((l) => l.source === INPUTS),
    ofOutputs: sheet.links.filter((l) => l.target === OUTPUTS),
  };
}
