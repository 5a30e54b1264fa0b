import type { PartMemory, PlannedMemory } from "../api/types";

/** The parts of models that a run loads, the largest first, with the node that loads each. */
export function loadedParts({ nodes }: PlannedMemory): { node: string; part: PartMemory }[] {
  const parts = Object.entries(nodes).flatMap(([node, { parts }]) => parts.map((part) => ({ node, part })));
  return parts.sort((a, b) => b.part.bytes - a.part.bytes);
}

/** The most that a card is expected to hold: its own node, or those within its subgraph. */
export function plannedPeak(memory: PlannedMemory | null, flat: string): number | null {
  if (!memory) return null;
  const own = Object.entries(memory.nodes).filter(([id]) => id === flat || id.startsWith(`${flat}/`));
  return own.length ? Math.max(...own.map(([, node]) => node.peak)) : null;
}

/** How full the memory is expected to get (0..1), and whether it does not fit. */
export function fill({ peak, budget }: Pick<PlannedMemory, "peak" | "budget">): { share: number; over: boolean } {
  return { share: budget > 0 ? Math.min(1, peak / budget) : 0, over: peak > budget };
}
