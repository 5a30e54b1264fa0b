import type { Edge, Graph, Group, NodeInstance, View, WorkflowDocument } from "../api/types";
import { linkId, type Card, type Extra, type Frame, type Link, type Mode, type Sheet, type Values } from "./sheet";

export const FORMAT = "patchloom/1";

type Json = Record<string, unknown>;

/** A workflow document taken apart: the sheet to edit, and all the rest, untouched, for saving. */
export interface OpenDocument {
  readonly sheet: Sheet;
  readonly view: View | null;
  readonly title: string;
  /** No node has a position: somebody wrote the document by hand, so lay it out. */
  readonly unplaced: boolean;
  readonly rest: DocumentRest;
}

export interface DocumentRest {
  readonly root: string;
  /** Top-level keys but `graphs`, other graphs, and unknown keys of the root graph. */
  readonly head: Extra;
  readonly graphs: Extra;
  readonly graph: Extra;
}

export const EMPTY_REST: DocumentRest = { root: "main", head: {}, graphs: {}, graph: {} };

/** Why this JSON is no document of ours, in words for the user, or null when it is one. */
export function documentFault(value: unknown): string | null {
  if (!isObject(value)) return "This is not a workflow: the file holds no JSON object.";
  if (value["format"] !== FORMAT) return foreignFault(value);
  const root = value["root"];
  const graphs = value["graphs"];
  if (typeof root !== "string" || !isObject(graphs) || !isObject(graphs[root])) {
    return "The workflow names no root graph, so there is nothing to draw.";
  }
  return isObject(graphs[root]["nodes"]) ? null : "The workflow's root graph has no nodes object.";
}

/** Whether a file is one of ComfyUI's, in the format of its canvas or of its API; the server reads those. */
export function isComfy(value: unknown): boolean {
  if (!isObject(value) || value["format"] !== undefined) return false;
  return Array.isArray(value["nodes"]) || Object.values(value).some((v) => isObject(v) && "class_type" in v);
}

function foreignFault(value: Json): string {
  if (typeof value["format"] === "string" && value["format"].startsWith("patchloom/")) {
    return `This workflow was written as ${value["format"]}; this version reads ${FORMAT}. Update Patchloom to open it.`;
  }
  return `This is not a Patchloom workflow: "format" is not ${FORMAT}.`;
}

export function readDocument(document: WorkflowDocument): OpenDocument {
  const { graphs, ...head } = document as unknown as Json & { graphs: Record<string, Json> };
  const root = String(head["root"]);
  const { [root]: main = {}, ...others } = graphs;
  const { nodes, edges, groups, view, ...graph } = main;
  const instances = Object.entries(isObject(nodes) ? nodes : {}).filter((e): e is [string, Json] => isObject(e[1]));
  const cards = Object.fromEntries(instances.map(([id, node]) => [id, readCard(id, node)]));
  const values = Object.fromEntries(instances.map(([id, node]) => [id, isObject(node["values"]) ? node["values"] : {}]));
  const sheet: Sheet = {
    cards,
    links: readLinks(edges, cards),
    frames: (Array.isArray(groups) ? groups : []).filter(isObject).map(readFrame),
    values,
  };
  return {
    sheet,
    view: isObject(view) ? (view as unknown as View) : null,
    title: typeof head["title"] === "string" ? head["title"] : "",
    unplaced: instances.length > 0 && instances.every(([, node]) => !Array.isArray(node["position"])),
    rest: { root, head, graphs: others, graph },
  };
}

function readCard(id: string, node: Json): Card {
  const { type, values: _values, mode, title, position, size, color, collapsed, ...extra } = node;
  const [x, y] = pair(position);
  const [width, height] = pair(size);
  return {
    id,
    type: String(type),
    mode: mode === "mute" || mode === "bypass" ? mode : "on",
    title: typeof title === "string" ? title : "",
    color: typeof color === "string" ? color : "",
    collapsed: collapsed === true,
    x,
    y,
    width,
    height,
    extra,
  };
}

function readLinks(edges: unknown, cards: Readonly<Record<string, Card>>): Link[] {
  const links = new Map<string, Link>();
  for (const edge of Array.isArray(edges) ? edges : []) {
    const ends = [...texts((edge as Edge | null)?.from), ...texts((edge as Edge | null)?.to)];
    const [source, output, target, input] = ends;
    if (!source || !output || !target || !input || !cards[source] || !cards[target]) continue;
    const link = { source, output, target, input };
    links.set(linkId(link), { id: linkId(link), ...link });
  }
  return [...links.values()];
}

function readFrame(group: Json, index: number): Frame {
  const { title, position, size, color, ...extra } = group;
  const [x, y] = pair(position);
  const [width, height] = pair(size);
  return {
    id: `group:${index}`,
    title: typeof title === "string" ? title : "",
    color: typeof color === "string" ? color : "",
    x,
    y,
    width: width || 240,
    height: height || 160,
    extra,
  };
}

export function writeDocument(sheet: Sheet, title: string, rest: DocumentRest, view: View | null): WorkflowDocument {
  const graph = {
    ...rest.graph,
    nodes: Object.fromEntries(Object.values(sheet.cards).map((c) => [c.id, writeCard(c, sheet.values[c.id] ?? {})])),
    edges: sheet.links.map((link): Edge => ({ from: [link.source, link.output], to: [link.target, link.input] })),
    groups: sheet.frames.map(writeFrame),
    ...(view ? { view } : {}),
  } as Graph;
  const head = { ...rest.head, format: FORMAT, title, root: rest.root };
  return { ...head, graphs: { ...rest.graphs, [rest.root]: graph } } as WorkflowDocument;
}

function writeCard(card: Card, values: Values): NodeInstance {
  return {
    ...card.extra,
    type: card.type,
    values: { ...values },
    mode: card.mode satisfies Mode,
    title: card.title,
    position: [Math.round(card.x), Math.round(card.y)],
    size: [Math.round(card.width), Math.round(card.height)],
    color: card.color,
    collapsed: card.collapsed,
  } as NodeInstance;
}

function writeFrame(frame: Frame): Group {
  return {
    ...frame.extra,
    title: frame.title,
    position: [Math.round(frame.x), Math.round(frame.y)],
    size: [Math.round(frame.width), Math.round(frame.height)],
    color: frame.color,
  };
}

/** Whether two documents say the same, whatever the order of their keys. The view is no content. */
export function sameDocument(one: WorkflowDocument, other: WorkflowDocument): boolean {
  return canonical(one) === canonical(other);
}

function canonical(document: WorkflowDocument): string {
  return JSON.stringify(document, (key, value: unknown) => {
    if (key === "view") return undefined;
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) && value.length === 2 ? value.map(String) : [];
}

function pair(value: unknown): [number, number] {
  if (!Array.isArray(value)) return [0, 0];
  const [a, b] = value.map(Number);
  return [Number.isFinite(a) ? a! : 0, Number.isFinite(b) ? b! : 0];
}
