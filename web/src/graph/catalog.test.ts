import { describe, expect, it } from "vitest";
import { effectiveValue, inputOf, label, outputOf, schemas } from "./catalog";
import { CARD_COLORS, categoryHue, hue, isGrey } from "./colors";
import { catalog, steps } from "./samples";

describe("catalog", () => {
  it("leads old names to the node, and lists it once", () => {
    expect(catalog["old_cache"]).toBe(catalog["cache"]);
    expect(schemas(catalog).filter((s) => s.id === "cache")).toHaveLength(1);
  });

  it("finds inputs and outputs by name", () => {
    expect(inputOf(catalog["sample"], "steps")?.type).toBe("int");
    expect(outputOf(catalog["sample"], "latent")?.type).toBe("Latent");
    expect(inputOf(undefined, "steps")).toBeUndefined();
  });

  it("takes the default only where nothing is saved", () => {
    expect(effectiveValue(steps, undefined)).toBe(20);
    expect(effectiveValue(steps, 0)).toBe(0);
    expect(effectiveValue(steps, null)).toBeNull();
  });

  it("labels with words", () => expect(label("negative_prompt")).toBe("negative prompt"));
});

describe("colours", () => {
  it("are stable for types that nobody foresaw", () => {
    expect(hue("Splat")).toBe(hue("Splat"));
    expect(hue("Splat")).toBeGreaterThanOrEqual(0);
    expect(hue("Splat")).toBeLessThan(360);
  });

  it("are grey for what is everywhere", () => expect([isGrey("str"), isGrey("Any"), isGrey("Model")]).toEqual([true, true, false]));

  it("go by the top category", () => {
    expect(categoryHue("images/edit")).toBe(categoryHue("images"));
    expect(categoryHue("")).toBe(categoryHue("other"));
  });

  it("differ from each other on cards", () => {
    const hues = Object.values(CARD_COLORS);
    expect(new Set(hues).size).toBe(hues.length);
  });
});
