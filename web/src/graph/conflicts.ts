import type { Problem } from "../api/types";
import type { Catalog } from "./catalog";
import { outputOf } from "./catalog";
import { incoming, type Link, type Sheet } from "./sheet";

/** The type of wire along which techniques add up. */
const WIRE = "Model";

/** The links between two techniques that claim the same thing, by id, each with what is wrong there. */
export function conflictLinks(sheet: Sheet, catalog: Catalog, problems: readonly Problem[]): ReadonlyMap<string, Problem> {
  const marked = new Map<string, Problem>();
  for (const problem of problems) {
    if (problem.code !== "conflict" || !problem.node) continue;
    for (const link of between(sheet, catalog, problem.node, problem.message)) marked.set(link.id, problem);
  }
  return marked;
}

/** Upstream from a node to the nearest ones with a claim of its own. The message names which of them it is about. */
function between(sheet: Sheet, catalog: Catalog, id: string, message: string): readonly Link[] {
  const paths = upstream(sheet, catalog, id, claimsOf(sheet, catalog, id), new Set([id]));
  const named = paths.filter((path) => message.includes(path.at(-1)!.source));
  return (named.length ? named : paths).flat();
}

function upstream(sheet: Sheet, catalog: Catalog, id: string, claims: readonly string[], seen: ReadonlySet<string>): Link[][] {
  const links = [...incoming(sheet.links, id).values()].flat();
  return links.flatMap((link) => {
    if (seen.has(link.source) || !carriesModel(sheet, catalog, link)) return [];
    if (claimsOf(sheet, catalog, link.source).some((claim) => claims.includes(claim))) return [[link]];
    return upstream(sheet, catalog, link.source, claims, new Set([...seen, link.source])).map((path) => [link, ...path]);
  });
}

function carriesModel(sheet: Sheet, catalog: Catalog, link: Link): boolean {
  return outputOf(catalog[sheet.cards[link.source]?.type ?? ""], link.output)?.type === WIRE;
}

/** A node that is bypassed decides about nothing. */
function claimsOf(sheet: Sheet, catalog: Catalog, id: string): readonly string[] {
  const card = sheet.cards[id];
  return card?.mode === "on" ? (catalog[card.type]?.claims ?? []) : [];
}
