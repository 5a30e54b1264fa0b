import { describe, expect, it } from "vitest";
import { around, contains, fromMap, onMap, projection, viewOf } from "./minimap";

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

describe("the minimap", () => {
  it("bounds all boxes, and none", () => {
    expect(around([])).toBeNull();
    expect(around([box(0, 10, 20, 20), box(-5, 40, 10, 10)])).toEqual(box(-5, 10, 25, 40));
  });

  it("knows what the screen shows", () => {
    expect(viewOf([-100, 50, 2], 800, 600)).toEqual(box(50, -25, 400, 300));
  });

  it("tells whether all is in view", () => {
    expect(contains(box(0, 0, 100, 100), box(0, 0, 100, 100))).toBe(true);
    expect(contains(box(0, 0, 100, 100), box(50, 50, 51, 10))).toBe(false);
  });

  it("puts the world whole into the middle, and finds places again", () => {
    const map = projection(box(100, 100, 1000, 200), 116, 116);
    expect(onMap(map, box(100, 100, 1000, 200))).toEqual(box(8, 48, 100, 20));
    expect(fromMap(map, 58, 58)).toEqual({ x: 600, y: 200 });
  });
});
