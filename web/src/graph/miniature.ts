import type { WorkflowDocument } from "../api/types";
import type { Catalog } from "./catalog";
import { categoryHue } from "./colors";
import { readDocument } from "./document";
import { cardLayout, placeholderSchema, type Attachments } from "./layout";
import { around, onMap, projection, type Box } from "./minimap";

/** A drawing of a workflow: its cards as boxes with a hue, its links as lines. */
export interface Miniature {
  readonly boxes: readonly (Box & { readonly hue: number })[];
  readonly lines: readonly { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number }[];
}

const BARE: Attachments = { aspect: null, report: false, problem: false };

/** Draw the root graph of a document so that all of it fits into a rectangle. */
export function miniature(document: WorkflowDocument, catalog: Catalog, width: number, height: number): Miniature {
  const { cards, links } = readDocument(document).sheet;
  const placed = Object.values(cards).map((card) => {
    const schema = catalog[card.type] ?? placeholderSchema(card.type, card.id, links);
    const size = cardLayout(schema, card, BARE);
    return { id: card.id, hue: categoryHue(schema.category), box: { x: card.x, y: card.y, width: size.width, height: size.height } };
  });
  const world = around(placed.map(({ box }) => box));
  if (!world) return { boxes: [], lines: [] };
  const map = projection(world, width, height);
  const drawn = new Map(placed.map(({ id, hue, box }) => [id, { ...onMap(map, box), hue }]));
  const lines = links.flatMap(({ source, target }) => {
    const from = drawn.get(source);
    const to = drawn.get(target);
    return from && to ? [{ x1: from.x + from.width, y1: middle(from), x2: to.x, y2: middle(to) }] : [];
  });
  return { boxes: [...drawn.values()], lines };
}

const middle = (box: Box) => box.y + box.height / 2;
