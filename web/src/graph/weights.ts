/** Prompt weights by keyboard: `fox` becomes `(fox:1.05)`, as prompts write emphasis. */
export interface Selection {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const STEP = 0.05;
const LIMITS = { min: 0.05, max: 3 };

/** The text with what is selected, or the word at the cursor, weighted a step more (1) or less (-1). */
export function weigh({ text, start, end }: Selection, by: 1 | -1): Selection {
  const [from, to] = start === end ? wordAt(text, start) : trimmed(text, start, end);
  if (from === to) return { text, start, end };
  const inside = enclosing(text, from, to);
  const [outerFrom, outerTo, words, weight] = inside ?? [from, to, text.slice(from, to), 1];
  const next = Math.min(LIMITS.max, Math.max(LIMITS.min, Math.round((weight + by * STEP) * 100) / 100));
  const written = next === 1 ? words : `(${words}:${next.toFixed(2).replace(/0$/, "")})`;
  const begin = outerFrom + (next === 1 ? 0 : 1);
  return { text: text.slice(0, outerFrom) + written + text.slice(outerTo), start: begin, end: begin + words.length };
}

function wordAt(text: string, at: number): [number, number] {
  const before = /[^\s,()]*$/.exec(text.slice(0, at))?.[0] ?? "";
  const after = /^[^\s,():]*/.exec(text.slice(at))?.[0] ?? "";
  return [at - before.length, at + after.length];
}

function trimmed(text: string, start: number, end: number): [number, number] {
  const picked = text.slice(start, end);
  return [start + (picked.length - picked.trimStart().length), end - (picked.length - picked.trimEnd().length)];
}

/** The weight that the words have already: they, or they with their brackets, are what is picked. */
function enclosing(text: string, from: number, to: number): [number, number, string, number] | null {
  const own = /^\(([^()]*):([\d.]+)\)$/.exec(text.slice(from, to));
  if (own) return [from, to, own[1]!, Number(own[2])];
  const tail = /^:([\d.]+)\)/.exec(text.slice(to));
  if (text[from - 1] !== "(" || !tail) return null;
  return [from - 1, to + tail[0].length, text.slice(from, to), Number(tail[1])];
}
