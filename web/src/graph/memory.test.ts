import { describe, expect, it } from "vitest";
import type { PartMemory, PlannedMemory } from "../api/types";
import { fill, loadedParts, plannedPeak } from "./memory";

const part = (name: string, bytes: number): PartMemory => ({ name, model: "flux", precision: "BF16", parameters: 1, file: bytes, bytes, placement: "resident" });
const memory: PlannedMemory = {
  device: "cpu",
  budget: 100,
  peak: 80,
  at: "box/sample",
  nodes: {
    load: { parts: [part("text encoder", 10), part("transformer", 40)], working: 0, peak: 50 },
    "box/sample": { parts: [], working: 30, peak: 80 },
    "box/decode": { parts: [], working: 10, peak: 60 },
  },
};

describe("planned memory", () => {
  it("lists what is loaded, the largest first", () => {
    expect(loadedParts(memory).map(({ node, part }) => `${node} ${part.name}`)).toEqual(["load transformer", "load text encoder"]);
  });

  it("knows the peak of a node and of a subgraph's card", () => {
    expect(plannedPeak(memory, "load")).toBe(50);
    expect(plannedPeak(memory, "box")).toBe(80);
    expect(plannedPeak(memory, "prompt")).toBeNull();
    expect(plannedPeak(null, "load")).toBeNull();
  });

  it("says how full it gets and whether it fits", () => {
    expect(fill(memory)).toEqual({ share: 0.8, over: false });
    expect(fill({ peak: 300, budget: 100 })).toEqual({ share: 1, over: true });
    expect(fill({ peak: 0, budget: 0 })).toEqual({ share: 0, over: false });
  });
});
