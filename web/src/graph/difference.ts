import type { WorkflowDocument } from "../api/types";
import { readDocument } from "./document";
import type { Card, Sheet } from "./sheet";

/** One thing in which two workflows differ; what one of them lacks is empty. */
export interface Difference {
  readonly where: string;
  readonly before: string;
  readonly after: string;
}

/** What differs between two workflows that matters to their results: nodes, values, modes and links, not layout. */
export function differences(before: WorkflowDocument, after: WorkflowDocument): Difference[] {
  const [old, now] = [facts(before), facts(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names
    .map((where) => ({ where, before: old.get(where) ?? "", after: now.get(where) ?? "" }))
    .filter((difference) => difference.before !== difference.after);
}

/** Everything that a document says about its result, as one text a place. */
function facts(document: WorkflowDocument): Map<string, string> {
  const { pages, root } = readDocument(document);
  return new Map(Object.entries(pages).flatMap(([id, page]) => [...sheetFacts(page.sheet)].map(([where, what]) => [id === root ? where : `${id}/${where}`, what])));
}

function sheetFacts(sheet: Sheet): Map<string, string> {
  const found = new Map<string, string>();
  for (const card of Object.values(sheet.cards)) {
    found.set(card.id, card.mode === "on" ? card.type : `${card.type} (${card.mode})`);
    for (const [input, value] of Object.entries(sheet.values[card.id] ?? {})) found.set(`${card.id} · ${input}`, text(value));
  }
  for (const link of sheet.links) {
    const where = `${link.target} · ${link.input}`;
    const source = `from ${link.source} · ${link.output}`;
    const others = found.get(where)?.startsWith("from ") ? `${found.get(where)}, ` : "";
    found.set(where, others + source);
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** How the cards of a sheet differ from those of an older one. */
export interface CardDifference {
  readonly added: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
  readonly removed: readonly Card[];
}

/** Which cards are new, gone, or say something else about the result; moving a card is no change. */
export function cardDifference(before: Sheet, after: Sheet): CardDifference {
  const [old, now] = [sheetFacts(before), sheetFacts(after)];
  const places = [...new Set([...old.keys(), ...now.keys()])].filter((where) => old.get(where) !== now.get(where));
  const cards = new Set(places.map((where) => where.split(" · ")[0]!));
  const inBoth = [...cards].filter((id) => id in before.cards && id in after.cards);
  return {
    added: new Set(Object.keys(after.cards).filter((id) => !(id in before.cards))),
    changed: new Set(inBoth),
    removed: Object.values(before.cards).filter((card) => !(card.id in after.cards)),
  };
}
