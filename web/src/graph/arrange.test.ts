import { describe, expect, it } from "vitest";
import { arrange } from "./arrange";
import { sheet } from "./samples";

const boxes = (...ids: string[]) => ids.map((id) => ({ id, width: 100, height: 50 }));
const link = (source: string, target: string) => ({ id: `${source}>${target}`, source, output: "o", target, input: "i" });

describe("arrange", () => {
  it("puts every node right of all that feed it", () => {
    const spots = arrange(boxes(...Object.keys(sheet.cards)), sheet.links);
    for (const { source, target } of sheet.links) expect(spots.get(source)!.x).toBeLessThan(spots.get(target)!.x);
  });

  it("lets nothing overlap", () => {
    const ids = ["a", "b", "c", "d", "e"];
    const spots = arrange(boxes(...ids), [link("a", "d"), link("b", "d"), link("c", "e")]);
    const taken = ids.map((id) => spots.get(id)!);
    for (const one of taken) {
      const near = taken.filter((other) => other !== one && Math.abs(other.x - one.x) < 100 && Math.abs(other.y - one.y) < 50);
      expect(near).toEqual([]);
    }
  });

  it("uncrosses links", () => {
    const spots = arrange(boxes("a", "b", "y", "x"), [link("a", "x"), link("b", "y")]);
    const order = (one: string, other: string) => Math.sign(spots.get(one)!.y - spots.get(other)!.y);
    expect(order("a", "b")).toBe(order("x", "y"));
  });

  it("moves a node next to what it feeds", () => {
    const spots = arrange(boxes("a", "b", "c", "late"), [link("a", "b"), link("b", "c"), link("late", "c")]);
    expect(spots.get("late")!.x).toBe(spots.get("b")!.x);
  });

  it("ends on a circle and on nothing", () => {
    expect(arrange(boxes("a", "b"), [link("a", "b"), link("b", "a")]).size).toBe(2);
    expect(arrange([], []).size).toBe(0);
  });

  it("ignores links to what is not arranged", () => {
    expect(arrange(boxes("a"), [link("ghost", "a"), link("a", "ghost")]).get("a")).toEqual({ x: 0, y: 0 });
  });
});
