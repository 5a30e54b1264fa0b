/** Numbers as widgets show and set them. */
export interface Range {
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number;
}

/** Digits after the point that a step needs: 0.05 -> 2, 1 -> 0. */
export function decimals(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  const text = step.toString();
  const exponent = /e-(\d+)$/.exec(text);
  if (exponent) return Math.min(10, Number(exponent[1]));
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

export function clamp(value: number, range: Range): number {
  return Math.min(range.max ?? Infinity, Math.max(range.min ?? -Infinity, value));
}

/** The nearest allowed value, counted in steps from the lower end. */
export function snap(value: number, range: Range, step = range.step): number {
  const from = range.min ?? 0;
  const snapped = step > 0 ? from + Math.round((value - from) / step) * step : value;
  return clamp(Number(snapped.toFixed(Math.max(decimals(step), decimals(from) || 0))), range);
}

/** A typed text as a number: decimal commas are understood, other text is refused with null. */
export function parseNumber(text: string, whole: boolean): number | null {
  const clean = text.trim().replace(",", ".");
  const value = clean === "" ? NaN : Number(clean);
  if (!Number.isFinite(value)) return null;
  return whole ? Math.round(value) : value;
}

/** At least the step's digits, and more when the value has more (a typed 0.123 is not shown as 0.12). */
export function formatNumber(value: number, step: number): string {
  const least = decimals(step);
  return Number(value.toFixed(8)).toString().length > value.toFixed(least).length ? String(Number(value.toFixed(8))) : value.toFixed(least);
}

/** Seconds for a badge: 0.8 s, 12 s, 3 min 5 s. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
