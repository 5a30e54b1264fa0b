import type { Edge, Node, NodeHandle } from "@xyflow/react";
import { Position } from "@xyflow/react";
import { useMemo, useRef } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { NodeSchema, Problem } from "../api/types";
import { outputOf, type Catalog } from "../graph/catalog";
import { conflictLinks } from "../graph/conflicts";
import { drawnEnds, faceOfFold, foldedIds, foldRow, foldSize, foldsOf, isFoldedAway, type FoldFace } from "../graph/folding";
import { cardAt } from "../graph/levels";
import { cardLayout, placeholderSchema, type Attachments, type CardLayout, type PortSpot } from "../graph/layout";
import type { Card, Dot, Frame, Link } from "../graph/sheet";
import { attachmentsOf } from "./attachments";
import { useComparing } from "./comparing";
import { currentSheet, flatId, prefixOf, useEditor } from "./editor";
import { allProblems, problemsOf, useProblems } from "./problems";
import { portColor } from "./ports";

/** The sheet as React Flow wants it. Sizes and handles come from the schema, so only visible cards are mounted. */
export type CardNode = Node<{ card: Card; schema: NodeSchema; known: boolean; layout: CardLayout }, "card">;
export type FrameNode = Node<{ frame: Frame }, "frame">;
/** A collapsed group. */
export type FoldNode = Node<{ frame: Frame; face: FoldFace; members: readonly string[] }, "fold">;
/** A card that an older revision had. */
export type GhostNode = Node<{ title: string }, "ghost">;
export type FlowNode = CardNode | FrameNode | FoldNode | GhostNode;

const HANDLE = 12;

interface Built<T> {
  readonly parts: readonly unknown[];
  readonly value: T;
}

/** Reuses what was built from the same parts, so that unchanged cards keep their identity and do not render again. */
class Reuse<T> {
  private built = new Map<string, Built<T>>();
  private next = new Map<string, Built<T>>();
  private last: T[] = [];

  get(id: string, parts: readonly unknown[], build: () => T): T {
    const old = this.built.get(id);
    const same = old !== undefined && old.parts.every((part, i) => part === parts[i]);
    const entry = same ? old : { parts, value: build() };
    this.next.set(id, entry);
    return entry.value;
  }

  /** The list that was given last when it holds the same: React Flow looks through every new list of edges. */
  list(now: T[]): T[] {
    const same = now.length === this.last.length && now.every((entry, i) => entry === this.last[i]);
    return (this.last = same ? this.last : now);
  }

  turn(): void {
    this.built = this.next;
    this.next = new Map();
  }
}

export function useFlowNodes(): FlowNode[] {
  const cards = useEditor((s) => s.cards);
  const frames = useEditor((s) => s.frames);
  const links = useEditor((s) => s.links);
  const selected = useEditor((s) => s.selected);
  const catalog = useCatalog((s) => s.catalog);
  const assets = useRuns((s) => s.assets);
  const previewAspects = useRuns((s) => s.previewAspects);
  const reports = useRuns((s) => s.reports);
  const checked = useProblems((s) => s.checked);
  const failure = useProblems((s) => s.failure);
  const removed = useComparing((s) => s.found.removed);
  const reuse = useRef(new Reuse<FlowNode>());
  return useMemo(() => {
    const problems = allProblems({ checked, failure });
    const folds = foldsOf({ frames });
    const frameNodes = frames.filter((frame) => !isFoldedAway(frame, folds)).map((frame) => {
      const picked = selected.has(frame.id);
      if (foldedIds(frame)) return reuse.current.get(frame.id, [frame, picked, links, frames], () => foldNode(frame, picked, faceOfFold(frame, links, folds)));
      return reuse.current.get(frame.id, [frame, picked], () => frameNode(frame, picked));
    });
    const cardNodes = Object.values(cards).filter(({ id }) => !folds.has(id)).map((card) => {
      const known = catalog[card.type];
      const schema = known ?? placeholderSchema(card.type, card.id, links);
      const problem = problemsOf(problems, flatId(card.id)).length > 0;
      const attached = attachmentsOf(card.id, schema, { assets, previewAspects, reports }, problem);
      const picked = selected.has(card.id);
      const parts = [card, known ?? links, picked, attached.aspect, attached.report, attached.problem];
      return reuse.current.get(card.id, parts, () => cardNode(card, schema, Boolean(known), picked, attached));
    });
    reuse.current.turn();
    return [...frameNodes, ...removed.map((card) => ghostNode(card, catalog)), ...cardNodes];
  }, [removed, cards, frames, links, selected, catalog, assets, previewAspects, reports, checked, failure]);
}

function cardNode(card: Card, schema: NodeSchema, known: boolean, selected: boolean, attached: Attachments): CardNode {
  const layout = cardLayout(schema, card, attached);
  const size = { width: layout.width, height: layout.height };
  return {
    id: card.id,
    type: "card",
    position: { x: card.x, y: card.y },
    ...size,
    measured: size,
    handles: layout.spots.map(nodeHandle),
    selected,
    draggable: card.extra["pinned"] !== true,
    dragHandle: ".card-head",
    ariaLabel: `${card.title || schema.title}, ${card.id}`,
    data: { card, schema, known, layout },
  };
}

function nodeHandle({ name, side, x, y }: PortSpot): NodeHandle {
  return {
    id: name,
    type: side === "input" ? "target" : "source",
    position: side === "input" ? Position.Left : Position.Right,
    x: x - HANDLE / 2,
    y: y - HANDLE / 2,
    width: HANDLE,
    height: HANDLE,
  };
}

