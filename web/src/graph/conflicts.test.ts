import { describe, expect, it } from "vitest";
import type { Problem } from "../api/types";
import { buildCatalog } from "./catalog";
import { conflictLinks } from "./conflicts";
import { readDocument } from "./document";
import { port, schema } from "./samples";

const technique = (id: string, claims: string[]) => schema(id, [port("model", "Model")], [["model", "Model"], ["facts", "str"]], { claims });
const catalog = buildCatalog([
  schema("load", [], [["model", "Model"]]),
  technique("cache", ["blocks"]),
  technique("forecast", ["blocks"]),
  technique("window", ["attention"]),
]);

function chain(modes: Record<string, string> = {}) {
  const types = { load: "load", cache: "cache", window: "window", forecast: "forecast" };
  const nodes = Object.fromEntries(Object.entries(types).map(([id, type]) => [id, { type, mode: modes[id] as "on" }]));
  const names = Object.keys(types);
  const edges = names.slice(1).map((id, i) => ({ from: [names[i]!, "model"] as [string, string], to: [id, "model"] as [string, string] }));
  return readDocument({ format: "patchloom/1", root: "main", graphs: { main: { nodes, edges } } }).sheet;
}

const conflict: Problem = { code: "conflict", message: "forecast and cache are on one wire", remedy: "", node: "forecast", input: null, severity: "error" };

describe("conflictLinks", () => {
  it("marks the whole wire between the two", () => {
    const marked = conflictLinks(chain(), catalog, [conflict]);
    expect([...marked.keys()]).toEqual(["window.model>forecast.model", "cache.model>window.model"]);
    expect(marked.get("cache.model>window.model")).toBe(conflict);
  });

  it("marks nothing for other problems, or when the other one is bypassed by now", () => {
    expect(conflictLinks(chain(), catalog, [{ ...conflict, code: "missing" }]).size).toBe(0);
    expect(conflictLinks(chain({ cache: "bypass" }), catalog, [conflict]).size).toBe(0);
    expect(conflictLinks(chain(), catalog, [{ ...conflict, node: "gone" }]).size).toBe(0);
  });

  it("ends in a circle", () => {
    const sheet = chain({ cache: "bypass" });
    const back = { id: "back", source: "forecast", output: "model", target: "cache", input: "model" };
    expect(conflictLinks({ ...sheet, links: [...sheet.links, back] }, catalog, [conflict]).size).toBe(0);
  });
});
