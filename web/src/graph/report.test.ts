import { describe, expect, it } from "vitest";
import { cellUnit, countCells, densities, density, details, grid, note, summary, techniqueName, tokenMap, tokensByCall } from "./report";

const report = { technique: "first_block_cache", grid: ["cccc", "crrr", "crrr", "cccc"], threshold: 0.08, speed_up: 1.83333333 };

describe("reports", () => {
  it("are named in words", () => {
    expect(techniqueName(report)).toBe("first block cache");
    expect(techniqueName({})).toBe("technique");
  });

  it("have a grid only when it is one", () => {
    expect(grid(report)).toHaveLength(4);
    expect(grid({ grid: [] })).toBeNull();
    expect(grid({ grid: [1, 2] })).toBeNull();
    expect(grid({})).toBeNull();
  });

  it("count their cells", () => expect(countCells(["cr", "pss"])).toEqual({ c: 1, r: 1, p: 1, s: 2 }));

  it("say in a line what was spared", () => {
    expect(summary(report)).toBe("38 % spared, in 2 of 4 steps");
    expect(summary({ grid: ["cc", "cc"] })).toBe("all blocks computed, 2 steps");
    expect(summary({ ...report, steps: 2 })).toBe("38 % spared, in 2 of 4 calls");
    expect(summary({ summary: "skipped 11 of 20 steps" })).toBe("skipped 11 of 20 steps");
    expect(summary({ technique: "top_k", kept: 12, of: 20, more: 1 })).toBe("kept 12, of 20");
    expect(summary({ technique: "top_k" })).toBe("top k");
  });

  it("say which share was saved, and of what", () => {
    expect(summary({ ...report, calls_saved: 0.4812 })).toBe("48 % of the block calls saved");
    expect(summary({ technique: "t", saved: 0.5 })).toBe("50 % of the block calls saved");
    expect(summary({ technique: "t", modules: 12, calls_saved: 0 })).toBe("0 % of the module calls saved");
    expect(summary({ technique: "t", tokens_saved: 1 })).toBe("100 % of the tokens saved");
    expect(summary({ technique: "t", calls_saved: 480 })).toBe("calls saved 480");
    expect(details({ technique: "t", calls_saved: 0.4812, skipped_blocks: 48 })).toEqual([
      ["calls saved", "48 %"],
      ["skipped blocks", "48"],
    ]);
  });

  it("say which pairs attention looked at, and why that saved nothing", () => {
    expect(summary({ technique: "t", density: 0.334 })).toBe("33 % of the query-key pairs looked at");
    const idle = { technique: "clear_window", density: 0.334, computed_pairs: 1, note: "Nothing is saved: all is one tile." };
    expect(summary(idle)).toBe("33 % of the query-key pairs looked at, 100 % computed");
    expect(note(idle)).toBe("Nothing is saved: all is one tile.");
    expect(details(idle)).not.toContainEqual(expect.arrayContaining(["note"]));
    expect(note(report)).toBeNull();
  });

  it("say where tokens were computed", () => {
    expect(tokenMap({ token_map: ["09", "90"] })).toEqual(["09", "90"]);
    expect(tokenMap({ token_map: [] })).toBeNull();
    expect(tokenMap({ token_map: ["0x"] })).toBeNull();
    expect(details({ token_map: ["09"], tokens: 2 })).toEqual([["tokens", "2"]]);
  });

  it("name their cells", () => {
    expect(cellUnit(report)).toBe("block");
    expect(cellUnit({ ...report, modules: 9 })).toBe("module");
    expect(cellUnit({ ...report, calls: 1 })).toBe("call");
  });

  it("list plain facts", () => {
    expect(details({ ...report, on: true, kinds: ["a", "b"], nested: { x: 1 } })).toEqual([
      ["threshold", "0.08"],
      ["speed up", "1.833"],
      ["on", "yes"],
      ["kinds", "a b"],
    ]);
  });
});

describe("counts of tokens and attention", () => {
  it("are read where the report has them", () => {
    const counted = { technique: "t", tokens_by_call: [4, 2], density: 0.25 };
    expect(tokensByCall(counted)).toEqual([4, 2]);
    expect(density(counted)).toBe(0.25);
    expect(details(counted).map(([name]) => name)).toEqual(["density"]);
    expect(densities({ density: 0.5, density_by_block: [1, 0.2] })).toEqual([1, 0.2]);
    expect([densities(counted), densities({ density_by_block: [2, 1] })]).toEqual([null, null]);
  });

  it("are nothing where it has none", () => {
    for (const none of [{}, { tokens_by_call: ["x", 1], density: 7 }]) expect([tokensByCall(none), density(none)]).toEqual([null, null]);
  });
});
