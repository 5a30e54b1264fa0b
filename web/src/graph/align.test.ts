import { describe, expect, it } from "vitest";
import { align, distribute, type Alignment } from "./align";

const box = (id: string, x: number, y: number, width: number, height: number) => ({ id, x, y, width, height });
const boxes = [box("a", 0, 10, 100, 50), box("b", 250, 0, 200, 100), box("c", 130, 300, 60, 40)];
const spots = (map: ReadonlyMap<string, { x: number; y: number }>) => boxes.map(({ id }) => [map.get(id)!.x, map.get(id)!.y]);

describe("align", () => {
  it.each<[Alignment, number[]]>([
    ["left", [0, 0, 0]],
    ["right", [350, 250, 390]],
    ["centre", [175, 125, 195]],
  ])("%s moves only sideways", (to, xs) => expect(spots(align(boxes, to))).toEqual(xs.map((x, i) => [x, boxes[i]!.y])));

  it.each<[Alignment, number[]]>([
    ["top", [0, 0, 0]],
    ["bottom", [290, 240, 300]],
    ["middle", [145, 120, 150]],
  ])("%s moves only up and down", (to, ys) => expect(spots(align(boxes, to))).toEqual(ys.map((y, i) => [boxes[i]!.x, y])));

  it("leaves what stands alone, and what is aligned already", () => {
    expect(align([boxes[0]!], "right").get("a")).toEqual({ x: 0, y: 10 });
    const aligned = boxes.map((b) => ({ ...b, ...align(boxes, "left").get(b.id)! }));
    expect(align(aligned, "left")).toEqual(align(boxes, "left"));
    expect(align([], "left").size).toBe(0);
  });
});

describe("distribute", () => {
  it("makes equal gaps and keeps the outermost", () => {
    expect(spots(distribute(boxes, "x"))).toEqual([[0, 10], [250, 0], [145, 300]]);
    expect(spots(distribute(boxes, "y"))).toEqual([[0, 10], [250, 130], [130, 300]]);
  });

  it("overlaps all alike where there is no room", () => {
    const tight = [box("a", 0, 0, 100, 10), box("b", 20, 0, 100, 10), box("c", 100, 0, 100, 10)];
    expect([...distribute(tight, "x").values()].map((s) => s.x)).toEqual([0, 50, 100]);
  });

  it("has nothing to do for two", () => {
    expect(distribute(boxes.slice(0, 2), "x")).toEqual(new Map([["a", { x: 0, y: 10 }], ["b", { x: 250, y: 0 }]]));
  });
});
