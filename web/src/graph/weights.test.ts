import { describe, expect, it } from "vitest";
import { weigh } from "./weights";

const at = (marked: string) => {
  const start = marked.indexOf("|");
  const end = marked.lastIndexOf("|");
  return { text: marked.replaceAll("|", ""), start, end: end === start ? start : end - 1 };
};
const show = ({ text, start, end }: ReturnType<typeof at>) => `${text.slice(0, start)}|${text.slice(start, end)}|${text.slice(end)}`;

describe("weigh", () => {
  it.each([
    ["a f|ox, red", 1, "a (|fox|:1.05), red"],
    ["a |red fox| runs", 1, "a (|red fox|:1.05) runs"],
    ["a | red fox | runs", -1, "a  (|red fox|:0.95)  runs"],
    ["a (|fox|:1.05)", 1, "a (|fox|:1.1)"],
    ["a (f|ox:1.1)", 1, "a (|fox|:1.15)"],
    ["a (|fox|:1.05)", -1, "a |fox|"],
    ["a |(fox:0.95)|", 1, "a |fox|"],
    ["a (|fox|:3)", 1, "a (|fox|:3.0)"],
    ["a , |", 1, "a , ||"],
  ] as const)("%s by %d", (before, by, after) => expect(show(weigh(at(before), by))).toBe(after));
});
