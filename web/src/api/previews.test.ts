import { beforeEach, describe, expect, it } from "vitest";
import { decodePreview, forgetPreviews, pushPreview, watchPreviews, type Frame } from "./previews";

function packet(kind: number, format: number, node: string, image: number[]): ArrayBuffer {
  const name = new TextEncoder().encode(node);
  return new Uint8Array([kind, format, name.length >> 8, name.length & 255, ...name, ...image]).buffer;
}

describe("decodePreview", () => {
  it("reads node, format and image", async () => {
    const { node, image } = decodePreview(packet(1, 2, "größe", [9, 8]))!;
    expect([node, image.type]).toEqual(["größe", "image/png"]);
    expect([...new Uint8Array(await image.arrayBuffer())]).toEqual([9, 8]);
  });

  it("ignores other kinds of frames", () => {
    expect(decodePreview(packet(7, 0, "n", []))).toBeNull();
    expect(decodePreview(new ArrayBuffer(2))).toBeNull();
  });
});

describe("previews", () => {
  beforeEach(forgetPreviews);
  const blob = () => new Blob(["x"]);

  it("let the latest frame win while one is drawn", () => {
    const seen: number[] = [];
    const dones: (() => void)[] = [];
    const stop = watchPreviews("a", (frame: Frame, done) => [seen.push(frame.number), dones.push(done)]);
    for (let i = 0; i < 4; i++) pushPreview("a", blob());
    expect(seen).toEqual([1]);
    dones[0]!();
    expect(seen).toEqual([1, 4]);
    dones[1]!();
    expect(seen).toHaveLength(2);
    stop();
  });

  it("give a late watcher the last frame", () => {
    pushPreview("b", blob());
    pushPreview("b", blob());
    const seen: number[] = [];
    watchPreviews("b", (frame, done) => [seen.push(frame.number), done()])();
    expect(seen).toEqual([2]);
  });

  it("are not stuck when a watcher leaves in the middle of a frame", () => {
    watchPreviews("c", () => undefined);
    pushPreview("c", blob());
    const seen: number[] = [];
    const stop = watchPreviews("c", (frame, done) => [seen.push(frame.number), done()]);
    pushPreview("c", blob());
    expect(seen).toEqual([1, 2]);
    stop();
  });
});
