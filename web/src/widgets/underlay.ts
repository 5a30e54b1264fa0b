import { useCatalog } from "../api/catalog";
import { fileUrl } from "../api/routes";
import { useRuns } from "../api/runs";
import { flatId, useEditor } from "../canvas/editor";
import { effectiveValue } from "../graph/catalog";
import { listAt } from "../graph/levels";

/**
 * The picture that a drawing lies on: what feeds the node's picture input made last, or the file that is loaded
 * there. Upstream, the nearest picture counts. Null when there is none yet.
 */
export function useUnderlay(node: string): string | null {
  const cards = useEditor((s) => s.cards);
  const links = useEditor((s) => s.links);
  const values = useEditor((s) => s.values);
  const assets = useRuns((s) => s.assets);
  const catalog = useCatalog((s) => s.catalog);
  const seen = new Set<string>();
  const open = [node];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const schema = catalog[cards[at]?.type ?? ""];
    const made = at === node ? undefined : listAt(assets, flatId(at))?.at(-1);
    if (made) return fileUrl(made.folder, made.name);
    for (const input of at === node ? [] : (schema?.inputs ?? [])) {
      const name = effectiveValue(input, values[at]?.[input.name]);
      if (input.widget?.kind === "ImageFile" && name) return fileUrl(input.widget.folder, String(name));
    }
    const pictures = new Set(schema?.inputs.filter((i) => i.type === "Image").map((i) => i.name));
    open.push(...links.filter((l) => l.target === at && pictures.has(l.input)).map((l) => l.source));
  }
  return null;
}
