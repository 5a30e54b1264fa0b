import { describe, expect, it } from "vitest";
import { isPng, pngText } from "./png";

const bytes = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
const zero = new Uint8Array([0]);

function chunk(type: string, data: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  return join(length, bytes(type), data, new Uint8Array(4));
}

const signature = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
const png = (...chunks: Uint8Array[]) => join(signature, chunk("IHDR", new Uint8Array(13)), ...chunks, chunk("IEND", new Uint8Array()));

async function deflate(data: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([data.slice()]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const json = '{"format": "patchloom/1", "title": "Füchse 🦊"}';

describe("pngText", () => {
  it("reads tEXt, written as UTF-8 or Latin-1", async () => {
    expect(await pngText(png(chunk("tEXt", join(bytes("patchloom"), zero, bytes(json)))))).toBe(json);
    const latin = new Uint8Array([0x46, 0xfc]);
    expect(await pngText(png(chunk("tEXt", join(bytes("patchloom"), zero, latin))))).toBe("Fü");
  });

  it("reads iTXt, plain and compressed", async () => {
    const head = (flag: number) => join(bytes("patchloom"), zero, new Uint8Array([flag, 0]), bytes("en"), zero, zero);
    expect(await pngText(png(chunk("iTXt", join(head(0), bytes(json)))))).toBe(json);
    expect(await pngText(png(chunk("iTXt", join(head(1), await deflate(bytes(json))))))).toBe(json);
  });

  it("reads zTXt", async () => {
    expect(await pngText(png(chunk("zTXt", join(bytes("patchloom"), zero, zero, await deflate(bytes(json))))))).toBe(json);
  });

  it("passes over other texts, and returns null when there is none", async () => {
    const other = chunk("tEXt", join(bytes("prompt"), zero, bytes("x")));
    const ours = chunk("tEXt", join(bytes("patchloom"), zero, bytes("y")));
    expect(await pngText(png(other, ours))).toBe("y");
    expect(await pngText(png(other))).toBeNull();
    expect(await pngText(png(other), "prompt")).toBe("x");
  });

  it("survives what is no PNG, and one cut short", async () => {
    expect(isPng(bytes("GIF89a"))).toBe(false);
    expect(await pngText(bytes("JFIF"))).toBeNull();
    const whole = png(chunk("tEXt", join(bytes("patchloom"), zero, bytes(json))));
    expect(await pngText(whole.subarray(0, 60))).toBeNull();
  });
});
