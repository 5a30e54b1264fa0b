import type { Edge } from "@xyflow/react";
import { useMemo, useRef, useState } from "react";
import { useCatalog } from "../api/catalog";
import { useRuns } from "../api/runs";
import type { Problem } from "../api/types";
import { outputOf } from "../graph/catalog";
import { conflictLinks } from "../graph/conflicts";
import { drawnEnds, foldsOf } from "../graph/folding";
import { cardAt } from "../graph/levels";
import type { Card, Dot, Link, Sheet } from "../graph/sheet";
import { currentSheet, prefixOf, useEditor } from "./editor";
import { useProblems } from "./problems";
import { portColor } from "./ports";
import { Reuse, sameList } from "./reuse";

/** An edge that may lead through dots, and say what is wrong between its ends. */
export type MarkedEdge = Edge<{ via?: readonly Dot[]; conflict?: string }>;

export function useFlowEdges(): MarkedEdge[] {
  const links = useEditor((s) => s.links);
  const cards = useCardKinds();
  const frames = useEditor((s) => s.frames);
  const picked = useEditor((s) => s.selectedLinks);
  const catalog = useCatalog((s) => s.catalog);
  const busy = useRuns((s) => (s.run?.status === "running" ? runningNode(s.run.nodes) : null));
  const checked = useProblems((s) => s.checked);
  const [reuse] = useState(() => new Reuse<Link, MarkedEdge>());
  const last = useRef<MarkedEdge[]>([]);
  return useMemo(() => {
    const conflicts = conflictLinks(currentSheet(), catalog, here(checked));
    const folds = foldsOf({ frames });
    const edges = links.flatMap((link) => {
      const ends = folds.size ? drawnEnds(link, folds) : undefined;
      if (ends === null) return [];
      const problem = conflicts.get(link.id);
      const source = cards[link.source];
      const off = source?.mode === "mute" || cards[link.target]?.mode === "mute";
      const look = { picked: picked.has(link.id), flows: link.target === busy, off };
      return reuse.get(link, [source?.type, catalog, look.picked, look.flows, off, problem, folds.size ? frames : null], () => {
        const color = portColor(outputOf(catalog[source?.type ?? ""], link.output)?.type ?? "Any");
        const edge = { ...flowEdge(link, color, look), ...(ends ? redirected(link, ends) : {}) };
        return problem ? marked(edge, problem) : edge;
      });
    });
    // React Flow looks through every new list of edges.
    return (last.current = sameList(last.current, edges) ? last.current : edges);
  }, [links, cards, frames, picked, catalog, busy, checked]);
}

type Cards = Sheet["cards"];

/** The cards as they were when one last came, went or changed in kind: a link looks the same wherever they lie. */
function useCardKinds(): Cards {
  const cards = useEditor((s) => s.cards);
  const known = useRef(cards);
  if (!sameKinds(known.current, cards)) known.current = cards;
  return known.current;
}

function sameKinds(one: Cards, other: Cards): boolean {
  const cards = Object.values(other);
  const alike = (card: Card) => one[card.id]?.type === card.type && one[card.id]?.mode === card.mode;
  return one === other || (cards.length === Object.keys(one).length && cards.every(alike));
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

function marked(edge: MarkedEdge, { message, remedy, severity }: Problem): MarkedEdge {
  const conflict = `${message}\n${remedy}`;
  return { ...edge, data: { ...edge.data, conflict }, style: {}, className: `${edge.className} conflict ${severity}`, ariaLabel: conflict };
}

/** A link into or out of a collapsed group ends at the group, and stays as it is until that is opened. */
function redirected(link: Link, ends: NonNullable<ReturnType<typeof drawnEnds>>): Partial<MarkedEdge> {
  const moved = ends.source !== link.source || ends.target !== link.target;
  return moved ? { ...ends, reconnectable: false, data: {} } : {};
}

interface Look {
  readonly picked: boolean;
  /** Its value is at work. */
  readonly flows: boolean;
  readonly off: boolean;
}

function flowEdge(link: Link, stroke: string, { picked, flows, off }: Look): MarkedEdge {
  return {
    id: link.id,
    type: "wire",
    data: link.via ? { via: link.via } : {},
    source: link.source,
    sourceHandle: link.output,
    target: link.target,
    targetHandle: link.input,
    selected: picked,
    style: { stroke },
    className: `${flows ? "flows" : ""} ${off ? "off" : ""}`,
    // Only the end at the input can be taken off: at an output, dragging starts a new link.
    reconnectable: "target",
  };
}
