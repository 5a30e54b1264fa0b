import { describe, expect, it } from "vitest";
import type { NodeRun } from "./events";
import { cardAt, listAt, parents, runAt } from "./levels";

const node = (state: NodeRun["state"], more: Partial<NodeRun> = {}): NodeRun => ({ state, step: 0, steps: 0, duration: null, stepTimes: [], memory: null, ...more });

describe("levels", () => {
  it("name the cards above an inner node", () => {
    expect(parents("a/b/c")).toEqual(["a", "a/b"]);
    expect(parents("a")).toEqual([]);
  });

  it("join what the inner nodes of a subgraph made", () => {
    const record = { "a/x": [1], "a/b/y": [2, 3], z: [4] };
    expect(listAt(record, "a")).toEqual([1, 2, 3]);
    expect(listAt(record, "a/b")).toEqual([2, 3]);
    expect(listAt(record, "z")).toEqual([4]);
    expect(listAt(record, "none")).toBeUndefined();
  });

  it.each([
    [["waiting", "waiting"], "waiting"],
    [["done", "waiting"], "running"],
    [["done", "running"], "running"],
    [["cached", "done"], "done"],
    [["cached", "cached"], "cached"],
    [["done", "failed"], "failed"],
    [["done", "stopped"], "stopped"],
  ] as const)("show %j together as %s", (states, expected) => {
    const nodes = Object.fromEntries(states.map((state, i) => [`a/${i}`, node(state)]));
    expect(runAt(nodes, "a")?.state).toBe(expected);
  });

  it("add up durations and show the steps of the one that runs", () => {
    expect(runAt({ "a/x": node("done", { duration: 1 }), "a/y": node("done", { duration: 2 }) }, "a")?.duration).toBe(3);
    expect(runAt({ "a/x": node("done"), "a/y": node("running", { step: 3, steps: 8 }) }, "a")).toMatchObject({ step: 3, steps: 8 });
  });

  it("find the card of a level", () => {
    expect(cardAt("", "a/b")).toBe("a");
    expect(cardAt("a/", "a/b/c")).toBe("b");
    expect(cardAt("x/", "a/b")).toBeNull();
  });
});
