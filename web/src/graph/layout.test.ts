import { describe, expect, it } from "vitest";
import { cardLayout, CARD_WIDTH, HEAD, MIN_WIDTH, placeholderSchema, PORT_ROW, PROBLEM_STRIP, STRIP, WIDGET_ROW, widgetHeight } from "./layout";
import { catalog, sheet, steps, text, widget } from "./samples";
import { newCard } from "./sheet";

const NO_ATTACHMENTS = { aspect: null, report: false, problem: false };
const layout = (type: string, change = {}, attached = {}) =>
  cardLayout(catalog[type]!, { ...newCard("x", type, 0, 0), ...change }, { ...NO_ATTACHMENTS, ...attached });

describe("cardLayout", () => {
  it("stacks ports, then widgets, without gaps", () => {
    const { ports, rows, height } = layout("sample");
    expect(ports.map((p) => p.name)).toEqual(["model", "positive"]);
    expect(rows.map((r) => r.input.name)).toEqual(["seed", "steps"]);
    expect(rows[0]!.y).toBe(HEAD + 4 + 2 * PORT_ROW);
    expect(rows[1]!.y).toBe(rows[0]!.y + WIDGET_ROW);
    expect(height).toBeGreaterThan(rows[1]!.y + WIDGET_ROW);
  });

  it("gives every input and output a spot at its edge", () => {
    const { spots, width } = layout("sample");
    expect(spots.filter((s) => s.side === "input").map((s) => s.name)).toEqual(["model", "positive", "seed", "steps"]);
    expect(spots.filter((s) => s.side === "input").every((s) => s.x === 0)).toBe(true);
    expect(spots.find((s) => s.side === "output")).toMatchObject({ name: "latent", x: width });
  });

  it("keeps every spot when collapsed, at the title", () => {
    const folded = layout("sample", { collapsed: true });
    expect(folded.height).toBe(HEAD);
    expect(folded.spots).toHaveLength(layout("sample").spots.length);
    expect(folded.spots.every((s) => s.y === HEAD / 2)).toBe(true);
  });

  it("takes the user's width, within reason", () => {
    expect(layout("sample").width).toBe(CARD_WIDTH);
    expect(layout("sample", { width: 400 }).width).toBe(400);
    expect(layout("sample", { width: 20 }).width).toBe(MIN_WIDTH);
  });

  it("gives spare height to text boxes only", () => {
    const natural = layout("encode_text");
    const tall = layout("encode_text", { height: natural.height + 80 });
    expect(tall.height).toBe(natural.height + 80);
    expect(tall.rows[0]!.height).toBe(natural.rows[0]!.height + 80);
    expect(layout("sample", { height: 900 }).height).toBe(layout("sample").height);
  });

  it("adds room for picture, report and problem", () => {
    const plain = layout("decode").height;
    const { media, reportY, problemY, height } = layout("decode", {}, { aspect: 1, report: true, problem: true });
    expect(media!.height).toBe(CARD_WIDTH - 14);
    expect(problemY! - reportY!).toBe(STRIP);
    expect(height).toBe(problemY! + PROBLEM_STRIP);
    expect(height).toBeGreaterThan(plain + media!.height);
  });

  it("bounds the height of odd pictures", () => {
    expect(layout("decode", {}, { aspect: 9 }).media!.height).toBeLessThan(400);
    expect(layout("decode", {}, { aspect: 0.01 }).media!.height).toBeGreaterThan(60);
  });
});

describe("widgetHeight", () => {
  it("is a row, but for text boxes and pictures", () => {
    expect(widgetHeight(steps)).toBe(WIDGET_ROW);
    expect(widgetHeight(text)).toBe(26 + 4 * 17);
    expect(widgetHeight(widget("t", "str", { kind: "TextBox", lines: 99, max_length: 9 }))).toBe(26 + 12 * 17);
    expect(widgetHeight(widget("i", "str", { kind: "ImageFile", folder: "input" }))).toBeGreaterThan(100);
  });
});

describe("placeholderSchema", () => {
  it("draws an unknown node from its links", () => {
    const unknown = placeholderSchema("from_a_pack", "sample", sheet.links);
    expect(unknown.inputs.map((i) => i.name)).toEqual(["model", "positive"]);
    expect(unknown.outputs.map((o) => o.name)).toEqual(["latent"]);
    expect(unknown.title).toBe("from_a_pack");
  });
});
