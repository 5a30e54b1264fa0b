import { describe, expect, it } from "vitest";
import { copy, paste, readClip } from "./clipboard";
import { move } from "./edit";
import { drawnEnds, faceOfFold, fold, foldRow, foldSize, foldsOf, framesIn, isFoldedAway, unfold, withFolded } from "./folding";
import { linkId, newCard, type Frame, type Sheet } from "./sheet";

const frame = (id: string, x: number, size: number): Frame => ({ id, title: id, color: "", x, y: 0, width: size, height: size, extra: {} });
const link = (source: string, target: string) => ({ id: linkId({ source, output: "out", target, input: "in" }), source, output: "out", target, input: "in" });
const sheet: Sheet = {
  cards: Object.fromEntries(["a", "b", "c", "d"].map((id, i) => [id, newCard(id, "t", 100 * i, 0)])),
  links: [link("a", "b"), link("b", "c"), link("c", "d")],
  frames: [frame("outer", 50, 300), frame("note", 60, 50), frame("inner", 150, 100)],
  values: {},
};
const [outer, , inner] = sheet.frames as [Frame, Frame, Frame];
const folded = fold(sheet, outer, new Set(["b", "c"]));

describe("a collapsed group", () => {
  it("hides its cards, and the notes and groups in it", () => {
    const folds = foldsOf(folded);
    expect([...folds].map(([id, f]) => `${id} in ${f.id}`)).toEqual(["b in outer", "c in outer"]);
    expect(folded.frames.filter((f) => isFoldedAway(f, folds)).map((f) => f.id)).toEqual(["note", "inner"]);
    expect(framesIn(outer, sheet).map((f) => f.id)).toEqual(["note", "inner"]);
  });

  it("shows them again as they were", () => {
    expect(unfold(folded, folded.frames[0]!)).toEqual(sheet);
  });

  it("takes the links that cross its border, and hides those within", () => {
    const folds = foldsOf(folded);
    expect(folded.links.map((l) => drawnEnds(l, folds))).toEqual([
      { source: "a", sourceHandle: "out", target: "outer", targetHandle: "b.in" },
      null,
      { source: "outer", sourceHandle: "c.out", target: "d", targetHandle: "in" },
    ]);
    const face = faceOfFold(folded.frames[0]!, folded.links, folds);
    expect(face).toEqual({ inputs: [{ handle: "b.in", node: "b", port: "in" }], outputs: [{ handle: "c.out", node: "c", port: "out" }] });
    expect(foldSize(face).height).toBeGreaterThan(foldRow(0));
  });

  it("lies in another that is collapsed, and stays collapsed when that is opened", () => {
    const small = fold(sheet, inner, new Set(["c"]));
    const both = fold(small, small.frames[0]!, new Set(["b", "c"]));
    expect([...foldsOf(both).values()].map((f) => f.id)).toEqual(["outer", "outer"]);
    const opened = unfold(both, both.frames[0]!);
    expect([...foldsOf(opened)].map(([id, f]) => `${id} in ${f.id}`)).toEqual(["c in inner"]);
    expect(opened.frames.some((f) => isFoldedAway(f, foldsOf(opened)))).toBe(false);
  });

  it("moves with all that it holds", () => {
    const moved = move(folded, new Map([["outer", { x: 60, y: 5 }]]), new Map([["outer", withFolded(folded, new Set(["outer"]))]]));
    expect([moved.cards["b"], moved.frames[1]].map((one) => [one!.x, one!.y])).toEqual([[110, 5], [70, 5]]);
    expect(moved.cards["a"]).toBe(folded.cards["a"]);
  });

  it("is copied with all that it holds, under their new names", () => {
    const { sheet: pasted } = paste(folded, readClip(copy(folded, new Set(["outer"])))!, null);
    expect(Object.keys(pasted.cards)).toEqual(["a", "b", "c", "d", "b_2", "c_2"]);
    expect(pasted.frames.slice(3).map((f) => f.extra)).toEqual([{ collapsed: ["b_2", "c_2"] }, { inside: "b_2" }, { inside: "b_2" }]);
  });
});
