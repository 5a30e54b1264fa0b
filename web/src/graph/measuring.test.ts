import { describe, expect, it } from "vitest";
import { buildCatalog } from "./catalog";
import { withComparison, type Measurement } from "./measuring";
import { port, schema, widget } from "./samples";
import { linkId, newCard, type Page, type Pages } from "./sheet";

const text = (name: string, value = "") => widget(name, "str", { kind: "TextBox", lines: 4, max_length: 1000 }, value);
const catalog = buildCatalog([
  schema("load_model", [text("name", "mini")], [["model", "Model"], ["text_encoder", "TextEncoder"], ["vae", "Vae"]]),
  schema("encode_text", [port("text_encoder", "TextEncoder"), text("prompt")], [["conditioning", "Conditioning"]]),
  schema("cfg", [port("positive", "Conditioning")], [["guider", "Guider"]]),
  schema("cache", [port("model", "Model")], [["model", "Model"]]),
  schema("sample", [port("model", "Model"), port("guider", "Guider"), port("sigmas", "Sigmas")], [["latent", "Latent"]]),
  schema("rf_edit", [port("model", "Model"), port("guider", "Guider"), port("levels", "Sigmas")], [["mask", "Mask"], ["edited", "Latent"]]),
  schema("decode_latent", [port("vae", "Vae"), port("latent", "Latent")], [["image", "Image"]]),
  schema("compare_sampling", [port("sampled", "Any"), port("vae", "Vae")], [["table", "str"]]),
]);

const WIRES = ["load.text_encoder>prompt.text_encoder", "prompt.conditioning>guide.positive", "load.model>cache.model", "cache.model>sample.model", "guide.guider>sample.guider", "sample.latent>decode.latent", "other.vae>decode.vae"];

function page(types: Record<string, string>, values: Page["sheet"]["values"] = {}, wires = WIRES): Page {
  const links = wires.map((text) => {
    const [source, output, target, input] = text.split(/[.>]/) as [string, string, string, string];
    const link = { source, output, target, input };
    return { id: linkId(link), ...link };
  });
  const cards = Object.fromEntries(Object.entries(types).map(([id, type]) => [id, newCard(id, type, 0, 0)]));
  return { extra: {}, sheet: { cards, frames: [], values, links: links.filter((l) => cards[l.source] && cards[l.target]) } };
}

const CARDS = { load: "load_model", other: "load_model", prompt: "encode_text", guide: "cfg", cache: "cache", sample: "sample", decode: "decode_latent" };
const one = (changed: Partial<typeof CARDS> = {}, values: Page["sheet"]["values"] = { prompt: { prompt: "a fox" } }): Pages => ({ main: page({ ...CARDS, ...changed } as Record<string, string>, values) });
const wishes = { repeats: 2, judged: true };

function measured(pages: Pages, flat = "sample", graph = "main", judged = true) {
  const { pages: made, target } = withComparison(pages, "main", flat, catalog, { repeats: 2, judged }) as Measurement;
  const { sheet } = made[graph]!;
  return { target, values: sheet.values["compare"], sources: Object.fromEntries(sheet.links.filter((l) => l.target === "compare").map((l) => [l.input, `${l.source}.${l.output}`])) };
}

describe("measuring a sampling", () => {
  it("compares behind the sampler, and decodes as its picture is decoded", () => {
    expect(measured(one())).toEqual({
      target: "compare",
      values: { repeats: 2, curve: 3, prompt: "a fox" },
      sources: { sampled: "sample.latent", vae: "other.vae" },
    });
  });

  it("measures whatever makes a latent from a model and noise levels", () => {
    expect(measured(one({ sample: "rf_edit" })).sources["sampled"]).toBe("sample.edited");
  });

  it("leaves the autoencoder to the server where nothing decodes", () => {
    const { decode: _, other: __, ...bare } = CARDS;
    expect(measured({ main: page(bare) }).sources).toEqual({ sampled: "sample.latent" });
  });

  it("asks the judge of the embedded model only about its pictures", () => {
    expect(measured(one({}, { load: { name: "flux" }, prompt: { prompt: "a fox" } })).values).toEqual({ repeats: 2, curve: 3 });
    expect(measured(one(), "sample", "main", false).values).not.toHaveProperty("prompt");
  });

  it("measures inside a subgraph, with the prompt that stands outside", () => {
    const { prompt: _, load: __, ...inside } = CARDS;
    const pages = { main: page({ box: "graph:inner", load: "load_model", prompt: "encode_text" }, { prompt: { prompt: "a fox" } }, ["load.model>box.model", "prompt.conditioning>box.positive"]), inner: page(inside) };
    expect(measured(pages, "box/sample", "inner")).toMatchObject({ target: "box/compare", values: { prompt: "a fox" }, sources: { sampled: "sample.latent" } });
  });

  it("says why a node that samples no latent is not measured", () => {
    expect(withComparison(one(), "main", "cache", catalog, wishes)).toMatchObject({ why: expect.stringMatching(/^cache cannot be measured.*Put the same model/) });
    expect(withComparison(one(), "main", "gone", catalog, wishes)).toBeNull();
  });
});
