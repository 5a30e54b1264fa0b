import type { Catalog } from "./catalog";
import { effectiveValue, inputOf } from "./catalog";
import { freeId, linkId, newCard, type Link, type Page, type Pages, type Sheet } from "./sheet";
import { locate } from "./subgraph";

/** A workflow in which one sampling is measured: with its techniques, without them, and in fewer steps. */
const SAMPLER = "sample";
const COMPARER = "compare_techniques";
/** What both nodes take. */
const SHARED = ["model", "guider", "sampler", "sigmas", "latent", "seed"];
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

/** The document's graphs with a node that measures the sampling `flat`; null where nothing can be measured. */
export function withComparison(pages: Pages, root: string, flat: string, catalog: Catalog, { repeats, judged }: Wishes): Measurement | null {
  const found = locate(pages, root, flat);
  const page = found && pages[found.graph];
  if (!page || page.sheet.cards[found.id]?.type !== SAMPLER || !catalog[COMPARER]) return null;
  const vae = vaeOf(page.sheet, found.id, catalog);
  if (!vae) return null;
  const id = freeId("compare", (name) => name in page.sheet.cards);
  const sheet = compared(page, found.id, id, vae, { repeats, curve: CURVE, ...(judged ? judging(page.sheet, found.id, catalog) : {}) });
  return { pages: { ...pages, [found.graph]: { ...page, sheet } }, target: flat.slice(0, flat.length - found.id.length) + id };
}

function compared({ sheet }: Page, sampler: string, id: string, vae: Source, values: Record<string, unknown>): Sheet {
  const { x, y } = sheet.cards[sampler]!;
  const seed = sheet.values[sampler]?.["seed"];
  const links = sheet.links.filter((link) => link.target === sampler && SHARED.includes(link.input)).map((link) => wire(link, id, link.input));
  return {
    ...sheet,
    cards: { ...sheet.cards, [id]: newCard(id, COMPARER, x, y) },
    links: [...sheet.links, ...links, wire(vae, id, "vae")],
    values: { ...sheet.values, [id]: { ...values, ...(seed === undefined ? {} : { seed }) } },
  };
}

type Source = Pick<Link, "source" | "output">;

function wire({ source, output }: Source, target: string, input: string): Link {
  const link = { source, output, target, input };
  return { id: linkId(link), ...link };
}

/** The autoencoder of the picture that is sampled: what decodes it, else what comes with its model. */
function vaeOf(sheet: Sheet, sampler: string, catalog: Catalog): Source | null {
  const after = reachable(sheet, sampler, (link) => [link.source, link.target]);
  const decoding = sheet.links.find((link) => after.has(link.target) && link.input === "vae");
  if (decoding) return decoding;
  const before = [...reachable(sheet, sampler, (link) => [link.target, link.source])];
  for (const id of before) {
    const output = catalog[sheet.cards[id]?.type ?? ""]?.outputs.find(({ type }) => type === "Vae");
    if (output) return { source: id, output: output.name };
  }
  return null;
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

/** What the judge of the embedded model should look for; nothing for the pictures of other models. */
function judging(sheet: Sheet, sampler: string, catalog: Catalog): { prompt?: string } {
  const before = reachable(sheet, sampler, (link) => [link.target, link.source]);
  const valueOf = (id: string, name: string) => {
    const input = inputOf(catalog[sheet.cards[id]!.type], name);
    return input && effectiveValue(input, sheet.values[id]?.[name]);
  };
  const mini = [...before].some((id) => sheet.cards[id]?.type === "load_model" && valueOf(id, "name") === JUDGED);
  if (!mini) return {};
  for (const link of sheet.links) {
    if (link.input !== "positive" || !before.has(link.target) || !sheet.cards[link.source]) continue;
    const prompt = valueOf(link.source, "prompt");
    if (typeof prompt === "string" && prompt.trim()) return { prompt };
  }
  return {};
}
