import { describe, expect, it } from "vitest";
import { connect } from "./connection";
import { addCard } from "./edit";
import { catalog, sheet } from "./samples";
import { drawSeed, rollSeeds, seedMode, seedValue, setSeedMode } from "./seeds";

describe("seed values", () => {
  it("stay numbers while exact, else strings", () => {
    expect(seedValue("42")).toBe(42);
    expect(seedValue("0042")).toBe(42);
    expect(seedValue("9007199254740991")).toBe(9007199254740991);
    expect(seedValue("9007199254740993")).toBe("9007199254740993");
    expect(seedValue("18446744073709551615")).toBe("18446744073709551615");
  });

  it("are digits only", () => {
    expect(seedValue("-3 x")).toBe(3);
    expect(seedValue("")).toBe(0);
  });

  it("are drawn differently and exactly", () => {
    const drawn = new Set(Array.from({ length: 50 }, drawSeed));
    expect(drawn.size).toBe(50);
    expect([...drawn].every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
  });
});

describe("random mode", () => {
  const random = setSeedMode(sheet, "sample", "seed", "random");

  it("is kept in the node's extra keys", () => {
    expect(seedMode(sheet.cards["sample"], "seed")).toBe("fixed");
    expect(random.cards["sample"]!.extra).toEqual({ seed_mode: { seed: "random" } });
    expect(seedMode(random.cards["sample"], "seed")).toBe("random");
    expect(seedMode(undefined, "seed")).toBe("fixed");
  });

  it("draws at each run, and only there", () => {
    expect(rollSeeds(sheet, () => 5)).toBe(sheet);
    expect(rollSeeds(random, () => 5).values["sample"]).toMatchObject({ seed: 5, steps: 8 });
    expect(rollSeeds(setSeedMode(random, "sample", "seed", "fixed"), () => 5).values["sample"]!["seed"]).toBe("18446744073709551615");
  });

  it("leaves a seed that is fed by a link", () => {
    const fed = connect(addCard(random, "number", 0, 0).sheet, catalog, { source: "number", output: "value", target: "sample", input: "seed" });
    expect(rollSeeds(fed, () => 5)).toBe(fed);
  });
});
