import { describe, expect, it } from "vitest";
import { closesCycle, connect, fits, freeInputs, partner, refusal, wireTo, type LooseEnd } from "./connection";
import { addCard, remove } from "./edit";
import { catalog, sheet } from "./samples";

const wire = (source: string, output: string, target: string, input: string) => ({ source, output, target, input });

describe("fits", () => {
  it.each([
    ["Model", "Model", true],
    ["Latent", "Image", false],
    ["int", "float", true],
    ["float", "int", false],
    ["Any", "Model", true],
    ["Model", "Any", true],
    ["float", "Image,float", true],
    ["int", "Image,float", false],
  ])("%s into %s: %s", (output, input, expected) => expect(fits(output, input)).toBe(expected));
});

describe("refusal", () => {
  it("lets a fitting wire pass", () => expect(refusal(sheet, catalog, wire("load", "model", "sample", "model"))).toBeNull());

  it("names both types", () => {
    expect(refusal(sheet, catalog, wire("sample", "latent", "decode", "vae"))).toBe("Latent does not fit VAE (vae).");
  });

  it("refuses a circle, also through other nodes", () => {
    const loop = connect(addCard(sheet, "cache", 0, 0).sheet, catalog, wire("load", "model", "cache", "model"));
    const longer = connect(loop, catalog, wire("cache", "model", "sample", "model"));
    expect(refusal(longer, catalog, wire("cache", "model", "cache", "model"))).toContain("circle");
    expect(closesCycle(longer.links, "sample", "load")).toBe(true);
    expect(closesCycle(longer.links, "load", "decode")).toBe(false);
  });

  it("refuses ports of unknown nodes", () => {
    const { sheet: more } = addCard(sheet, "from_a_pack", 0, 0);
    expect(refusal(more, catalog, wire("load", "model", "from_a_pack", "x"))).toContain("not known");
  });

  it("knows nodes by their old names", () => {
    const { sheet: more, id } = addCard(sheet, "old_cache", 0, 0);
    expect(refusal(more, catalog, wire("load", "model", id, "model"))).toBeNull();
  });
});

describe("connect", () => {
  it("replaces the link of a single input", () => {
    const { sheet: more } = addCard(sheet, "cache", 0, 0);
    const next = connect(more, catalog, wire("cache", "model", "sample", "model"));
    const into = next.links.filter((l) => l.target === "sample" && l.input === "model");
    expect(into.map((l) => l.source)).toEqual(["cache"]);
    expect(next.links).toHaveLength(sheet.links.length);
  });

  it("adds to a multiple input, in order and without doubles", () => {
    let next = addCard(sheet, "join", 0, 0).sheet;
    next = addCard(next, "decode", 0, 0).sheet;
    for (const source of ["decode", "decode_2", "decode"]) next = connect(next, catalog, wire(source, "image", "join", "images"));
    expect(next.links.filter((l) => l.target === "join").map((l) => l.source)).toEqual(["decode_2", "decode"]);
  });
});

describe("freeInputs", () => {
  const names = (of: typeof sheet, source: string, output: string, target: string) =>
    freeInputs(of, catalog, { source, output }, target).map((input) => input.name);

  it("are those without a link, of a fitting type", () => {
    const cut = remove(sheet, new Set(), new Set(["load.model>sample.model"]));
    expect(names(sheet, "load", "model", "sample")).toEqual([]);
    expect(names(cut, "load", "model", "sample")).toEqual(["model"]);
    expect(names(cut, "load", "vae", "sample")).toEqual([]);
  });

  it("are widgets only when no port fits, and multiple inputs always", () => {
    let more = addCard(addCard(sheet, "number", 0, 0).sheet, "join", 0, 0).sheet;
    expect(names(more, "number", "value", "sample")).toEqual(["seed", "steps"]);
    more = connect(more, catalog, wire("decode", "image", "join", "images"));
    expect(names(more, "decode", "image", "join")).toEqual(["images"]);
  });

  it("close no circle", () => expect(names(addCard(sheet, "anything", 0, 0).sheet, "anything", "value", "anything")).toEqual([]));
});

describe("partner", () => {
  const end = (type: string, side: LooseEnd["side"]): LooseEnd => ({ node: "n", port: "p", type, side });

  it("finds the input for an output, ports before widgets", () => {
    expect(partner(catalog["sample"]!, end("Model", "output"))?.name).toBe("model");
    expect(partner(catalog["sample"]!, end("int", "output"))?.name).toBe("seed");
    expect(partner(catalog["cache"]!, end("int", "output"))?.name).toBe("threshold");
  });

  it("finds the output for an input, or nothing", () => {
    expect(partner(catalog["decode"]!, end("Image", "input"))?.name).toBe("image");
    expect(partner(catalog["decode"]!, end("Model", "input"))).toBeUndefined();
  });

  it("wires in the right direction", () => {
    expect(wireTo(end("Model", "output"), "b", "in")).toEqual(wire("n", "p", "b", "in"));
    expect(wireTo(end("Model", "input"), "b", "out")).toEqual(wire("b", "out", "n", "p"));
  });
});
