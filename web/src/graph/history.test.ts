import { describe, expect, it } from "vitest";
import { NO_HISTORY, record, redo, seal, undo, type History } from "./history";

const empty: History<string> = NO_HISTORY;

describe("history", () => {
  it("goes back and forth", () => {
    let history = record(empty, "a", "", 0);
    history = record(history, "b", "", 1);
    const back = undo(history, "c")!;
    expect(back.present).toBe("b");
    const further = undo(back.history, back.present)!;
    expect(further.present).toBe("a");
    expect(undo(further.history, further.present)).toBeNull();
    const forth = redo(further.history, further.present)!;
    expect(redo(forth.history, forth.present)!.present).toBe("c");
  });

  it("forgets the future at a new change", () => {
    const back = undo(record(empty, "a", "", 0), "b")!;
    const history = record(back.history, back.present, "", 1);
    expect(redo(history, "x")).toBeNull();
  });

  it("merges quick changes with one key", () => {
    let history = record(empty, "", "type", 0);
    history = record(history, "f", "type", 300);
    history = record(history, "fo", "type", 900);
    expect(history.past).toEqual([""]);
    expect(record(history, "fox", "type", 3000).past).toEqual(["", "fox"]);
    expect(record(history, "fox", "other", 901).past).toEqual(["", "fox"]);
    expect(record(seal(history), "fox", "type", 901).past).toEqual(["", "fox"]);
  });

  it("merges a slow drag when told to", () => {
    const history = record(empty, "a", "move", 0, 60_000);
    expect(record(history, "b", "move", 30_000, 60_000).past).toEqual(["a"]);
  });

  it("never merges across an undo", () => {
    const back = undo(record(empty, "a", "type", 0), "b")!;
    expect(record(back.history, "a", "type", 1).past).toEqual(["a"]);
  });

  it("keeps 200 steps", () => {
    let history = empty;
    for (let i = 0; i < 250; i++) history = record(history, String(i), "", i);
    expect(history.past).toHaveLength(200);
    expect(history.past.at(-1)).toBe("249");
  });
});
