/**
 * The sheet is what the user edits: one graph of a workflow document, in a shape that is quick to draw.
 * Every part is immutable, so an undo step costs what changed and not the whole graph.
 */
export type Mode = "on" | "mute" | "bypass";
export type Values = Readonly<Record<string, unknown>>;
export type Extra = Readonly<Record<string, unknown>>;

export interface Card {
  readonly id: string;
  readonly type: string;
  readonly mode: Mode;
  readonly title: string;
  readonly color: string;
  readonly collapsed: boolean;
  readonly x: number;
  readonly y: number;
  /** 0 stands for the size that follows from the schema. */
  readonly width: number;
  readonly height: number;
  /** Keys of the node that we do not know; kept on saving. */
  readonly extra: Extra;
}

export interface Link {
  readonly id: string;
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
  /** Dots through which the link is drawn, from its source on. */
  readonly via?: readonly Dot[];
}

export interface Dot {
  readonly x: number;
  readonly y: number;
}

/** A titled rectangle behind cards (the document calls it a group). */
export interface Frame {
  readonly id: string;
  readonly title: string;
  readonly color: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly extra: Extra;
}

export interface Sheet {
  readonly cards: Readonly<Record<string, Card>>;
  readonly links: readonly Link[];
  readonly frames: readonly Frame[];
  readonly values: Readonly<Record<string, Values>>;
}

/** One graph of a document. The other keys of the graph are kept on saving. */
export interface Page {
  readonly sheet: Sheet;
  readonly extra: Extra;
}

/** All graphs of a document by id. */
export type Pages = Readonly<Record<string, Page>>;

export const EMPTY_SHEET: Sheet = { cards: {}, links: [], frames: [], values: {} };

export function newCard(id: string, type: string, x: number, y: number): Card {
  return { id, type, mode: "on", title: "", color: "", collapsed: false, x, y, width: 0, height: 0, extra: {} };
}

export function linkId(link: Omit<Link, "id">): string {
  return `${link.source}.${link.output}>${link.target}.${link.input}`;
}

/** A free, readable id: `sample`, then `sample_2`, ... `--set sample.seed=7` on the command line names it. */
export function freeId(wanted: string, taken: (id: string) => boolean): string {
  if (!taken(wanted)) return wanted;
  const stem = wanted.replace(/_\d+$/, "") || wanted;
  for (let n = 2; ; n++) if (!taken(`${stem}_${n}`)) return `${stem}_${n}`;
}

/** The links that end in a card, by input name. Kept per list of links: every card asks on every change. */
const incomingByLinks = new WeakMap<readonly Link[], Map<string, Map<string, Link[]>>>();

export function incoming(links: readonly Link[], card: string): ReadonlyMap<string, readonly Link[]> {
  let index = incomingByLinks.get(links);
  if (!index) incomingByLinks.set(links, (index = indexByTarget(links)));
  return index.get(card) ?? NONE;
}

const NONE: ReadonlyMap<string, readonly Link[]> = new Map();

function indexByTarget(links: readonly Link[]): Map<string, Map<string, Link[]>> {
  const index = new Map<string, Map<string, Link[]>>();
  for (const link of links) {
    const inputs = index.get(link.target) ?? new Map<string, Link[]>();
    index.set(link.target, inputs);
    const list = inputs.get(link.input) ?? [];
    inputs.set(link.input, list);
    list.push(link);
  }
  return index;
}
