import type { NodeRun } from "./events";

/**
 * A run knows the nodes of subgraphs by flat ids such as `upscale/sample`. A subgraph's card shows what its inner
 * nodes show, joined: these read a record by flat id at any level. Joined once per record, because all cards ask.
 */
export function parents(flat: string): string[] {
  const steps = flat.split("/");
  return steps.slice(1).map((_, i) => steps.slice(0, i + 1).join("/"));
}

const joined = new WeakMap<object, Readonly<Record<string, unknown>>>();

function withParents<T>(record: Readonly<Record<string, T>>, join: (parts: readonly T[]) => T): Readonly<Record<string, T>> {
  const known = joined.get(record);
  if (known) return known as Readonly<Record<string, T>>;
  const inner: Record<string, T[]> = {};
  for (const [flat, value] of Object.entries(record)) for (const parent of parents(flat)) (inner[parent] ??= []).push(value);
  const all = Object.fromEntries(Object.entries(inner).map(([id, parts]) => [id, join(parts)]));
  const result = { ...all, ...record };
  joined.set(record, result);
  return result;
}

/** How a node, or all nodes of a subgraph together, fare in a run. */
export function runAt(nodes: Readonly<Record<string, NodeRun>> | undefined, flat: string): NodeRun | undefined {
  return nodes && withParents(nodes, together)[flat];
}

/** What a node, or all nodes of a subgraph, made or told. */
export function listAt<T>(record: Readonly<Record<string, readonly T[]>>, flat: string): readonly T[] | undefined {
  return withParents(record, (parts) => parts.flat())[flat];
}

function together(nodes: readonly NodeRun[]): NodeRun {
  const first = nodes[0]!;
  const active = nodes.find((n) => n.state === "failed") ?? nodes.find((n) => n.state === "running") ?? nodes.find((n) => n.state === "stopped");
  if (active) return active;
  const duration = nodes.reduce((sum, n) => sum + (n.duration ?? 0), 0);
  const over = nodes.every((n) => n.state === "done" || n.state === "cached");
  if (over) return { ...first, state: nodes.every((n) => n.state === "cached") ? "cached" : "done", duration };
  return nodes.some((n) => n.state === "done") ? { ...first, state: "running", step: 0, steps: 0 } : { ...first, state: "waiting" };
}

/** The card at one level that a flat id belongs to, or null when it lies elsewhere. */
export function cardAt(prefix: string, flat: string): string | null {
  return flat.startsWith(prefix) ? (flat.slice(prefix.length).split("/")[0] ?? null) : null;
}
