import { describe, expect, it } from "vitest";
import { clamp, decimals, formatDuration, formatNumber, parseNumber, snap } from "./numbers";

const unit = { min: 0, max: 1, step: 0.01 };

describe("numbers", () => {
  it.each([
    [1, 0],
    [0.05, 2],
    [0.001, 3],
    [1e-7, 7],
    [0, 0],
  ])("step %s has %s decimals", (step, digits) => expect(decimals(step)).toBe(digits));

  it("snap to steps without floating dust", () => {
    expect(snap(0.1 + 0.2, unit)).toBe(0.3);
    expect(snap(0.087, unit)).toBe(0.09);
    expect(snap(7, unit)).toBe(1);
    expect(snap(-1, unit)).toBe(0);
    expect(snap(70, { min: 64, max: 2048, step: 16 })).toBe(64);
    expect(snap(75, { min: 64, max: 2048, step: 16 })).toBe(80);
  });

  it("are clamped only where there is an end", () => {
    expect(clamp(1e9, { min: 0, max: null, step: 1 })).toBe(1e9);
    expect(clamp(-5, { min: 0, max: null, step: 1 })).toBe(0);
  });

  it("are read as people type them", () => {
    expect(parseNumber(" 0,5 ", false)).toBe(0.5);
    expect(parseNumber("7.6", true)).toBe(8);
    expect(parseNumber("1e3", false)).toBe(1000);
    expect(parseNumber("", false)).toBeNull();
    expect(parseNumber("ten", false)).toBeNull();
  });

  it("show the step's digits, and more when they have more", () => {
    expect(formatNumber(1, 0.01)).toBe("1.00");
    expect(formatNumber(0.123, 0.01)).toBe("0.123");
    expect(formatNumber(20, 1)).toBe("20");
    expect(formatNumber(0.30000000000000004, 0.1)).toBe("0.3");
  });

  it.each([
    [0.0004, "1 ms"],
    [0.08, "80 ms"],
    [0.84, "0.8 s"],
    [12.3, "12 s"],
    [59.7, "1 min 0 s"],
    [185, "3 min 5 s"],
  ])("%s seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});
