import { comparisonOf, verdict } from "./comparison";

/** What a technique says it did, made readable. Reports are open objects with at least `technique`. */
export type Report = Readonly<Record<string, unknown>>;

export const CELL_NAMES: Readonly<Record<string, string>> = { c: "computed", r: "reused", p: "predicted", s: "skipped" };

/** One string a step, one letter a block; null when the report has no grid. */
export function grid(report: Report): readonly string[] | null {
  const rows = report["grid"];
  return Array.isArray(rows) && rows.length > 0 && rows.every((r) => typeof r === "string") ? (rows as string[]) : null;
}

/** For each row of tokens a string of digits: how often each was computed, 0 to 9; null when there is none. */
export function tokenMap(report: Report): readonly string[] | null {
  const rows = report["token_map"];
  return Array.isArray(rows) && rows.length > 0 && rows.every((r) => typeof r === "string" && /^\d+$/.test(r))
    ? (rows as string[])
    : null;
}

/** What a cell of the grid stands for. */
export function cellUnit(report: Report): "block" | "module" | "call" {
  if ("modules" in report) return "module";
  return "calls" in report ? "call" : "block";
}

export function countCells(rows: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) for (const cell of row) counts[cell] = (counts[cell] ?? 0) + 1;
  return counts;
}

export function techniqueName(report: Report): string {
  const name = typeof report["technique"] === "string" ? report["technique"] : "technique";
  return name.replaceAll("_", " ");
}

/** The report in one line: its own summary, the share that it saved, what its grid says, or its first two numbers. */
export function summary(report: Report): string {
  const compared = comparisonOf(report);
  if (compared) return verdict(compared);
  if (typeof report["summary"] === "string") return report["summary"];
  const share = savedShare(report) ?? seenShare(report);
  if (share) return share;
  const rows = grid(report);
  if (rows) return gridSummary(rows, rowUnit(report, rows));
  const facts = details(report).slice(0, 2).map(([name, value]) => `${name} ${value}`);
  return facts.length ? facts.join(", ") : techniqueName(report);
}

const SAVED = /^(?:(\w+)_)?saved$/;

/** `calls_saved: 0.48` in words: "48 % of the block calls saved"; null when the report names no share. */
function savedShare(report: Report): string | null {
  for (const [name, value] of Object.entries(report)) {
    const of = SAVED.exec(name);
    if (of && isShare(value)) return `${percent(value)} of the ${whole(of[1] ?? "calls", report)} saved`;
  }
  return null;
}

/** `density: 0.33` in words, and what was computed where that is more; null when the report names no density. */
function seenShare(report: Report): string | null {
  const seen = density(report);
  if (seen === null) return null;
  const computed = report["computed_pairs"];
  const more = isShare(computed) && computed > seen ? `, ${percent(computed)} computed` : "";
  return `${percent(seen)} of the query-key pairs looked at${more}`;
}

/** What the technique says in words, such as why it saved nothing; null when it does not. */
export function note(report: Report): string | null {
  return typeof report["note"] === "string" ? report["note"] : null;
}

function whole(of: string, report: Report): string {
  if (of !== "calls") return of.replaceAll("_", " ");
  return "modules" in report ? "module calls" : "block calls";
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Guidance calls the model more than once a step; then a row of the grid is a call. */
export function rowUnit(report: Report, rows: readonly string[]): "steps" | "calls" {
  const steps = report["steps"];
  return typeof steps === "number" && steps !== rows.length ? "calls" : "steps";
}

function gridSummary(rows: readonly string[], unit: string): string {
  const counts = countCells(rows);
  const saved = rows.filter((row) => /[rps]/.test(row)).length;
  const cells = rows.reduce((sum, row) => sum + row.length, 0);
  const spared = cells - (counts["c"] ?? 0);
  if (!spared) return `all blocks computed, ${rows.length} ${unit}`;
  return `${percent(spared / cells)} spared, in ${saved} of ${rows.length} ${unit}`;
}

/** The plain facts of a report, for a table. */
export function details(report: Report): [string, string][] {
  return Object.entries(report)
    .filter(([name, value]) => !["technique", "grid", "summary", "token_map", "tokens_by_call", "density_by_block", "note"].includes(name) && isFact(value))
    .map(([name, value]) => [name.replaceAll("_", " "), SAVED.test(name) && isShare(value) ? percent(value) : fact(value)]);
}

function isFact(value: unknown): boolean {
  return ["number", "string", "boolean"].includes(typeof value) || (Array.isArray(value) && value.length <= 64 && value.every((entry) => typeof entry !== "object"));
}

function fact(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.map(fact).join(" ") : String(value);
}

/** Tokens computed by each call of the model; null when the report does not count them. */
export function tokensByCall(report: Report): readonly number[] | null {
  const counts = report["tokens_by_call"];
  return Array.isArray(counts) && counts.length > 1 && counts.every((n) => typeof n === "number") ? (counts as number[]) : null;
}

/** The share of pairs of tokens that attention looked at; null when the report does not say. */
export function density(report: Report): number | null {
  return isShare(report["density"]) ? report["density"] : null;
}

/** The same for each block on the way; null when the report does not tell them apart. */
export function densities(report: Report): readonly number[] | null {
  const shares = report["density_by_block"];
  return Array.isArray(shares) && shares.length > 1 && shares.every(isShare) ? shares : null;
}
