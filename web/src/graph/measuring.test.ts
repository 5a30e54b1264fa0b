import { describe, expect, it } from "vitest";
import { buildCatalog } from "./catalog";
import { withComparison } from "./measuring";
import { port, schema, widget } from "./samples";
import { linkId, newCard, type Page, type Pages } from "./sheet";

const text = (name: string, value = "") => widget(name, "str", { kind: "TextBox", lines: 4, max_length: 1000 }, value);
const catalog = buildCatalog([
  schema("load_model", [text("name", "mini")], [["model", "Model"], ["text_encoder", "TextEncoder"], ["vae", "Vae"]]),
  schema("encode_text", [port("text_encoder", "TextEncoder"), text("prompt")], [["conditioning", "Conditioning"]]),
  schema("cfg", [port("positive", "Conditioning")], [["guider", "Guider"]]),
  schema("cache", [port("model", "Model")], [["model", "Model"]]),
  schema("sample", [port("model", "Model"), port("guider", "Guider"), widget("seed", "int", { kind: "Seed" })], [["latent", "Latent"]]),
  schema("decode_latent", [port("vae", "Vae"), port("latent", "Latent")], [["image", "Image"]]),
  schema("compare_techniques", [port("model", "Model"), port("vae", "Vae")], [["table", "str"]]),
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
const one = (changed: Partial<typeof CARDS> = {}, values: Page["sheet"]["values"] = { prompt: { prompt: "a fox" }, sample: { seed: "7" } }): Pages => ({ main: page({ ...CARDS, ...changed } as Record<string, string>, values) });
const wishes = { repeats: 2, judged: true };

function measured(pages: Pages, flat = "sample", graph = "main") {
  const made = withComparison(pages, "main", flat, catalog, wishes)!;
  const { sheet } = made.pages[graph]!;
  return { target: made.target, values: sheet.values["compare"], sources: Object.fromEntries(sheet.links.filter((l) => l.target === "compare").map((l) => [l.input, `${l.source}.${l.output}`])) };
}

describe("measuring a sampling", () => {
  it("feeds the comparison as the sampler is fed, and decodes as its picture is decoded", () => {
    expect(measured(one())).toEqual({
      target: "compare",
      values: { repeats: 2, curve: 3, prompt: "a fox", seed: "7" },
      sources: { model: "cache.model", guider: "guide.guider", vae: "other.vae" },
    });
  });

  it("takes the model's own autoencoder where nothing decodes", () => {
    expect(measured(one({ decode: "cache" })).sources["vae"]).toBe("other.vae");
    const { decode: _, other: __, ...bare } = CARDS;
    expect(measured({ main: page(bare) }).sources["vae"]).toBe("load.vae");
  });

  it("asks the judge of the embedded model only about its pictures", () => {
    expect(measured(one({}, { load: { name: "flux" }, prompt: { prompt: "a fox" } })).values).toEqual({ repeats: 2, curve: 3 });
    const unasked = withComparison(one(), "main", "sample", catalog, { repeats: 1, judged: false })!;
    expect(unasked.pages["main"]!.sheet.values["compare"]).not.toHaveProperty("prompt");
  });

  it("measures inside a subgraph", () => {
    const pages = { main: page({ box: "graph:inner" }), inner: one()["main"]! };
    expect(measured(pages, "box/sample", "inner")).toMatchObject({ target: "box/compare", sources: { model: "cache.model" } });
  });

  it("measures nothing but samplers that are there and have an autoencoder", () => {
    expect(withComparison(one(), "main", "cache", catalog, wishes)).toBeNull();
    expect(withComparison(one(), "main", "gone", catalog, wishes)).toBeNull();
    expect(withComparison({ main: page({ sample: "sample" }) }, "main", "sample", catalog, wishes)).toBeNull();
  });
});
