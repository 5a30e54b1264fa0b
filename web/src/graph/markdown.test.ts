import { describe, expect, it } from "vitest";
import { parseMarkdown } from "./markdown";

describe("parseMarkdown", () => {
  it("tells headings, lists and text apart", () => {
    expect(parseMarkdown("# Why\nmany steps\n\n- one\n* two\n\nend").map((b) => b.kind)).toEqual(["heading", "text", "list", "text"]);
    expect(parseMarkdown(" \n\n")).toEqual([]);
  });

  it("reads what is in a line", () => {
    const [block] = parseMarkdown("a **b** *c* `d` [e](https://x.org/1) https://y.org");
    expect(block).toEqual({
      kind: "text",
      spans: [
        { kind: "text", text: "a " },
        { kind: "strong", text: "b" },
        { kind: "text", text: " " },
        { kind: "soft", text: "c" },
        { kind: "text", text: " " },
        { kind: "code", text: "d" },
        { kind: "text", text: " " },
        { kind: "link", text: "e", url: "https://x.org/1" },
        { kind: "text", text: " " },
        { kind: "link", text: "https://y.org", url: "https://y.org" },
      ],
    });
  });

  it("makes no link of what is none", () => {
    expect(parseMarkdown("[x](javascript:alert(1))")).toEqual([{ kind: "text", spans: [{ kind: "text", text: "[x](javascript:alert(1))" }] }]);
  });
});
