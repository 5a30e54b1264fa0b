import { describe, expect, it } from "vitest";
import type { Asset, RunEvent } from "../api/types";
import { NO_RUNS, progress, reduce, type RunState } from "./events";

const asset = (id: number, job = "j", node = "save"): Asset => ({ id, job, node, folder: "output", name: `${id}.png`, width: 8, height: 8, created: 0 });

let seq = 0;
type Loose = { type: RunEvent["type"]; [key: string]: unknown };
const event = (fields: Loose, job: string | null = "j") => ({ seq: ++seq, time: seq, job, ...fields }) as unknown as RunEvent;
const play = (events: Loose[], from: RunState = { ...NO_RUNS, seq }, belongs = () => true) =>
  events.reduce((state, fields) => reduce(state, event(fields, (fields["job"] as string) ?? "j"), belongs), from);

const begin: Loose[] = [
  { type: "job_queued", title: "Fox" },
  { type: "job_started", order: ["load", "sample", "save"], cached: ["load"] },
];

describe("reduce", () => {
  it("follows a run from queue to picture", () => {
    const queued = play([begin[0]!]);
    expect(queued.queued).toEqual({ j: "Fox" });
    const state = play([...begin, { type: "node_started", node: "sample" }, { type: "node_progress", node: "sample", step: 1, steps: 4, duration: 0.5 }]);
    expect(state).toMatchObject({ running: "j", queued: {} });
    expect(state.run!.nodes["load"]!.state).toBe("cached");
    expect(state.run!.nodes["sample"]).toMatchObject({ state: "running", step: 1, steps: 4, stepTimes: [0.5] });
    expect(state.run!.nodes["save"]!.state).toBe("waiting");
    const done = play(
      [
        { type: "node_finished", node: "sample", duration: 2, cached: false },
        { type: "asset_added", node: "save", asset: asset(1) },
        { type: "node_finished", node: "save", duration: 0.1, cached: false },
        { type: "job_finished", status: "done", problem: null, duration: 3 },
      ],
      state,
    );
    expect(done.running).toBeNull();
    expect(done.run).toMatchObject({ status: "done", duration: 3, title: "Fox" });
    expect(done.run!.nodes["sample"]).toMatchObject({ state: "done", duration: 2 });
    expect(done.assets["save"]!.map((a) => a.id)).toEqual([1]);
  });

  it("ignores events that it has seen", () => {
    const state = play(begin);
    expect(reduce(state, { ...event({ type: "job_queued", title: "old" }), seq: state.seq }, () => true)).toBe(state);
  });

  it("does not draw runs of other workflows, but knows that one runs", () => {
    const state = play(begin, undefined, () => false);
    expect(state.run).toBeNull();
    expect(state.running).toBe("j");
    expect(play([{ type: "node_started", node: "sample" }], state).run).toBeNull();
  });

  it("keeps old pictures until the new run makes some", () => {
    const first = play([...begin, { type: "asset_added", node: "save", asset: asset(1) }, { type: "asset_added", node: "save", asset: asset(2) }]);
    expect(first.assets["save"]).toHaveLength(2);
    const second = play([{ type: "job_started", job: "k", order: ["save"], cached: [] }], first);
    expect(second.assets["save"]).toHaveLength(2);
    const third = play([{ type: "asset_added", job: "k", node: "save", asset: asset(3, "k") }], second);
    expect(third.assets["save"]!.map((a) => a.id)).toEqual([3]);
  });

  it("shows all pictures that a run reused from an older one", () => {
    const state = play([...begin, { type: "asset_added", node: "save", asset: asset(1, "old"), reused: true }, { type: "asset_added", node: "save", asset: asset(2, "old"), reused: true }]);
    expect(state.assets["save"]!.map((a) => a.id)).toEqual([1, 2]);
  });

  it("drops old reports of the nodes in a new run: cached ones tell theirs again", () => {
    const told: Loose[] = [{ type: "node_reported", node: "sample", report: { technique: "t" } }, { type: "node_reported", node: "load", report: { technique: "l" } }];
    const again = play([{ type: "job_started", order: ["load"], cached: ["load"] }], play([...begin, ...told]));
    expect(Object.keys(again.reports)).toEqual(["sample"]);
    expect(play(told.slice(1), again).reports["load"]).toHaveLength(1);
  });

  it("marks the node that failed, and stops the others", () => {
    const problem = { node: "sample", input: null, code: "boom", message: "m", remedy: "r", severity: "error" };
    const state = play([...begin, { type: "node_started", node: "sample" }, { type: "job_finished", status: "failed", problem, duration: null }]);
    expect(state.run!.nodes["sample"]!.state).toBe("failed");
    expect(state.run!.nodes["save"]!.state).toBe("stopped");
    expect(state.run!.nodes["load"]!.state).toBe("cached");
    expect(state.run).toMatchObject({ status: "failed", problem });
  });

  it("shows a failure that came before the start", () => {
    const problem = { node: null, input: null, code: "worker_died", message: "m", remedy: "r", severity: "error" };
    const state = play([begin[0]!, { type: "job_finished", status: "failed", problem, duration: 0 }]);
    expect(state.run).toMatchObject({ job: "j", title: "Fox", status: "failed", problem });
    expect(state.queued).toEqual({});
  });

  it("forgets a queued job that was cancelled", () => {
    expect(play([begin[0]!, { type: "job_finished", status: "cancelled", problem: null, duration: 0 }]).queued).toEqual({});
  });

  it("follows the order and the pause of the queue", () => {
    const two = play([{ type: "job_queued", job: "a", title: "A" }, { type: "job_queued", job: "b", title: "B" }]);
    const moved = play([{ type: "queue_changed", order: ["b", "a"], paused: true }], two);
    expect(Object.entries(moved.queued)).toEqual([["b", "B"], ["a", "A"]]);
    expect(moved.paused).toBe(true);
  });

  it("starts steps anew when a node starts again after a crash of the worker", () => {
    const state = play([...begin, { type: "node_started", node: "sample" }, { type: "node_progress", node: "sample", step: 3, steps: 4, duration: 1 }, { type: "node_started", node: "sample" }]);
    expect(state.run!.nodes["sample"]).toMatchObject({ step: 0, stepTimes: [] });
  });
});

describe("progress", () => {
  it("counts steps most, and cached nodes not at all", () => {
    const start = play(begin);
    expect(progress(start.run!)).toBe(0);
    const half = play([{ type: "node_started", node: "sample" }, { type: "node_progress", node: "sample", step: 2, steps: 4, duration: 1 }], start);
    expect(progress(half.run!)).toBeCloseTo(5 / 11);
    const full = play([{ type: "node_finished", node: "sample", duration: 1, cached: false }, { type: "node_finished", node: "save", duration: 1, cached: false }], half);
    expect(progress(full.run!)).toBe(1);
  });

  it("is full when all came from the cache and the run is over", () => {
    const state = play([{ type: "job_started", order: ["a"], cached: ["a"] }, { type: "job_finished", status: "done", problem: null, duration: 0 }]);
    expect(progress(state.run!)).toBe(1);
  });
});
