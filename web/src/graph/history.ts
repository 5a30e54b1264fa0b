/** Undo and redo over immutable states. Changes with the same key in quick succession are one step. */
export interface History<T> {
  readonly past: readonly T[];
  readonly future: readonly T[];
  readonly key: string;
  readonly at: number;
}

const LIMIT = 200;
const MERGE_WITHIN = 1000;

export const NO_HISTORY: History<never> = { past: [], future: [], key: "", at: 0 };

/** Remember `before`, the state that a change is about to replace. `now` and `within` in milliseconds. */
export function record<T>(history: History<T>, before: T, key: string, now: number, within = MERGE_WITHIN): History<T> {
  const merges = key !== "" && key === history.key && now - history.at < within && history.past.length > 0;
  if (merges) return { ...history, future: [], at: now };
  return { past: [...history.past.slice(1 - LIMIT), before], future: [], key, at: now };
}

/** End a run of merging changes: the next one is a step of its own. */
export function seal<T>(history: History<T>): History<T> {
  return { ...history, key: "" };
}

export function undo<T>(history: History<T>, present: T): { history: History<T>; present: T } | null {
  const before = history.past.at(-1);
  if (before === undefined) return null;
  return {
    history: { past: history.past.slice(0, -1), future: [...history.future, present], key: "", at: 0 },
    present: before,
  };
}

export function redo<T>(history: History<T>, present: T): { history: History<T>; present: T } | null {
  const after = history.future.at(-1);
  if (after === undefined) return null;
  return {
    history: { past: [...history.past, present], future: history.future.slice(0, -1), key: "", at: 0 },
    present: after,
  };
}
