import { create } from "zustand";
import { buildCatalog, type Catalog } from "../graph/catalog";
import { getNodes } from "./routes";

interface CatalogState {
  catalog: Catalog;
  version: string;
  /** False while the worker is still reading the node files. */
  complete: boolean;
}

export const useCatalog = create<CatalogState>(() => ({ catalog: {}, version: "", complete: false }));

/** Fetch the node schemas again; without an answer the known ones stay. */
export async function loadCatalog(): Promise<void> {
  const answer = await getNodes().catch(() => null);
  if (!answer) return;
  const old = useCatalog.getState();
  if (old.version === answer.version && old.complete === answer.complete) return;
  useCatalog.setState({ catalog: buildCatalog(answer.nodes), version: answer.version, complete: answer.complete });
}
