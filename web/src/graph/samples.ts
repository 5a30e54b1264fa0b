import type { InputSchema, NodeSchema, Widget, WorkflowDocument } from "../api/types";
import { buildCatalog } from "./catalog";
import { readDocument } from "./document";

/** Schemas and a document for the tests of this folder. */
export function port(name: string, type: string, more: Partial<InputSchema> = {}): InputSchema {
  return { name, type, help: "", required: true, port: true, multiple: false, choices: [], default: null, widget: null, ...more };
}

export function widget(name: string, type: string, kind: Widget, value: unknown = 0): InputSchema {
  return { ...port(name, type), port: false, required: false, widget: kind, default: value };
}

export function schema(id: string, inputs: InputSchema[], outputs: [string, string][], more: Partial<NodeSchema> = {}): NodeSchema {
  return {
    id,
    title: id.replaceAll("_", " "),
    category: "test",
    description: "",
    references: [],
    output_node: false,
    was: [],
    claims: [],
    version: "1",
    inputs,
    outputs: outputs.map(([name, type]) => ({ name, type })),
    ...more,
  };
}

export const steps = widget("steps", "int", { kind: "Slider", min: 1, max: 100, step: 1, unit: "" }, 20);
export const text = widget("text", "str", { kind: "TextBox", lines: 4, max_length: 1000 }, "");

export const catalog = buildCatalog([
  schema("load_model", [], [["model", "Model"], ["vae", "VAE"]], { category: "loaders" }),
  schema("encode_text", [port("model", "Model"), text], [["conditioning", "Conditioning"]]),
  schema("cache", [port("model", "Model"), widget("threshold", "float", { kind: "Slider", min: 0, max: 1, step: 0.01, unit: "" }, 0.08)], [["model", "Model"]], { was: ["old_cache"] }),
  schema("sample", [port("model", "Model"), port("positive", "Conditioning"), widget("seed", "int", { kind: "Seed" }), steps], [["latent", "Latent"]]),
  schema("decode", [port("latent", "Latent"), port("vae", "VAE")], [["image", "Image"]]),
  schema("join", [port("images", "Image", { multiple: true })], [["image", "Image"]]),
  schema("number", [], [["value", "int"]]),
  schema("anything", [port("value", "Any")], [["value", "Any"]]),
]);

export const document: WorkflowDocument = {
  format: "patchloom/1",
  title: "Sample",
  root: "main",
  graphs: {
    main: {
      nodes: {
        load: { type: "load_model", position: [0, 0] },
        prompt: { type: "encode_text", values: { text: "a fox" }, position: [300, 0] },
        sample: { type: "sample", values: { seed: "18446744073709551615", steps: 8 }, position: [600, 0], size: [260, 0] },
        decode: { type: "decode", position: [900, 0] },
      },
      edges: [
        { from: ["load", "model"], to: ["prompt", "model"] },
        { from: ["load", "model"], to: ["sample", "model"] },
        { from: ["prompt", "conditioning"], to: ["sample", "positive"] },
        { from: ["sample", "latent"], to: ["decode", "latent"] },
        { from: ["load", "vae"], to: ["decode", "vae"] },
      ],
    },
  },
};

export const sheet = readDocument(document).sheet;
