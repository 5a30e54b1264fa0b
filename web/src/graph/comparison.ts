/** What a comparison of techniques measured: one row a variant, the plain run first. */
export interface Measured {
  readonly name: string;
  readonly steps: number;
  /** Time over that of the plain run. */
  readonly time: number;
  /** Block calls, tokens or query-key pairs over those of the plain run; null where no technique counts them. */
  readonly work: number | null;
  /** dB; null where the pictures are the same, or where there are none. */
  readonly psnr: number | null;
  readonly ssim: number | null;
  readonly latentError: number;
  /** Share of the prompt that a judge saw; null when none was asked. */
  readonly accuracy: number | null;
}

const COMPARERS: readonly unknown[] = ["compare_techniques", "compare_sampling"];

/** The rows of a comparison's report; null for other reports. */
export function comparisonOf(report: Readonly<Record<string, unknown>>): readonly Measured[] | null {
  const rows = report["rows"];
  if (!COMPARERS.includes(report["technique"]) || !Array.isArray(rows) || rows.length < 3) return null;
  return (rows as Record<string, unknown>[]).map((row) => ({
    name: String(row["name"]),
    steps: Number(row["steps"]),
    time: Number(row["time_ratio"]),
    work: typeof row["work_saved"] === "number" ? 1 - row["work_saved"] : null,
    psnr: figure(row["psnr"]),
    ssim: figure(row["ssim"]),
    latentError: Number(row["latent_error"]),
    accuracy: figure(row["prompt_accuracy"]),
  }));
}

function figure(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** The comparison in a sentence. */
export function verdict([, quick, fewer]: readonly Measured[]): string {
  if (!quick || !fewer) return "";
  if (quick.time >= 1) return "Not worth it: it took longer than the plain run.";
  const rival = `${fewer.steps} plain steps`;
  if (quick.latentError < fewer.latentError) return `Worth it: nearer to the plain run than ${rival}, which cost as much.`;
  return `Not worth it: ${rival} cost as much and are nearer to the plain run.`;
}

export interface Spot extends Measured {
  readonly x: number;
  readonly y: number;
}

/** Cost from left to right and error from bottom to top, both as shares (0..1) of the plot; y grows downwards. */
export function plot(rows: readonly Measured[]): { spots: readonly Spot[]; curve: readonly Spot[]; costs: number; errors: number } {
  const costs = 1.05 * Math.max(1, ...rows.map((row) => row.time));
  const errors = 1.1 * Math.max(...rows.map((row) => row.latentError), 1e-6);
  const spots = rows.map((row): Spot => ({ ...row, x: row.time / costs, y: 1 - row.latentError / errors }));
  // All but the run with techniques are plain: together they are what fewer steps cost and lose.
  const curve = spots.filter((_, i) => i !== 1).sort((a, b) => a.x - b.x);
  return { spots, curve, costs, errors };
}
