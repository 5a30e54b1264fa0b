import { describe, expect, it } from "vitest";
import { copy, paste, readClip, takeGraphs } from "./clipboard";
import { connect, refusal } from "./connection";
import { readDocument, writeDocument } from "./document";
import { graphSchemas } from "./graphs";
import { faceOf, graphType, INPUTS, NEW_PORT, OUTPUTS } from "./interface";
import { movePort, removePort, renamePort } from "./ports";
import { catalog, sheet } from "./samples";
import type { Pages, Sheet } from "./sheet";
import { graphsWithin, hasNode, makeSubgraph, prune, unpack } from "./subgraph";

const ids = (...names: string[]) => new Set(names);
const wires = (of: Sheet) => of.links.map((l) => l.id).sort();

function made(...names: string[]) {
  const pages: Pages = { main: { sheet, extra: {} } };
  const result = makeSubgraph(sheet, ids(...names), catalog, pages)!;
  return { ...result, pages: { main: { sheet: result.sheet, extra: {} }, [result.graph]: result.page } as Pages };
}

describe("makeSubgraph", () => {
  it("makes an input of each output that feeds it, and an output of each that is used", () => {
    const { page, sheet: outer, id } = made("prompt", "sample");
    expect(faceOf(page.sheet)).toEqual({ inputs: [{ name: "model", type: "Model" }], outputs: [{ name: "latent", type: "Latent" }] });
    expect(wires(page.sheet)).toEqual([
      `${INPUTS}.model>prompt.model`,
      `${INPUTS}.model>sample.model`,
      "prompt.conditioning>sample.positive",
      `sample.latent>${OUTPUTS}.latent`,
    ]);
    expect(wires(outer)).toEqual([`${id}.latent>decode.latent`, "load.vae>decode.vae", `load.model>${id}.model`].sort());
    expect(page.sheet.values["sample"]).toEqual(sheet.values["sample"]);
  });

  it("has nothing to make of nothing", () => expect(makeSubgraph(sheet, ids("gone"), catalog, {})).toBeNull());

  it("gives a schema with the types of what it holds", () => {
    const { pages, graph } = made("prompt", "sample");
    const schemas = graphSchemas(pages, "main", catalog);
    const schema = schemas[graphType(graph)]!;
    expect(schema.inputs.map((i) => [i.name, i.type, i.port, i.required])).toEqual([["model", "Model", true, true]]);
    expect(schema.outputs).toEqual([{ name: "latent", type: "Latent" }]);
  });
});

describe("unpack", () => {
  it.each([[["prompt", "sample"]], [["load"]], [["decode"]], [["load", "prompt", "sample", "decode"]]])("is the way back from %j", (names) => {
    const { sheet: outer, id, page } = made(...names);
    const back = unpack(outer, id, page)!.sheet;
    expect(wires(back)).toEqual(wires(sheet));
    expect(back.values).toEqual(sheet.values);
    expect(Object.fromEntries(Object.values(back.cards).map((c) => [c.id, c.type]))).toEqual(Object.fromEntries(Object.values(sheet.cards).map((c) => [c.id, c.type])));
  });

  it("takes over values that were set on the card, and its mode", () => {
    const { sheet: outer, id, page, graph } = made("sample");
    const pages = graphSchemas({ main: { sheet: outer, extra: {} }, [graph]: page }, "main", catalog);
    const promoted = connect(page.sheet, { ...catalog, ...pages }, { source: INPUTS, output: NEW_PORT, target: "sample", input: "steps" });
    const muted: Sheet = { ...outer, values: { ...outer.values, [id]: { steps: 33 } }, cards: { ...outer.cards, [id]: { ...outer.cards[id]!, mode: "mute" } } };
    const back = unpack(muted, id, { sheet: promoted, extra: {} })!.sheet;
    expect(back.values["sample"]).toEqual({ ...sheet.values["sample"], steps: 33 });
    expect(back.cards["sample"]!.mode).toBe("mute");
  });
});

