import { describe, expect, it } from "vitest";
import { addDot, carryDots, clearDots, course, moveDot, readDots, removeDot, writeDots } from "./dots";
import { move } from "./edit";
import { sheet } from "./samples";

const link = "load.model>sample.model";
const dots = (of: typeof sheet) => of.links.find((l) => l.id === link)!.via;
const start = { x: 0, y: 0 };
const end = { x: 300, y: 0 };
const one = addDot(sheet, link, { x: 100, y: 50 }, start, end);

describe("dots", () => {
  it("find their place along the link", () => {
    const two = addDot(one, link, { x: 200, y: 50 }, start, end);
    expect(dots(addDot(two, link, { x: 150, y: 60 }, start, end))!.map((d) => d.x)).toEqual([100, 150, 200]);
    expect(dots(addDot(two, link, { x: 20, y: 0 }, start, end))!.map((d) => d.x)).toEqual([20, 100, 200]);
  });

  it("are moved and removed", () => {
    expect(dots(moveDot(one, link, 0, { x: 7, y: 8 }))).toEqual([{ x: 7, y: 8 }]);
    expect(dots(removeDot(one, link, 0))).toEqual([]);
    expect(dots(clearDots(one, link))).toEqual([]);
  });

  it("are kept by the document, whole", () => {
    const moved = moveDot(one, link, 0, { x: 7.4, y: 8.6 });
    const saved = writeDots(moved.links);
    expect(saved).toEqual({ reroutes: { [link]: [[7, 9]] } });
    expect(dots({ ...sheet, links: readDots(sheet.links, saved["reroutes"]) })).toEqual([{ x: 7, y: 9 }]);
    expect(writeDots(sheet.links)).toEqual({});
    expect(readDots(sheet.links, { [link]: "here" })).toEqual(sheet.links);
  });

  it("go along when both ends move alike", () => {
    const both = new Map([["load", { x: 10, y: 20 }], ["sample", { x: 610, y: 20 }]]);
    expect(dots(move(one, both, new Map()))).toEqual([{ x: 110, y: 70 }]);
    expect(dots(move(one, new Map([["load", { x: 10, y: 20 }]]), new Map()))).toEqual([{ x: 100, y: 50 }]);
    expect(carryDots(sheet.links, () => start)).toBe(sheet.links);
  });

  it("draw a course through all points", () => {
    expect(course([start, { x: 100, y: 50 }, end])).toBe("M0,0 C50,0 50,50 100,50 C200,50 200,0 300,0");
    expect(course([])).toBe("");
  });
});
