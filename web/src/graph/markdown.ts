/** A little Markdown for notes: headings, lists, paragraphs, **strong**, *soft*, `code` and links. */
export type Span = { readonly kind: "text" | "strong" | "soft" | "code"; readonly text: string } | { readonly kind: "link"; readonly text: string; readonly url: string };

export type Block = { readonly kind: "heading" | "text"; readonly spans: readonly Span[] } | { readonly kind: "list"; readonly items: readonly (readonly Span[])[] };

const ITEM = /^\s*[-*]\s+/;
const SPAN = /\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)|(https?:\/\/[^\s)]+)/g;

export function parseMarkdown(source: string): Block[] {
  return source
    .split(/\n\s*\n/)
    .flatMap((part) => part.split(/(?<=^#.*)\n/m))
    .filter((part) => part.trim())
    .map(block);
}

function block(part: string): Block {
  const lines = part.split("\n").filter((line) => line.trim());
  if (/^#+\s/.test(lines[0]!)) return { kind: "heading", spans: spans(lines.join(" ").replace(/^#+\s+/, "")) };
  if (lines.every((line) => ITEM.test(line))) return { kind: "list", items: lines.map((line) => spans(line.replace(ITEM, ""))) };
  return { kind: "text", spans: spans(lines.join("\n")) };
}

function spans(text: string): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > at) found.push({ kind: "text", text: text.slice(at, match.index) });
    at = match.index + match[0].length;
    const [, strong, soft, code, label, url, bare] = match;
    if (strong) found.push({ kind: "strong", text: strong });
    else if (soft) found.push({ kind: "soft", text: soft });
    else if (code) found.push({ kind: "code", text: code });
    else found.push({ kind: "link", text: label ?? bare!, url: url ?? bare! });
  }
  if (at < text.length) found.push({ kind: "text", text: text.slice(at) });
  return found;
}
