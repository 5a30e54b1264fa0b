import { describe, expect, it } from "vitest";
import { comparisonOf, plot, verdict } from "./comparison";

const row = (name: string, steps: number, time_ratio: number, latent_error: number, more = {}) => ({ name, steps, time_ratio, work_saved: null, psnr: 20, ssim: 0.9, latent_error, prompt_accuracy: null, ...more });
const report = {
  technique: "compare_techniques",
  worth_it: true,
  rows: [row("plain", 20, 1, 0, { psnr: null }), row("with techniques", 20, 0.6, 0.1, { work_saved: 0.4 }), row("fewer steps, same cost", 12, 0.61, 0.3), row("5 steps", 5, 0.25, 0.8)],
};

describe("a comparison of techniques", () => {
  it("reads the rows of its report, and of no other", () => {
    const rows = comparisonOf(report)!;
    expect(rows[0]).toMatchObject({ name: "plain", psnr: null, work: null, time: 1 });
    expect(rows[1]).toMatchObject({ work: 0.6, latentError: 0.1 });
    expect(comparisonOf({ technique: "taylor_seer", rows: report.rows })).toBeNull();
    expect(comparisonOf({ technique: "compare_techniques", rows: [] })).toBeNull();
  });

  it("says whether fewer steps would have done as well", () => {
    const [plain, quick, fewer] = comparisonOf(report)!;
    expect(verdict([plain!, quick!, fewer!])).toBe("Worth it: nearer to the plain run than 12 plain steps, which cost as much.");
    expect(verdict([plain!, { ...quick!, latentError: 0.5 }, fewer!])).toMatch(/^Not worth it: 12 plain steps cost as much/);
    expect(verdict([plain!, { ...quick!, time: 1.2 }, fewer!])).toMatch(/took longer/);
  });

  it("plots error against cost, and joins the plain runs in order of cost", () => {
    const { spots, curve, costs } = plot(comparisonOf(report)!);
    expect(costs).toBeCloseTo(1.05);
    expect(spots[0]!.y).toBe(1);
    expect(spots.every(({ x, y }) => x > 0 && x < 1 && y > 0 && y <= 1)).toBe(true);
    expect(curve.map(({ steps }) => steps)).toEqual([5, 12, 20]);
  });
});
