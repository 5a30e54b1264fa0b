import { describe, expect, it } from "vitest";
import type { ModelCard, Problem } from "../api/types";
import { findModel, formatBytes, formatCount, knownHash, missingModels, offersOf, usedModels } from "./models";
import { catalog, schema, sheet, widget } from "./samples";

const known = { ...catalog, load_model: schema("load_model", [widget("name", "str", { kind: "ModelFile", folder: "vae" }, "mini")], [["model", "Model"]]) };
const card = (folder: string, name: string) => ({ folder, name, kind: "vae", families: [], variant: "", layout: "", precision: "", size: 5, parameters: 9, problem: "" }) as unknown as ModelCard;

describe("models", () => {
  it("are found in the nodes of all graphs", () => {
    expect(usedModels({ main: { sheet, extra: {} } }, known)).toEqual([{ node: "load", folder: "vae", name: "mini" }]);
  });

  it("are found on the disk", () => {
    const models = [card("loras", "mini"), card("vae", "mini"), card("vae", "other")];
    expect(findModel(models, { folder: "vae", name: "mini" })).toBe(models[1]);
    expect(findModel(models, { folder: "models", name: "other" })).toBe(models[2]);
    expect(findModel(models, { folder: "models", name: "vae/other" })).toBe(models[2]);
    expect(findModel(models, { folder: "vae", name: "gone" })).toBeUndefined();
  });

  it("that are missing come with the remedy", () => {
    const use = { node: "load", folder: "vae", name: "gone" };
    const problem = { code: "missing_file", node: "up/load", input: "name", message: "name is 'gone'", remedy: "Get it.", severity: "error" } as Problem;
    expect(missingModels([problem], [use, { ...use, name: "there" }])).toEqual([{ use, remedy: "Get it." }]);
  });

  it("are offered under the name of their file, the same place first", () => {
    const offers = [
      { name: "packed", files: [{ to: "checkpoints/vae.safetensors", sha256: "" }] },
      { name: "plain", files: [{ to: "vae/flux/vae.safetensors", sha256: "ab" }] },
      { name: "other", files: [{ to: "vae/other.safetensors", sha256: "cd" }] },
    ];
    expect(offersOf(offers, "flux/VAE.safetensors").map(({ name }) => name)).toEqual(["packed", "plain"]);
    expect(offersOf(offers, "flux/vae.safetensors").map(({ name }) => name)).toEqual(["plain", "packed"]);
    expect([knownHash(offers, "vae.safetensors", "ab"), knownHash(offers, "vae.safetensors", "xx"), knownHash(offers, "mine.safetensors", "ab")]).toEqual(["published", "other", null]);
  });

  it.each([[0, "0 B"], [999, "999 B"], [18_400_000, "18 MB"], [1_250_000, "1.3 MB"], [11_900_000_000, "12 GB"], [999_600, "1.0 MB"]])("%d bytes read %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
  it.each([[900, "900"], [880_000, "0.88M"], [540e6, "540M"], [11.9e9, "12B"]])("%d parameters read %s", (count, text) => expect(formatCount(count)).toBe(text));
});