function frameNode(frame: Frame, selected: boolean): FrameNode {
  const size = { width: frame.width, height: frame.height };
  return {
    id: frame.id,
    type: "frame",
    position: { x: frame.x, y: frame.y },
    ...size,
    measured: size,
    handles: [],
    zIndex: -1,
    selected,
    dragHandle: ".frame-head",
    ariaLabel: `Group ${frame.title}`,
    data: { frame },
  };
}

function foldNode(frame: Frame, selected: boolean, face: FoldFace): FoldNode {
  const size = foldSize(face);
  const handles = (ports: FoldFace["inputs"], side: "input" | "output") => ports.map(({ handle }, i) => nodeHandle({ name: handle, side, x: side === "input" ? 0 : size.width, y: foldRow(i) }));
  const members = foldedIds(frame) ?? [];
  return {
    id: frame.id,
    type: "fold",
    position: { x: frame.x, y: frame.y },
    ...size,
    measured: size,
    handles: [...handles(face.inputs, "input"), ...handles(face.outputs, "output")],
    selected,
    dragHandle: ".card-head",
    ariaLabel: `Group ${frame.title}, collapsed, ${members.length} nodes`,
    data: { frame, face, members },
  };
}

function ghostNode(card: Card, catalog: Catalog): GhostNode {
  const schema = catalog[card.type];
  const { width, height } = schema ? cardLayout(schema, card, NO_ATTACHMENTS) : { width: 240, height: 60 };
  const size = { width, height };
  return {
    id: `ghost:${card.id}`,
    type: "ghost",
    position: { x: card.x, y: card.y },
    ...size,
    measured: size,
    handles: [],
    zIndex: -1,
    selectable: false,
    draggable: false,
    focusable: false,
    data: { title: card.title || schema?.title || card.id },
  };
}

const NO_ATTACHMENTS: Attachments = { aspect: null, report: false, problem: false };

/** An edge that may lead through dots, and say what is wrong between its ends. */
export type MarkedEdge = Edge<{ via?: readonly Dot[]; conflict?: string }>;

export function useFlowEdges(): MarkedEdge[] {
  const links = useEditor((s) => s.links);
  const cards = useEditor((s) => s.cards);
  const frames = useEditor((s) => s.frames);
  const selectedLinks = useEditor((s) => s.selectedLinks);
  const catalog = useCatalog((s) => s.catalog);
  const busy = useRuns((s) => (s.run?.status === "running" ? runningNode(s.run.nodes) : null));
  const checked = useProblems((s) => s.checked);
  const reuse = useRef(new Reuse<MarkedEdge>());
  return useMemo(() => {
    const conflicts = conflictLinks(currentSheet(), catalog, here(checked));
    const folds = foldsOf({ frames });
    const edges = links.flatMap((link) => {
      const ends = folds.size ? drawnEnds(link, folds) : undefined;
      if (ends === null) return [];
      const problem = conflicts.get(link.id);
      const color = portColor(outputType(catalog, cards[link.source], link));
      const picked = selectedLinks.has(link.id);
      const flows = link.target === busy;
      const off = cards[link.source]?.mode === "mute" || cards[link.target]?.mode === "mute";
      return reuse.current.get(link.id, [link, color, picked, flows, off, problem, folds.size ? frames : null], () => {
        const edge = { ...flowEdge(link, color, picked, flows, off), ...(ends ? redirected(link, ends) : {}) };
        return problem ? marked(edge, problem) : edge;
      });
    });
    reuse.current.turn();
    return reuse.current.list(edges);
  }, [links, cards, frames, selectedLinks, catalog, busy, checked]);
}

/** The card on this sheet in which something runs. */
function runningNode(nodes: Readonly<Record<string, { state: string }>>): string | null {
  const flat = Object.keys(nodes).find((id) => nodes[id]!.state === "running");
  return flat === undefined ? null : cardAt(prefixOf(), flat);
}

/** The problems of this sheet, named by its own cards. */
function here(problems: readonly Problem[]): Problem[] {
  const prefix = prefixOf();
  return problems.filter((p) => p.node?.startsWith(prefix)).map((p) => ({ ...p, node: p.node!.slice(prefix.length) }));
}

function outputType(catalog: Catalog, card: Card | undefined, link: Link): string {
  return outputOf(catalog[card?.type ?? ""], link.output)?.type ?? "Any";
}

function marked(edge: MarkedEdge, { message, remedy, severity }: Problem): MarkedEdge {
  const conflict = `${message}\n${remedy}`;
  return { ...edge, data: { ...edge.data, conflict }, style: {}, className: `${edge.className} conflict ${severity}`, ariaLabel: conflict };
}

/** A link into or out of a collapsed group ends at the group, and stays as it is until that is opened. */
function redirected(link: Link, ends: NonNullable<ReturnType<typeof drawnEnds>>): Partial<MarkedEdge> {
  const moved = ends.source !== link.source || ends.target !== link.target;
  return moved ? { ...ends, reconnectable: false, data: {} } : {};
}

function flowEdge(link: Link, stroke: string, selected: boolean, flows: boolean, off: boolean): MarkedEdge {
  return {
    id: link.id,
    type: "wire",
    data: link.via ? { via: link.via } : {},
    source: link.source,
    sourceHandle: link.output,
    target: link.target,
    targetHandle: link.input,
    selected,
    style: { stroke },
    className: `${flows ? "flows" : ""} ${off ? "off" : ""}`,
    // Only the end at the input can be taken off: at an output, dragging starts a new link.
    reconnectable: "target",
  };
}
