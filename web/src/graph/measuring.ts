import type { NodeSchema } from "../api/types";
import type { Catalog } from "./catalog";
import { effectiveValue, inputOf } from "./catalog";
import { freeId, linkId, newCard, type Link, type Pages, type Sheet } from "./sheet";
import { parents } from "./levels";
import { locate } from "./subgraph";

/** A workflow in which one sampling is measured: with its techniques, without them, and in fewer steps. */
const COMPARER = "compare_sampling";
/** Runs of fewer steps besides the one that costs as much as the techniques. */
const CURVE = 3;
/** The model whose pictures the judge can read. */
const JUDGED = "mini";

export interface Measurement {
  readonly pages: Pages;
  /** The id by which a run knows the node that measures. */
  readonly target: string;
}

export interface Wishes {
  /** How often the plain run and the one with techniques take turns. */
  readonly repeats: number;
  /** Ask whether pictures of the embedded model show what the prompt says. */
  readonly judged: boolean;
}

/** Why a node that ran with techniques cannot be measured, as a sentence with a remedy. */
export interface Obstacle {
  readonly why: string;
}

/** The document's graphs with a node that measures the sampling `flat`, or why there is none; null where nothing samples. */
export function withComparison(pages: Pages, root: string, flat: string, catalog: Catalog, { repeats, judged }: Wishes): Measurement | Obstacle | null {
  const found = locate(pages, root, flat);
  const page = found && pages[found.graph];
  const schema = page ? catalog[page.sheet.cards[found.id]?.type ?? ""] : undefined;
  if (!page || !schema || !catalog[COMPARER]) return null;
  const made = sampledOutput(schema);
  if (!made) return { why: obstacle(schema) };
  const id = freeId("compare", (name) => name in page.sheet.cards);
  const sampled = { source: found.id, output: made };
  const sheet = compared(page.sheet, sampled, id, decoding(page.sheet, found.id), { repeats, curve: CURVE, ...(judged ? judging(levels(pages, root, flat), catalog) : {}) });
  return { pages: { ...pages, [found.graph]: { ...page, sheet } }, target: flat.slice(0, flat.length - found.id.length) + id };
}

/** The latent that a node samples from a model and noise levels; null for other nodes. */
function sampledOutput({ inputs, outputs }: NodeSchema): string | null {
  const samples = ["Model", "Sigmas"].every((type) => inputs.some((input) => input.type === type));
  return samples ? (outputs.find(({ type }) => type === "Latent")?.name ?? null) : null;
}

function obstacle({ title }: NodeSchema): string {
  return `${title} cannot be measured: only what makes a latent from a model and noise levels can be run again in fewer steps. Put the same model with its techniques before a Sample node, run that and measure there.`;
}

function compared(sheet: Sheet, sampled: Source, id: string, vae: Source | null, values: Record<string, unknown>): Sheet {
  const { x, y } = sheet.cards[sampled.source]!;
  return {
    ...sheet,
    cards: { ...sheet.cards, [id]: newCard(id, COMPARER, x, y) },
    links: [...sheet.links, wire(sampled, id, "sampled"), ...(vae ? [wire(vae, id, "vae")] : [])],
    values: { ...sheet.values, [id]: values },
  };
}

type Source = Pick<Link, "source" | "output">;

function wire({ source, output }: Source, target: string, input: string): Link {
  const link = { source, output, target, input };
  return { id: linkId(link), ...link };
}

/** The autoencoder that decodes what is sampled; without one the server takes what comes with the model. */
function decoding(sheet: Sheet, sampler: string): Source | null {
  const after = reachable(sheet, sampler, (link) => [link.source, link.target]);
  return sheet.links.find((link) => after.has(link.target) && link.input === "vae") ?? null;
}

/** The cards that links lead to, nearest first, from a card on. */
function reachable(sheet: Sheet, start: string, ends: (link: Link) => [string, string]): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const id of seen) {
    for (const link of sheet.links) {
      const [from, to] = ends(link);
      if (from === id) seen.add(to);
    }
  }
  return seen;
}

/** A card on its sheet; for a node in a subgraph also the cards around it, the innermost first. */
interface Level {
  readonly sheet: Sheet;
  readonly id: string;
}

function levels(pages: Pages, root: string, flat: string): Level[] {
  return [flat, ...parents(flat).reverse()].flatMap((at) => {
    const found = locate(pages, root, at);
    return found ? [{ sheet: pages[found.graph]!.sheet, id: found.id }] : [];
  });
}

/** What the judge of the embedded model should look for; nothing for the pictures of other models. */
function judging(around: readonly Level[], catalog: Catalog): { prompt?: string } {
  const mini = around.some((level) => cardsBefore(level).some((id) => level.sheet.cards[id]?.type === "load_model" && valueAt(level, id, "name", catalog) === JUDGED));
  if (!mini) return {};
  for (const level of around) {
    const before = new Set(cardsBefore(level));
    for (const link of level.sheet.links) {
      if (link.input !== "positive" || !before.has(link.target) || !level.sheet.cards[link.source]) continue;
      const prompt = valueAt(level, link.source, "prompt", catalog);
      if (typeof prompt === "string" && prompt.trim()) return { prompt };
    }
  }
  return {};
}

function cardsBefore({ sheet, id }: Level): string[] {
  return [...reachable(sheet, id, (link) => [link.target, link.source])];
}

function valueAt({ sheet }: Level, id: string, name: string, catalog: Catalog): unknown {
  const input = inputOf(catalog[sheet.cards[id]!.type], name);
  return input && effectiveValue(input, sheet.values[id]?.[name]);
}
