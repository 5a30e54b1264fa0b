import { describe, expect, it } from "vitest";
import { faceOf, INPUTS, OUTPUTS } from "./interface";
import { promote, promotedTo } from "./promoting";
import { catalog } from "./samples";
import { linkId, newCard, type Page, type Pages } from "./sheet";

const page = (cards: Record<string, string>, ...wires: [string, string, string, string][]): Page => ({
  extra: {},
  sheet: {
    cards: Object.fromEntries(Object.entries(cards).map(([id, type]) => [id, newCard(id, type, 0, 0)])),
    frames: [],
    values: {},
    links: wires.map(([source, output, target, input]) => ({ id: linkId({ source, output, target, input }), source, output, target, input })),
  },
});
const sides = { [INPUTS]: "inputs:x", [OUTPUTS]: "outputs:x" };
const pages: Pages = {
  main: page({ outer: "graph:a" }),
  a: page({ ...sides, inner: "graph:b" }),
  b: page({ ...sides, sample: "sample", count: "number" }, ["count", "value", "sample", "steps"]),
};
const path = [{ node: "outer", graph: "a" }, { node: "inner", graph: "b" }];

describe("promoting an inner input", () => {
  it("leads it out through every level, with its type", () => {
    const made = promote(pages, path, "main", catalog, { node: "sample", input: "seed" })!;
    expect(made.at).toEqual({ node: "outer", input: "seed" });
    for (const graph of ["a", "b"]) expect(faceOf(made.pages[graph]!.sheet).inputs).toEqual([{ name: "seed", type: "int" }]);
    expect(promotedTo(made.pages, path, { node: "sample", input: "seed" })).toEqual(made.at);
  });

  it("uses the ports that are there", () => {
    const once = promote(pages, path, "main", catalog, { node: "sample", input: "seed" })!;
    const twice = promote(once.pages, path, "main", catalog, { node: "sample", input: "seed" })!;
    expect(twice.at).toEqual(once.at);
    expect(twice.pages["b"]!.sheet.links).toHaveLength(once.pages["b"]!.sheet.links.length);
  });

  it("is not done where a node feeds it, and known to be undone before", () => {
    expect(promote(pages, path, "main", catalog, { node: "sample", input: "steps" })).toBeNull();
    expect(promotedTo(pages, path, { node: "sample", input: "seed" })).toBeNull();
    expect(promotedTo(pages, [], { node: "outer", input: "seed" })).toEqual({ node: "outer", input: "seed" });
  });
});
