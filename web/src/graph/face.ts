import { boundaryCards, faceOf, INPUTS, OUTPUTS, splitLinks, type FacePort } from "./interface";
import { isObject, pair, type Json } from "./json";
import { linkId, type Card, type Link, type Page, type Sheet } from "./sheet";

/** A subgraph's interface in the document, read onto the sheet as two cards and their links, and written back. */
const APART = 320;
/** What an output that nothing feeds comes from: the format wants an end, and the check says what is wrong. */
const NOWHERE = ["", ""];

export function readFace(id: string, page: Page): Page {
  const { interface: raw, boundary, ...extra } = page.extra;
  const { cards, links } = page.sheet;
  const [inputs, outputs] = [ports(raw, "inputs"), ports(raw, "outputs")];
  const placed = isObject(boundary) ? boundary : {};
  const spots = around(Object.values(cards));
  const boundaries = boundaryCards(
    id,
    { inputs: inputs.map(toPort), outputs: outputs.map(toPort) },
    Array.isArray(placed["inputs"]) ? pair(placed["inputs"]) : spots.left,
    Array.isArray(placed["outputs"]) ? pair(placed["outputs"]) : spots.right,
  );
  const inside = [
    ...inputs.flatMap((port) => ends(port["to"]).map(([node, input]) => wire(INPUTS, String(port["name"]), node, input))),
    ...outputs.flatMap((port) => ends([port["from"]]).map(([node, output]) => wire(node, output, OUTPUTS, String(port["name"])))),
  ];
  const known = (link: Link) => (link.source === INPUTS || link.source in cards) && (link.target === OUTPUTS || link.target in cards);
  const sheet = { ...page.sheet, cards: { ...cards, ...boundaries }, links: [...links, ...inside.filter(known)] };
  return { sheet, extra };
}

/** The keys of a graph that say what its interface is; none for a sheet without one. */
export function writeFace(sheet: Sheet): Json {
  const [left, right] = [sheet.cards[INPUTS], sheet.cards[OUTPUTS]];
  if (!left || !right) return {};
  const { inputs, outputs } = faceOf(sheet);
  const { ofInputs, ofOutputs } = splitLinks(sheet);
  const to = (name: string) => ofInputs.filter((l) => l.output === name).map((l) => [l.target, l.input]);
  const from = (name: string) => ofOutputs.filter((l) => l.input === name).map((l) => [l.source, l.output])[0] ?? NOWHERE;
  return {
    interface: {
      inputs: inputs.map((port) => ({ ...port.extra, name: port.name, type: port.type, to: to(port.name) })),
      outputs: outputs.map((port) => ({ ...port.extra, name: port.name, type: port.type, from: from(port.name) })),
    },
    boundary: { inputs: spot(left), outputs: spot(right) },
  };
}

function ports(raw: unknown, side: "inputs" | "outputs"): Json[] {
  const list = isObject(raw) ? raw[side] : [];
  return (Array.isArray(list) ? list : []).filter(isObject).filter((port) => typeof port["name"] === "string");
}

function toPort({ name, type, to: _to, from: _from, ...extra }: Json): FacePort {
  return { name: String(name), type: typeof type === "string" ? type : "Any", extra };
}

function ends(value: unknown): [string, string][] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((end): end is [string, string] => Array.isArray(end) && end.length === 2).map(([a, b]) => [String(a), String(b)]);
}

function wire(source: string, output: string, target: string, input: string): Link {
  const link = { source, output, target, input };
  return { id: linkId(link), ...link };
}

/** Left and right of the cards, for a document that does not say where. */
export function around(cards: readonly Card[]): { left: [number, number]; right: [number, number] } {
  const xs = cards.map((c) => c.x);
  const top = cards.length ? Math.min(...cards.map((c) => c.y)) : 0;
  const [start, end] = cards.length ? [Math.min(...xs), Math.max(...xs)] : [0, 0];
  return { left: [start - APART, top], right: [end + APART, top] };
}

function spot(card: Card): [number, number] {
  return [Math.round(card.x), Math.round(card.y)];
}
