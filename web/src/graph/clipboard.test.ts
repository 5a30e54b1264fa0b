import { describe, expect, it } from "vitest";
import { copy, feeding, paste, readClip } from "./clipboard";
import { addFrame } from "./edit";
import { document, sheet } from "./samples";

const ids = (...names: string[]) => new Set(names);
const clip = (...names: string[]) => readClip(copy(sheet, ids(...names)))!;

describe("copy and paste", () => {
  it("takes the links between what is copied", () => {
    const pasted = paste(sheet, clip("sample", "decode"), null);
    expect([...pasted.ids]).toEqual(["sample_2", "decode_2"]);
    expect(pasted.sheet.links.at(-1)).toEqual({
      id: "sample_2.latent>decode_2.latent",
      source: "sample_2",
      output: "latent",
      target: "decode_2",
      input: "latent",
    });
    expect(pasted.sheet.links).toHaveLength(sheet.links.length + 1);
    expect(pasted.sheet.values["sample_2"]).toEqual(sheet.values["sample"]);
  });

  it("puts the upper left corner where asked", () => {
    const { sheet: next } = paste(sheet, clip("sample", "decode"), { x: 50, y: 70 });
    expect(next.cards["sample_2"]).toMatchObject({ x: 50, y: 70 });
    expect(next.cards["decode_2"]).toMatchObject({ x: 350, y: 70 });
  });

  it("duplicates with what feeds the originals", () => {
    const selected = ids("sample");
    const { sheet: next } = paste(sheet, clip("sample"), null, feeding(sheet, selected));
    expect(next.links.filter((l) => l.target === "sample_2").map((l) => l.source)).toEqual(["load", "prompt"]);
    expect(next.links.filter((l) => l.source === "sample_2")).toEqual([]);
  });

  it("copies groups", () => {
    const framed = addFrame(sheet, ids("load"), () => ({ width: 100, height: 100 }))!;
    const text = copy(framed.sheet, ids("load", framed.id));
    const pasted = paste(framed.sheet, readClip(text)!, null);
    expect(pasted.sheet.frames).toHaveLength(2);
    expect(pasted.ids.size).toBe(2);
    expect(new Set(pasted.sheet.frames.map((f) => f.id)).size).toBe(2);
  });

  it("leaves the sheet alone", () => {
    const before = JSON.stringify(sheet);
    paste(sheet, clip("load"), null);
    expect(JSON.stringify(sheet)).toBe(before);
  });
});

describe("readClip", () => {
  it("understands whole documents", () => {
    expect(readClip(JSON.stringify(document))!.cards.map((c) => c.id)).toEqual(["load", "prompt", "sample", "decode"]);
  });

  it("refuses all else", () => {
    for (const text of ["hello", "{}", "[1]", "null", '{"kind":"other/clip"}']) expect(readClip(text)).toBeNull();
  });
});
