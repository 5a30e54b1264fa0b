import { describe, expect, it } from "vitest";
import type { WorkflowDocument } from "../api/types";
import { documentFault, isComfy, readDocument, sameDocument, writeDocument } from "./document";
import { document } from "./samples";

const roundTrip = (source: WorkflowDocument) => {
  const opened = readDocument(source);
  return writeDocument(opened.pages, opened.root, opened.title, opened.head, opened.view) as unknown as Record<string, any>;
};

describe("readDocument", () => {
  it("reads cards, links and values by name", () => {
    const { sheet, title } = readDocument(document);
    expect(title).toBe("Sample");
    expect(Object.keys(sheet.cards)).toEqual(["load", "prompt", "sample", "decode"]);
    expect(sheet.cards["sample"]).toMatchObject({ type: "sample", x: 600, y: 0, width: 260, height: 0, mode: "on" });
    expect(sheet.links).toHaveLength(5);
    expect(sheet.values["sample"]).toEqual({ seed: "18446744073709551615", steps: 8 });
  });

  it("needs no layout, and says so", () => {
    const bare = readDocument({ format: "patchloom/1", root: "g", graphs: { g: { nodes: { a: { type: "x" } }, edges: [] } } });
    expect(bare.unplaced).toBe(true);
    expect(bare.sheet.cards["a"]).toMatchObject({ title: "", color: "", collapsed: false });
    expect(readDocument(document).unplaced).toBe(false);
  });

  it("drops links to nodes that are not there, and doubles", () => {
    const edge = { from: ["load", "model"], to: ["prompt", "model"] } as { from: [string, string]; to: [string, string] };
    const graph = { ...document.graphs["main"]!, edges: [edge, edge, { ...edge, to: ["gone", "model"] as [string, string] }] };
    expect(readDocument({ ...document, graphs: { main: graph } }).sheet.links).toHaveLength(1);
  });

  it("passes over edges that are none", () => {
    const edges = [null, 7, {}, { from: ["load"], to: ["prompt", "model"] }, { from: "load", to: 3 }] as never;
    const graph = { ...document.graphs["main"]!, edges };
    expect(readDocument({ ...document, graphs: { main: graph } }).sheet.links).toEqual([]);
  });

  it("survives malformed layout", () => {
    const nodes = { a: { type: "x", position: "here", size: [NaN, "wide"], mode: "loud" } } as never;
    const { sheet } = readDocument({ format: "patchloom/1", root: "g", graphs: { g: { nodes, edges: [] } } });
    expect(sheet.cards["a"]).toMatchObject({ x: 0, y: 0, width: 0, height: 0, mode: "on" });
  });
});

describe("writeDocument", () => {
  it("gives back what was read", () => {
    const again = readDocument(roundTrip(document) as never);
    expect(again.sheet).toEqual(readDocument(document).sheet);
  });

  it("keeps unknown keys of document, graph, node and group, and other graphs", () => {
    const rich = {
      ...document,
      lock: { nodes: { sample: "3f9a" }, models: {} },
      author: "me",
      graphs: {
        side: { nodes: { inner: { type: "q" } }, edges: [], tint: 3 },
        main: {
          ...document.graphs["main"],
          note: "keep",
          groups: [{ title: "G", position: [1, 2], size: [30, 40], color: "red", folded: true }],
          nodes: { odd: { type: "from_a_pack", values: { deep: [1, { a: 2 }] }, seed_mode: { seed: "random" } } },
          edges: [],
        },
      },
    } as unknown as WorkflowDocument;
    const out = roundTrip(rich);
    expect(out["lock"]).toEqual(rich.lock);
    expect(out["author"]).toBe("me");
    expect(out["graphs"].side).toMatchObject((rich.graphs as any).side);
    expect(out["graphs"].main.note).toBe("keep");
    expect(out["graphs"].main.groups[0]).toEqual({ title: "G", position: [1, 2], size: [30, 40], color: "red", folded: true });
    expect(out["graphs"].main.nodes.odd).toMatchObject({ type: "from_a_pack", values: { deep: [1, { a: 2 }] }, seed_mode: { seed: "random" } });
  });

  it("writes whole pixels and no view when there is none", () => {
    const opened = readDocument(document);
    const moved = { ...opened.sheet, cards: { ...opened.sheet.cards, load: { ...opened.sheet.cards["load"]!, x: 1.4, y: -2.6 } } };
    const out = writeDocument({ main: { sheet: moved, extra: {} } }, "main", "T", opened.head, null);
    expect(out.graphs["main"]!.nodes["load"]!.position).toEqual([1, -3]);
    expect("view" in out.graphs["main"]!).toBe(false);
  });
});

describe("sameDocument", () => {
  it("looks at what is said, not at order or view", () => {
    const { format, ...rest } = document;
    const main = { ...document.graphs["main"]!, view: { x: 1, y: 2, zoom: 3 } };
    expect(sameDocument(document, { ...rest, graphs: { main }, format })).toBe(true);
    expect(sameDocument(document, { ...document, title: "Other" })).toBe(false);
    expect(sameDocument(document, { ...document, graphs: { main: { ...main, edges: [...main.edges].reverse() } } })).toBe(false);
  });
});

describe("isComfy", () => {
  it.each([
    [{ nodes: [], links: [] }, true],
    [{ "3": { class_type: "KSampler", inputs: {} } }, true],
    [document, false],
    [{ hello: 1 }, false],
    [[], false],
  ])("%j", (value, expected) => expect(isComfy(value)).toBe(expected));
});

describe("documentFault", () => {
  it("accepts ours", () => expect(documentFault(document)).toBeNull());

  it.each([
    [[], "no JSON object"],
    [{ format: "patchloom/9" }, "Update Patchloom"],
    [{ hello: 1 }, "not a Patchloom workflow"],
    [{ format: "patchloom/1", root: "x", graphs: {} }, "no root graph"],
    [{ format: "patchloom/1", root: "x", graphs: { x: {} } }, "no nodes"],
  ])("says why not: %j", (value, words) => expect(documentFault(value)).toContain(words));
});
