import type { InputSchema, NodeSchema } from "../api/types";
import type { Card, Link } from "./sheet";

/**
 * Where everything in a card lies, from the schema alone. Rows have fixed heights, so that React Flow gets sizes and
 * handles without mounting the card; the card's CSS uses the same numbers.
 */
export const CARD_WIDTH = 240;
export const MIN_WIDTH = 190;
export const HEAD = 30;
export const PORT_ROW = 22;
export const WIDGET_ROW = 27;
export const STRIP = 26;
export const PROBLEM_STRIP = 40;
export const PAD = 7;
const TEXT_LINE = 17;

export interface Row {
  readonly input: InputSchema;
  readonly y: number;
  readonly height: number;
}

export interface PortSpot {
  readonly name: string;
  readonly side: "input" | "output";
  readonly x: number;
  readonly y: number;
}

export interface CardLayout {
  readonly width: number;
  readonly height: number;
  readonly ports: readonly InputSchema[];
  readonly rows: readonly Row[];
  readonly media: { y: number; height: number } | null;
  readonly reportY: number | null;
  readonly problemY: number | null;
  readonly spots: readonly PortSpot[];
}

/** What a card shows besides its schema: a picture (height over width), a report line, a problem line. */
export interface Attachments {
  readonly aspect: number | null;
  readonly report: boolean;
  readonly problem: boolean;
}

/** Widgets that show a picture or a drawing. */
const TALL: Readonly<Record<string, number>> = {
  ImageFile: WIDGET_ROW + 118,
  VideoFile: WIDGET_ROW + 118,
  AudioFile: WIDGET_ROW + 118,
  CameraName: WIDGET_ROW + 118,
  MaskPainter: WIDGET_ROW + 118,
  Boxes: WIDGET_ROW + 118,
  Points: WIDGET_ROW + 118,
  Curve: WIDGET_ROW + 96,
};

export function widgetHeight(input: InputSchema): number {
  const widget = input.widget;
  if (widget?.kind === "TextBox") return 26 + TEXT_LINE * Math.max(2, Math.min(12, widget.lines || 3));
  const height = widget && TALL[widget.kind];
  if (height) return height;
  return WIDGET_ROW;
}

function stretches(input: InputSchema): boolean {
  return input.widget?.kind === "TextBox";
}

export function cardLayout(schema: NodeSchema, card: Card, attached: Attachments): CardLayout {
  const width = card.width > 0 ? Math.max(MIN_WIDTH, card.width) : CARD_WIDTH;
  if (card.collapsed) return collapsedLayout(schema, width);
  const ports = schema.inputs.filter((i) => i.port);
  const widgets = schema.inputs.filter((i) => !i.port);
  let y = HEAD + 4 + PORT_ROW * Math.max(ports.length, schema.outputs.length);
  const natural = naturalHeight(y, widgets, attached, width);
  const slack = Math.max(0, card.height - natural);
  const rows = stack(widgets, y, slack);
  y = rows.reduce((sum, row) => sum + row.height, y) + PAD;
  const media = attached.aspect === null ? null : { y, height: mediaHeight(attached.aspect, width) };
  if (media) y += media.height + PAD;
  const reportY = attached.report ? y : null;
  if (attached.report) y += STRIP;
  const problemY = attached.problem ? y : null;
  if (attached.problem) y += PROBLEM_STRIP;
  return { width, height: y, ports, rows, media, reportY, problemY, spots: spots(schema, ports, rows, width) };
}

function naturalHeight(top: number, widgets: readonly InputSchema[], attached: Attachments, width: number): number {
  const media = attached.aspect === null ? 0 : mediaHeight(attached.aspect, width) + PAD;
  const strips = (attached.report ? STRIP : 0) + (attached.problem ? PROBLEM_STRIP : 0);
  return top + widgets.reduce((sum, w) => sum + widgetHeight(w), 0) + PAD + media + strips;
}

function mediaHeight(aspect: number, width: number): number {
  return Math.round((width - 2 * PAD) * Math.min(1.6, Math.max(0.4, aspect)));
}

/** Text boxes share the height that the user gave the card beyond what it needs. */
function stack(widgets: readonly InputSchema[], top: number, slack: number): Row[] {
  const elastic = widgets.filter(stretches).length;
  let y = top;
  return widgets.map((input) => {
    const height = widgetHeight(input) + (stretches(input) ? Math.floor(slack / elastic) : 0);
    const row = { input, y, height };
    y += height;
    return row;
  });
}

function spots(schema: NodeSchema, ports: readonly InputSchema[], rows: readonly Row[], width: number): PortSpot[] {
  const middle = (row: number) => HEAD + 4 + PORT_ROW * row + PORT_ROW / 2;
  return [
    ...ports.map((port, i): PortSpot => ({ name: port.name, side: "input", x: 0, y: middle(i) })),
    ...rows.map((row): PortSpot => ({ name: row.input.name, side: "input", x: 0, y: row.y + WIDGET_ROW / 2 })),
    ...schema.outputs.map((out, i): PortSpot => ({ name: out.name, side: "output", x: width, y: middle(i) })),
  ];
}

function collapsedLayout(schema: NodeSchema, width: number): CardLayout {
  const y = HEAD / 2;
  return {
    width,
    height: HEAD,
    ports: [],
    rows: [],
    media: null,
    reportY: null,
    problemY: null,
    spots: [
      ...schema.inputs.map((i): PortSpot => ({ name: i.name, side: "input", x: 0, y })),
      ...schema.outputs.map((o): PortSpot => ({ name: o.name, side: "output", x: width, y })),
    ],
  };
}

/** A node of an unknown type is drawn from what the document says about it: its links. */
export function placeholderSchema(type: string, id: string, links: readonly Link[]): NodeSchema {
  const inputs = [...new Set(links.filter((l) => l.target === id).map((l) => l.input))];
  const outputs = [...new Set(links.filter((l) => l.source === id).map((l) => l.output))];
  return {
    id: type,
    title: type,
    category: "",
    description: "",
    references: [],
    output_node: false,
    was: [],
    claims: [],
    version: "",
    inputs: inputs.map((name) => ({ ...UNKNOWN_INPUT, name })),
    outputs: outputs.map((name) => ({ name, type: "Any" })),
  };
}

const UNKNOWN_INPUT: InputSchema = {
  name: "",
  type: "Any",
  help: "",
  required: true,
  port: true,
  multiple: false,
  choices: [],
  default: null,
  widget: null,
};
