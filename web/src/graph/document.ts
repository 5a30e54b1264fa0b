import type { Edge, Graph, Group, NodeInstance, View, WorkflowDocument } from "../api/types";
import { isBoundary } from "./interface";
import { readFace, writeFace } from "./face";
import { readDots, writeDots } from "./dots";
import { isObject, pair, type Json } from "./json";
import { linkId, type Card, type Extra, type Frame, type Link, type Mode, type Page, type Pages, type Sheet, type Values } from "./sheet";

export const FORMAT = "patchloom/1";

/** A workflow document taken apart: its graphs as pages to edit, and all the rest, untouched, for saving. */
export interface OpenDocument {
  readonly pages: Pages;
  readonly root: string;
  /** The root's sheet: what is drawn first. */
  readonly sheet: Sheet;
  readonly view: View | null;
  readonly title: string;
  /** No node has a position: somebody wrote the document by hand, so lay it out. */
  readonly unplaced: boolean;
  /** Top-level keys but `graphs`. */
  readonly head: Extra;
}

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
  const pages = Object.fromEntries(
    Object.entries(graphs)
      .filter((e): e is [string, Json] => isObject(e[1]))
      .map(([id, graph]) => [id, readPage(id, graph, id === root)]),
  );
  const main = graphs[root] ?? {};
  const instances = Object.values(isObject(main["nodes"]) ? main["nodes"] : {}).filter(isObject);
  return {
    pages,
    root,
    sheet: pages[root]!.sheet,
    view: isObject(main["view"]) ? (main["view"] as unknown as View) : null,
    title: typeof head["title"] === "string" ? head["title"] : "",
    unplaced: instances.length > 0 && instances.every((node) => !Array.isArray(node["position"])),
    head,
  };
}

function readPage(id: string, graph: Json, isRoot: boolean): Page {
  const { nodes, edges, groups, reroutes, ...extra } = graph;
  if (isRoot) delete extra["view"];
  const instances = Object.entries(isObject(nodes) ? nodes : {}).filter((e): e is [string, Json] => isObject(e[1]));
  const cards = Object.fromEntries(instances.map(([name, node]) => [name, readCard(name, node)]));
  const values = Object.fromEntries(instances.map(([name, node]) => [name, isObject(node["values"]) ? node["values"] : {}]));
  const frames = (Array.isArray(groups) ? groups : []).filter(isObject).map(readFrame);
  const sheet: Sheet = { cards, links: readDots(readLinks(edges, cards), reroutes), frames, values };
  return isRoot || !isObject(extra["interface"]) ? { sheet, extra } : readFace(id, { sheet, extra });
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

export function writeDocument(pages: Pages, root: string, title: string, head: Extra, view: View | null): WorkflowDocument {
  const graphs = Object.fromEntries(
    Object.entries(pages).map(([id, page]) => [id, id === root ? { ...writePage(page), ...(view ? { view } : {}) } : writePage(page)]),
  );
  return { ...head, format: FORMAT, title, root, graphs } as WorkflowDocument;
}

function writePage(page: Page): Graph {
  const { sheet } = page;
  const cards = Object.values(sheet.cards).filter((card) => !isBoundary(card.id));
  const links = sheet.links.filter((link) => !isBoundary(link.source) && !isBoundary(link.target));
  return {
    ...page.extra,
    ...writeFace(sheet),
    nodes: Object.fromEntries(cards.map((c) => [c.id, writeCard(c, sheet.values[c.id] ?? {})])),
    edges: links.map((link): Edge => ({ from: [link.source, link.output], to: [link.target, link.input] })),
    groups: sheet.frames.map(writeFrame),
    ...writeDots(sheet.links),
  } as Graph;
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

function texts(value: unknown): string[] {
  return Array.isArray(value) && value.length === 2 ? value.map(String) : [];
}
