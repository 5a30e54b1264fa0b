import type { Node, NodeHandle } from "@xyflow/react";
import { Position } from "@xyflow/react";
import { useMemo, useState } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { NodeSchema, Problem } from "../api/types";
import type { Catalog } from "../graph/catalog";
import { faceOfFold, foldedIds, foldRow, foldSize, foldsOf, isFoldedAway, type FoldFace } from "../graph/folding";
import { cardLayout, placeholderSchema, type Attachments, type CardLayout, type PortSpot } from "../graph/layout";
import type { Card, Frame, Link } from "../graph/sheet";
import { attachmentsOf } from "./attachments";
import { useComparing } from "./comparing";
import { flatId, useEditor } from "./editor";
import { allProblems, problemsOf, useProblems } from "./problems";
import { Reuse } from "./reuse";

/** The sheet as React Flow wants it. Sizes and handles come from the schema, so only visible cards are mounted. */
export type CardNode = Node<{ card: Card; schema: NodeSchema; known: boolean; layout: CardLayout }, "card">;
export type FrameNode = Node<{ frame: Frame }, "frame">;
/** A collapsed group. */
export type FoldNode = Node<{ frame: Frame; face: FoldFace; members: readonly string[] }, "fold">;
/** A card that an older revision had. */
export type GhostNode = Node<{ title: string }, "ghost">;
export type FlowNode = CardNode | FrameNode | FoldNode | GhostNode;

const HANDLE = 12;

/** What cards are drawn from besides themselves. */
interface Shared extends Pick<ReturnType<typeof useEditor.getState>, "links" | "selected"> {
  readonly catalog: Catalog;
  readonly problems: readonly Problem[];
  readonly seen: Parameters<typeof attachmentsOf>[2];
}

export function useFlowNodes(): FlowNode[] {
  const cards = useEditor((s) => s.cards);
  const frames = useEditor((s) => s.frames);
  const links = useEditor((s) => s.links);
  const selected = useEditor((s) => s.selected);
  const removed = useComparing((s) => s.found.removed);
  const shared = useShared(links, selected);
  const [drawFrame] = useState(frameDrawer);
  const [drawCard] = useState(cardDrawer);
  return useMemo(() => {
    const folds = foldsOf({ frames });
    const frameNodes = frames.filter((frame) => !isFoldedAway(frame, folds)).map((frame) => drawFrame(frame, selected.has(frame.id), links, frames));
    const unfolded = Object.values(cards).filter(({ id }) => !folds.has(id));
    return [...frameNodes, ...removed.map((card) => ghostNode(card, shared.catalog)), ...unfolded.map((card) => drawCard(card, shared))];
  }, [removed, cards, frames, links, selected, shared]);
}

/** The same object while nothing but cards changes, as in a drag. */
function useShared(links: Shared["links"], selected: Shared["selected"]): Shared {
  const catalog = useCatalog((s) => s.catalog);
  const assets = useRuns((s) => s.assets);
  const previewAspects = useRuns((s) => s.previewAspects);
  const reports = useRuns((s) => s.reports);
  const problems = useProblems(allProblems);
  return useMemo(
    () => ({ links, selected, catalog, problems, seen: { assets, previewAspects, reports } }),
    [links, selected, catalog, problems, assets, previewAspects, reports],
  );
}

function cardDrawer(): (card: Card, shared: Shared) => CardNode {
  const asked = new Reuse<Card, CardNode>();
  const built = new Reuse<Card, CardNode>();
  // Where nothing has changed at all, no card is looked at any closer.
  return (card, shared) => asked.get(card, [shared], () => {
    const { links, selected, catalog, problems, seen } = shared;
    const known = catalog[card.type];
    const schema = known ?? placeholderSchema(card.type, card.id, links);
    const attached = attachmentsOf(card.id, schema, seen, problemsOf(problems, flatId(card.id)).length > 0);
    const picked = selected.has(card.id);
    const parts = [known ?? links, picked, attached.aspect, attached.report, attached.problem];
    return built.get(card, parts, () => cardNode(card, schema, Boolean(known), picked, attached));
  });
}

function frameDrawer(): (frame: Frame, picked: boolean, links: readonly Link[], frames: readonly Frame[]) => FrameNode | FoldNode {
  const built = new Reuse<Frame, FrameNode | FoldNode>();
  return (frame, picked, links, frames) => {
    if (!foldedIds(frame)) return built.get(frame, [picked], () => frameNode(frame, picked));
    return built.get(frame, [picked, links, frames], () => foldNode(frame, picked, faceOfFold(frame, links, foldsOf({ frames }))));
  };
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