describe("the document", () => {
  it("keeps subgraphs, nested ones too", () => {
    const { pages, graph } = made("prompt", "sample");
    const inner = makeSubgraph(pages[graph]!.sheet, ids("prompt"), catalog, pages)!;
    const all: Pages = { ...pages, [graph]: { sheet: inner.sheet, extra: {} }, [inner.graph]: inner.page };
    const saved = writeDocument(all, "main", "T", { format: "patchloom/1" }, null);
    const again = readDocument(JSON.parse(JSON.stringify(saved)));
    expect(writeDocument(again.pages, again.root, "T", again.head, null)).toEqual(saved);
    expect(graphsWithin(again.sheet, again.pages)).toEqual(ids(graph, inner.graph));
    expect(hasNode(again.pages, "main", `subgraph/${inner.id}/prompt`)).toBe(true);
    expect(hasNode(again.pages, "main", "subgraph/prompt")).toBe(false);
  });

  it("writes an end also for an output that nothing feeds", () => {
    const { pages, graph } = made("sample");
    const unfed = { ...pages[graph]!.sheet, links: [] };
    const saved = writeDocument({ ...pages, [graph]: { sheet: unfed, extra: {} } }, "main", "T", { format: "patchloom/1" }, null);
    const face = (saved.graphs[graph] as unknown as { interface: { outputs: unknown[] } }).interface;
    expect(face.outputs).toEqual([{ name: "latent", type: "Latent", from: ["", ""] }]);
    expect(faceOf(readDocument(saved).pages[graph]!.sheet).outputs.map((p) => p.name)).toEqual(["latent"]);
  });

  it("loses a subgraph with the last card that stands for it", () => {
    const { pages, graph, sheet: outer, id, page } = made("sample");
    const without = { ...pages, main: { sheet: unpack(outer, id, page)!.sheet, extra: {} } };
    expect(Object.keys(prune(without, pages, "main"))).toEqual(["main"]);
    expect(Object.keys(prune(pages, pages, "main"))).toEqual(["main", graph]);
  });
});

describe("ports", () => {
  it("are made by a link to +, named after its other end", () => {
    const { page, pages } = made("sample");
    const all = { ...catalog, ...graphSchemas(pages, "main", catalog) };
    const one = connect(page.sheet, all, { source: INPUTS, output: NEW_PORT, target: "sample", input: "seed" });
    expect(faceOf(one).inputs.at(-1)).toEqual({ name: "seed", type: "int" });
    const two = connect(one, all, { source: "sample", output: "latent", target: OUTPUTS, input: NEW_PORT });
    expect(faceOf(two).outputs.map((p) => p.name)).toEqual(["latent", "latent_2"]);
    expect(refusal(two, all, { source: INPUTS, output: NEW_PORT, target: OUTPUTS, input: NEW_PORT })).toContain("Put a node between");
  });

  it("keep links and values of every card that uses them when they are renamed or removed", () => {
    const { pages, graph, id } = made("prompt", "sample");
    const named = renamePort(pages, graph, "inputs", "model", "transformer");
    expect(wires(named["main"]!.sheet)).toContain(`load.model>${id}.transformer`);
    expect(wires(named[graph]!.sheet)).toContain(`${INPUTS}.transformer>sample.model`);
    expect(renamePort(named, graph, "outputs", "latent", "latent")).toBe(named);
    const gone = removePort(named, graph, "inputs", "transformer");
    expect(wires(gone["main"]!.sheet)).toEqual([`${id}.latent>decode.latent`, "load.vae>decode.vae"].sort());
    expect(faceOf(gone[graph]!.sheet).inputs).toEqual([]);
  });

  it("change places", () => {
    const { page } = made("decode");
    const names = (of: Sheet) => faceOf(of).inputs.map((p) => p.name);
    expect(names(page.sheet)).toEqual(["latent", "vae"]);
    expect(names(movePort(page.sheet, "inputs", "vae", -1))).toEqual(["vae", "latent"]);
    expect(names(movePort(page.sheet, "inputs", "vae", 1))).toEqual(["latent", "vae"]);
  });
});

describe("copies", () => {
  it("share the subgraph in the same document and bring it to another", () => {
    const { pages, graph, id, sheet: outer } = made("prompt", "sample");
    const clip = readClip(copy(outer, ids(id), pages))!;
    const here = takeGraphs(pages, clip);
    expect(Object.keys(here.pages)).toEqual(["main", graph]);
    expect(paste(outer, here.clip, null).sheet.cards["subgraph_2"]!.type).toBe(graphType(graph));
    const other: Pages = { main: { sheet, extra: {} }, [graph]: { sheet, extra: { title: "another" } } };
    const there = takeGraphs(other, clip);
    expect(there.pages[graph]).toBe(other[graph]);
    expect(there.clip.cards[0]!.type).toBe(graphType(`${graph}_2`));
    expect(Object.keys(there.pages)).toContain(`${graph}_2`);
  });
});
