import { describe, expect, it } from "vitest";
import { fieldName, formInputs, formOf, hasInput, labelInput, moveInput, NO_APP, readApp, suggested, toggleInput, toggleOutput, writeApp } from "./app";
import { catalog, sheet } from "./samples";

const names = (form: typeof NO_APP) => form.inputs.map((i) => `${i.node}.${i.input}`);
const two = toggleInput(toggleInput(NO_APP, "prompt", "text"), "sample", "steps");

describe("an app's form", () => {
  it("takes and drops inputs and outputs", () => {
    expect(names(two)).toEqual(["prompt.text", "sample.steps"]);
    expect(names(toggleInput(two, "prompt", "text"))).toEqual(["sample.steps"]);
    expect(hasInput(two, "sample", "steps") && !hasInput(two, "sample", "seed")).toBe(true);
    expect(toggleOutput(toggleOutput(two, "decode"), "decode").outputs).toEqual([]);
  });

  it("keeps an order and labels", () => {
    expect(names(moveInput(two, 1, -1))).toEqual(["sample.steps", "prompt.text"]);
    expect(moveInput(two, 1, 1)).toBe(two);
    expect(labelInput(two, 0, "What to draw").inputs[0]!.label).toBe("What to draw");
  });

  it("survives the document, and rubbish in it", () => {
    const pages = writeApp({ main: { sheet, extra: {} } }, "main", two);
    expect(readApp(JSON.parse(JSON.stringify(pages["main"]!.extra)))).toEqual(two);
    expect(readApp({ app: { inputs: [3, null], outputs: {} } })).toEqual(NO_APP);
  });

  it("suggests prompts and seeds while nothing is chosen", () => {
    expect(names(suggested(sheet, catalog))).toEqual(["prompt.text", "sample.seed"]);
    expect(formOf(sheet, {}, catalog)).toEqual(suggested(sheet, catalog));
  });

  it("leaves out what is gone or fed by a link", () => {
    const fed = { ...sheet, links: [...sheet.links, { id: "n", source: "number", output: "value", target: "sample", input: "steps" }] };
    expect(formInputs(fed, catalog, "sample")).toEqual(["seed"]);
    expect(names(formOf(fed, { app: two }, catalog))).toEqual(["prompt.text"]);
  });

  it("names fields after inputs, and after nodes where inputs share a name", () => {
    const form = { inputs: [...two.inputs, { node: "negative", input: "text", label: "" }], outputs: [] };
    expect(form.inputs.map((i) => fieldName(i, form, sheet, catalog))).toEqual(["Prompt", "Steps", "Negative"]);
  });
});
