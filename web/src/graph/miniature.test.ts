import { describe, expect, it } from "vitest";
import type { WorkflowDocument } from "../api/types";
import { categoryHue } from "./colors";
import { miniature } from "./miniature";
import { catalog } from "./samples";

const document = {
  format: "patchloom/1",
  root: "main",
  graphs: {
    main: {
      nodes: { a: { type: "load_model", position: [0, 0] }, b: { type: "nobody_knows", position: [1000, 0] } },
      edges: [{ from: ["a", "model"], to: ["b", "model"] }],
    },
  },
} as unknown as WorkflowDocument;

describe("a miniature", () => {
  it("has a box for each card in the colour of its kind, and all within the frame", () => {
    const { boxes } = miniature(document, catalog, 160, 120);
    expect(boxes.map(({ hue }) => hue)).toEqual([categoryHue(catalog["load_model"]!.category), categoryHue("")]);
    for (const { x, y, width, height } of boxes) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(160);
      expect(y + height).toBeLessThanOrEqual(120);
    }
  });

  it("leads each link from the right of one box to the left of another", () => {
    const { boxes, lines } = miniature(document, catalog, 160, 120);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.x1).toBeCloseTo(boxes[0]!.x + boxes[0]!.width);
    expect(lines[0]!.x2).toBeCloseTo(boxes[1]!.x);
  });

  it("of nothing is nothing", () => {
    const empty = { ...document, graphs: { main: { nodes: {}, edges: [] } } } as unknown as WorkflowDocument;
    expect(miniature(empty, catalog, 160, 120)).toEqual({ boxes: [], lines: [] });
  });
});
