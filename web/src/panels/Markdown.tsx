import { parseMarkdown, type Span } from "../graph/markdown";

/** A note's text, drawn; nothing in it can run. */
export function Markdown({ source }: { source: string }) {
  return parseMarkdown(source).map((block, i) => {
    if (block.kind === "list") {
      return (
        <ul key={i}>
          {block.items.map((item, k) => (
            <li key={k}>
              <Spans spans={item} />
            </li>
          ))}
        </ul>
      );
    }
    const Tag = block.kind === "heading" ? "h4" : "p";
    return (
      <Tag key={i}>
        <Spans spans={block.spans} />
      </Tag>
    );
  });
}

function Spans({ spans }: { spans: readonly Span[] }) {
  return spans.map((span, i) => {
    if (span.kind === "strong") return <b key={i}>{span.text}</b>;
    if (span.kind === "soft") return <em key={i}>{span.text}</em>;
    if (span.kind === "code") return <code key={i}>{span.text}</code>;
    if (span.kind === "link") {
      return (
        <a key={i} className="nodrag" href={span.url} target="_blank" rel="noreferrer noopener">
          {span.text}
        </a>
      );
    }
    return span.text;
  });
}
