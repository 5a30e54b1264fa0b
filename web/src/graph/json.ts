/** Reading JSON that somebody else wrote. */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Two numbers, such as a position; what is none counts as zero. */
export function pair(value: unknown): [number, number] {
  if (!Array.isArray(value)) return [0, 0];
  const [a, b] = value.map(Number);
  return [Number.isFinite(a) ? a! : 0, Number.isFinite(b) ? b! : 0];
}
