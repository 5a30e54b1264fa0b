import { describe, expect, it } from "vitest";
import { findTemplates, tagsOf, type Template } from "./templates";

const made = (title: string, description: string, ...tags: string[]): Template => ({ name: title, title, description, tags, picture: true });
const ALL = [
  made("First picture", "A picture from words.", "Start"),
  made("What a cache costs", "Where the picture differs.", "Speed", "Measuring"),
  made("Two techniques", "A cache and attention on one wire.", "Speed"),
];
const names = (query: string, tag?: string) => findTemplates(ALL, query, tag).map(({ name }) => name);

describe("the templates", () => {
  it("list each tag once", () => expect(tagsOf(ALL)).toEqual(["Start", "Speed", "Measuring"]));

  it("stay in their order without a search", () => expect(names(" ")).toEqual(ALL.map(({ name }) => name)));

  it("are found by words of title, sentence and tags", () => {
    expect(names("cache")).toEqual(["What a cache costs", "Two techniques"]);
    expect(names("speed wire")).toEqual(["Two techniques"]);
    expect(names("cache picture")).toEqual(["What a cache costs"]);
    expect(names("zebra")).toEqual([]);
  });

  it("are found by tag", () => {
    expect(names("", "Measuring")).toEqual(["What a cache costs"]);
    expect(names("first", "Speed")).toEqual([]);
  });
});
