import { describe, expect, it } from "vitest";
import { addPoint, boxBetween, keepInside, moveEnd, movePoint, readArrows, readBoxes, readCurve } from "./shapes";

describe("curves", () => {
  it("are read in order, and rubbish is nothing", () => {
    expect(readCurve("[[1,0],[0,1]]")).toEqual([[0, 1], [1, 0]]);
    for (const text of ["", "x", "{}", "[1,[2]]", null]) expect(readCurve(text)).toEqual([]);
  });

  it("keep their points between their neighbours", () => {
    const points = readCurve("[[0,0],[0.5,0.5],[1,1]]");
    expect(movePoint(points, 1, [2, 9], 0, 1)[1]).toEqual([1, 1]);
    expect(movePoint(points, 1, [-2, -9], 0, 1)[1]).toEqual([0, 0]);
    expect(addPoint(points, [0.7, 0.1])).toEqual({ points: [[0, 0], [0.5, 0.5], [0.7, 0.1], [1, 1]], at: 2 });
  });
});

describe("boxes", () => {
  it("are spanned by two corners", () => {
    expect(boxBetween([0.8, 0.6], [0.2, 0.1], "sky")).toEqual({ x: 0.2, y: 0.1, width: 0.6, height: 0.5, text: "sky" });
    expect(boxBetween([-1, 0.5], [0.5, 2])).toMatchObject({ x: 0, y: 0.5, width: 0.5, height: 0.5 });
  });

  it("stay on the picture", () => {
    expect(keepInside({ x: 0.9, y: -1, width: 0.5, height: 3, text: "" })).toMatchObject({ x: 0.5, y: 0, width: 0.5, height: 1 });
    expect(readBoxes('[{"x":0.1,"y":0.2,"width":0.3,"height":0.4,"text":"fox"}, 7]')).toEqual([{ x: 0.1, y: 0.2, width: 0.3, height: 0.4, text: "fox" }]);
  });
});

describe("arrows", () => {
  it("are four shares", () => {
    expect(readArrows("[[0.1,0.2,0.3,5],[1]]")).toEqual([[0.1, 0.2, 0.3, 1]]);
    expect(moveEnd([[0, 0, 1, 1]], 0, 1, [0.5, -2])).toEqual([[0, 0, 0.5, 0]]);
    expect(moveEnd([[0, 0, 1, 1]], 0, 0, [0.5, 0.25])).toEqual([[0.5, 0.25, 1, 1]]);
  });
});
