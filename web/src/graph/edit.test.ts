import { describe, expect, it } from "vitest";
import { addCard, addFrame, freeSpot, membersOf, move, remove, replaceLink, setValue, toggleCollapsed, toggleMode, updateCards, updateFrame } from "./edit";
import { sheet } from "./samples";
import { freeId, incoming } from "./sheet";

const ids = (...names: string[]) => new Set(names);
const size = () => ({ width: 200, height: 100 });

describe("cards", () => {
  it("get readable free ids", () => {
    const first = addCard(sheet, "sample", 5, 6);
    expect(first.id).toBe("sample_2");
    expect(first.sheet.cards["sample_2"]).toMatchObject({ type: "sample", x: 5, y: 6 });
    expect(addCard(first.sheet, "sample", 0, 0).id).toBe("sample_3");
    expect(freeId("sample_2", (id) => id === "sample_2" || id === "sample_3")).toBe("sample_4");
  });

  it("leave with their links and values, and nothing else does", () => {
    const next = remove(sheet, ids("sample"), ids());
    expect(Object.keys(next.cards)).toEqual(["load", "prompt", "decode"]);
    expect(next.values["sample"]).toBeUndefined();
    expect(next.links.map((l) => l.id)).toEqual(["load.model>prompt.model", "load.vae>decode.vae"]);
    expect(sheet.links).toHaveLength(5);
  });

  it("take values without touching cards", () => {
    const next = setValue(sheet, "sample", "steps", 30);
    expect(next.values["sample"]).toMatchObject({ steps: 30 });
    expect(next.cards).toBe(sheet.cards);
  });

  it("toggle mode and collapse: all on, then all off", () => {
    const both = ids("load", "sample");
    const muted = toggleMode(toggleMode(sheet, ids("load"), "mute"), both, "mute");
    expect([muted.cards["load"]!.mode, muted.cards["sample"]!.mode]).toEqual(["mute", "mute"]);
    expect(toggleMode(muted, both, "mute").cards["load"]!.mode).toBe("on");
    expect(toggleMode(muted, both, "bypass").cards["load"]!.mode).toBe("bypass");
    expect(toggleCollapsed(toggleCollapsed(sheet, both), both).cards["load"]!.collapsed).toBe(false);
  });

  it("ignore ids that are not there", () => {
    expect(updateCards(sheet, ids("ghost"), () => ({ x: 1 })).cards).toEqual(sheet.cards);
  });
});

describe("freeSpot", () => {
  it("stays where there is room, else goes below what is in the way", () => {
    expect(freeSpot(sheet, { x: 0, y: 500 }, size(), size)).toEqual({ x: 0, y: 500 });
    expect(freeSpot(sheet, { x: 290, y: 50 }, size(), size)).toEqual({ x: 290, y: 124 });
    const stacked = updateCards(sheet, ids("prompt"), () => ({ x: 0, y: 130 }));
    expect(freeSpot(stacked, { x: 10, y: 10 }, size(), size)).toEqual({ x: 10, y: 254 });
  });
});

describe("links", () => {
  it("are indexed by target and input", () => {
    expect(incoming(sheet.links, "decode").get("vae")?.[0]?.source).toBe("load");
    expect(incoming(sheet.links, "load").size).toBe(0);
    expect(incoming(sheet.links, "decode")).toBe(incoming(sheet.links, "decode"));
  });

  it("get another end in their place", () => {
    const next = replaceLink(sheet, "load.model>prompt.model", { source: "load", output: "model", target: "cache", input: "model" });
    expect(next.links[0]).toMatchObject({ id: "load.model>cache.model", target: "cache" });
    expect(next.links).toHaveLength(5);
  });

  it("can be removed alone", () => {
    expect(remove(sheet, ids(), ids("load.vae>decode.vae")).links).toHaveLength(4);
  });
});

describe("frames", () => {
  const framed = addFrame(sheet, ids("load", "prompt"), size)!;
  const frame = framed.sheet.frames[0]!;

  it("enclose the cards with a margin and room for the title", () => {
    expect(frame).toMatchObject({ x: -24, y: -40, width: 548, height: 164 });
    expect(addFrame(sheet, ids("ghost"), size)).toBeNull();
  });

  it("know their members by the cards' centres", () => {
    expect([...membersOf(frame, framed.sheet, size)]).toEqual(["load", "prompt"]);
  });

  it("take members along, but not cards that move by themselves", () => {
    const to = new Map([
      [frame.id, { x: frame.x + 10, y: frame.y }],
      ["prompt", { x: 400, y: 7 }],
    ]);
    const next = move(framed.sheet, to, new Map([[frame.id, ids("load", "prompt")]]));
    expect(next.cards["load"]).toMatchObject({ x: 10, y: 0 });
    expect(next.cards["prompt"]).toMatchObject({ x: 400, y: 7 });
    expect(next.frames[0]!.x).toBe(frame.x + 10);
  });

  it("are renamed and removed without their cards", () => {
    expect(updateFrame(framed.sheet, frame.id, { title: "Text" }).frames[0]!.title).toBe("Text");
    const gone = remove(framed.sheet, ids(frame.id), ids());
    expect([gone.frames.length, Object.keys(gone.cards).length]).toEqual([0, 4]);
  });
});
