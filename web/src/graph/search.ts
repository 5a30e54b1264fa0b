import { schemas, type Catalog } from "./catalog";
import { partner, type LooseEnd } from "./connection";
import type { NodeSchema } from "../api/types";

/** How well a query matches: 0 is no match. A whole substring beats scattered letters, word starts beat middles. */
export function score(query: string, text: string): number {
  const q = query.toLowerCase();
  const s = text.toLowerCase();
  if (!q) return 1;
  const at = s.indexOf(q);
  if (at >= 0) return 100 - Math.min(at, 40) + (at === 0 || startsWord(s, at) ? 20 : 0) - s.length / 100;
  return scattered(q.replaceAll(" ", ""), s);
}

function scattered(q: string, s: string): number {
  let found = 0;
  let points = 0;
  for (let i = 0; i < s.length && found < q.length; i++) {
    if (s[i] !== q[found]) continue;
    points += startsWord(s, i) ? 6 : 1;
    found++;
  }
  // Letters strewn over a long text mean nothing: ask for some word starts.
  return found === q.length && points >= q.length * 2 ? points : 0;
}

function startsWord(s: string, at: number): boolean {
  return at === 0 || !/[a-z0-9]/.test(s[at - 1]!);
}

function nodeScore(query: string, node: NodeSchema): number {
  const words = [score(query, node.title), score(query, node.id) - 1, score(query, node.category) / 4];
  const inText = query.length > 2 && node.description.toLowerCase().includes(query.toLowerCase()) ? 5 : 0;
  return Math.max(...words, inText);
}

/** Nodes that match, best first; with a loose end only those that it can be connected to. */
export function searchNodes(catalog: Catalog, query: string, end: LooseEnd | null, recent: readonly string[]): NodeSchema[] {
  const q = query.trim();
  const fitting = schemas(catalog).filter((node) => !isInterface(node.id) && (!end || partner(node, end)));
  const recency = (node: NodeSchema) => {
    const at = recent.indexOf(node.id);
    return at < 0 ? 0 : (recent.length - at) / recent.length;
  };
  return fitting
    .map((node) => ({ node, points: nodeScore(q, node) }))
    .filter((hit) => hit.points > 0)
    .sort((a, b) => b.points + 3 * recency(b.node) - a.points - 3 * recency(a.node) || byName(a.node, b.node))
    .map((hit) => hit.node);
}

/** A subgraph's inputs and outputs are there already, and only once. */
function isInterface(id: string): boolean {
  return /^(in|out)puts:/.test(id);
}

function byName(a: NodeSchema, b: NodeSchema): number {
  return a.category.localeCompare(b.category) || a.title.localeCompare(b.title);
}
