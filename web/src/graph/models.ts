import type { ModelCard, Problem } from "../api/types";
import type { Catalog } from "./catalog";
import { effectiveValue } from "./catalog";
import type { Pages } from "./sheet";

/** A model that the workflow names, and the node that does. */
export interface Use {
  readonly node: string;
  readonly folder: string;
  readonly name: string;
}

/** Every model file that the nodes of a document name. */
export function usedModels(pages: Pages, catalog: Catalog): Use[] {
  return Object.values(pages).flatMap(({ sheet }) =>
    Object.values(sheet.cards).flatMap((card) =>
      (catalog[card.type]?.inputs ?? []).flatMap((input): Use[] => {
        const name = effectiveValue(input, sheet.values[card.id]?.[input.name]);
        return input.widget?.kind === "ModelFile" && typeof name === "string" && name ? [{ node: card.id, folder: input.widget.folder, name }] : [];
      }),
    ),
  );
}

/** What lies on the disk for a name: a file in its folder, or anywhere under the common root. */
export function findModel(models: readonly ModelCard[], { folder, name }: Pick<Use, "folder" | "name">): ModelCard | undefined {
  return models.find((m) => m.name === name && (m.folder === folder || folder === "models")) ?? models.find((m) => `${m.folder}/${m.name}` === name);
}

/** What is missing, once each, with the way to it. */
export function missingModels(problems: readonly Problem[], uses: readonly Use[]): { use: Use; remedy: string }[] {
  return uses.flatMap((use) => {
    const problem = problems.find((p) => p.code === "missing_file" && p.node?.split("/").at(-1) === use.node && p.message.includes(use.name));
    return problem ? [{ use, remedy: problem.remedy }] : [];
  });
}

/** One of the offers of the server's catalogue, as far as it concerns a file. */
interface Offered {
  readonly name: string;
  readonly files: readonly { readonly to: string; readonly sha256: string }[];
}

const fileName = (path: string) => path.split("/").at(-1)!.toLowerCase();

/** Who offers a file of this name; offers that put it just there come first. */
export function offersOf<T extends Offered>(offers: readonly T[], name: string): T[] {
  const whole = (offer: T) => offer.files.some(({ to }) => to === name || to.endsWith(`/${name}`));
  const found = offers.filter((offer) => offer.files.some(({ to }) => fileName(to) === fileName(name)));
  return found.sort((a, b) => Number(whole(b)) - Number(whole(a)));
}

/** What a hash says of a file: that it is the published one, that it is another, or nothing (null). */
export function knownHash(offers: readonly Offered[], name: string, sha256: string): "published" | "other" | null {
  const hashes = offers.flatMap(({ files }) => files).filter(({ to }) => fileName(to) === fileName(name)).map((file) => file.sha256).filter(Boolean);
  if (!hashes.length) return null;
  return hashes.includes(sha256) ? "published" : "other";
}

/** Bytes as people read them: 18 MB, 11.9 GB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Parameters as people say them: 12B, 540M, 0.9M. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toPrecision(2))}B`;
  return count >= 1e5 ? `${Number((count / 1e6).toPrecision(2))}M` : String(count);
}
