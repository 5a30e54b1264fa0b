import { expect, it } from "vitest";
import type { WorkflowDocument } from "../api/types";
import { cardDifference, differences } from "./difference";
import { readDocument } from "./document";
import { document } from "./samples";

const changed = (change: (main: any) => void): WorkflowDocument => {
  const copy = structuredClone(document);
  change(copy.graphs["main"]);
  return copy;
};

it("finds no difference in layout and title", () => {
  const moved = changed((main) => {
    main.nodes.load.position = [9, 9];
    main.nodes.sample.title = "Mine";
  });
  expect(differences(document, moved)).toEqual([]);
});

it("finds changed, new and dropped values", () => {
  const other = changed((main) => {
    main.nodes.prompt.values.text = "an owl";
    main.nodes.sample.values = { seed: 4, threshold: 0.5 };
  });
  expect(differences(document, other)).toEqual([
    { where: "prompt · text", before: "a fox", after: "an owl" },
    { where: "sample · seed", before: "18446744073709551615", after: "4" },
    { where: "sample · steps", before: "8", after: "" },
    { where: "sample · threshold", before: "", after: "0.5" },
  ]);
});

it("finds nodes, modes and links", () => {
  const other = changed((main) => {
    main.nodes.cache = { type: "cache" };
    main.nodes.prompt.mode = "mute";
    main.edges = main.edges.filter((edge: any) => edge.to[1] !== "vae");
    main.edges.push({ from: ["load", "model"], to: ["cache", "model"] });
  });
  expect(differences(document, other)).toEqual([
    { where: "prompt", before: "encode_text", after: "encode_text (mute)" },
    { where: "decode · vae", before: "from load · vae", after: "" },
    { where: "cache", before: "", after: "cache" },
    { where: "cache · model", before: "", after: "from load · model" },
  ]);
});

it("tells cards apart that are new, gone or changed", () => {
  const other = changed((main) => {
    main.nodes.cache = { type: "cache" };
    delete main.nodes.decode;
    main.nodes.prompt.values.text = "an owl";
    main.nodes.load.position = [9, 9];
  });
  const found = cardDifference(readDocument(document).sheet, readDocument(other).sheet);
  expect([...found.added]).toEqual(["cache"]);
  expect([...found.changed]).toEqual(["prompt"]);
  expect(found.removed.map((card) => card.id)).toEqual(["decode"]);
});
