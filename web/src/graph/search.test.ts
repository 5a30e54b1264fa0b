import { describe, expect, it } from "vitest";
import { buildCatalog } from "./catalog";
import { catalog, schema } from "./samples";
import { score, searchNodes } from "./search";

const ids = (...args: Parameters<typeof searchNodes>) => searchNodes(...args).map((node) => node.id);

describe("score", () => {
  it("prefers substrings, at word starts, early", () => {
    expect(score("cache", "First block cache")).toBeGreaterThan(score("ache", "First block cache"));
    expect(score("first", "First block cache")).toBeGreaterThan(score("cache", "First block cache"));
    expect(score("fbc", "First block cache")).toBeGreaterThan(0);
    expect(score("fbc", "First block cache")).toBeLessThan(score("block", "First block cache"));
  });

  it("refuses strewn letters and absent ones", () => {
    expect(score("zq", "First block cache")).toBe(0);
    expect(score("tkh", "First block cache")).toBe(0);
  });

  it("matches everything when nothing is asked", () => expect(score("", "x")).toBe(1));
});

describe("searchNodes", () => {
  it("finds by title, id and category", () => {
    expect(ids(catalog, "sam", null, [])[0]).toBe("sample");
    expect(ids(catalog, "encode_text", null, [])[0]).toBe("encode_text");
    expect(ids(catalog, "loaders", null, [])).toContain("load_model");
  });

  it("finds by words of the description, last", () => {
    const more = buildCatalog([schema("a", [], [], { description: "Skip blocks." }), schema("skip", [], [])]);
    expect(ids(more, "skip", null, [])).toEqual(["skip", "a"]);
  });

  it("offers only what fits a loose end", () => {
    const end = { node: "n", port: "p", type: "Latent", side: "output" } as const;
    expect(ids(catalog, "", end, []).sort()).toEqual(["anything", "decode"]);
    expect(ids(catalog, "", { ...end, type: "Image", side: "input" }, []).sort()).toEqual(["anything", "decode", "join"]);
  });

  it("lists each node once and recent ones first", () => {
    expect(ids(catalog, "", null, ["decode"])[0]).toBe("decode");
    expect(ids(catalog, "cache", null, []).filter((id) => id === "cache")).toHaveLength(1);
  });
});
