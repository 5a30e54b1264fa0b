import { create } from "zustand";
import { buildCatalog, type Catalog } from "../graph/catalog";
import { getNodes } from "./routes";

interface CatalogState {
  /** What the server knows, and the subgraphs of the open document. */
  catalog: Catalog;
  /** What the server knows. */
  server: Catalog;
  version: string;
  /** False while the worker is still reading the node files. */
  complete: boolean;
}

export const useCatalog = create<CatalogState>(() => ({ catalog: {}, server: {}, version: "", complete: false }));

/** Fetch the node schemas again; without an answer the known ones stay. */
export async function loadCatalog(): Promise<void> {
  const answer = await getNodes().catch(() => null);
  if (!answer) return;
  const old = useCatalog.getState();
  if (old.version === answer.version && old.complete === answer.complete) return;
  const server = buildCatalog(answer.nodes);
  useCatalog.setState({ catalog: { ...server, ...graphs }, server, version: answer.version, complete: answer.complete });
}

let graphs: Catalog = {};

/** The document's subgraphs, which the palette and the cards treat like any other node. */
export function setGraphSchemas(schemas: Catalog): void {
  if (JSON.stringify(schemas) === JSON.stringify(graphs)) return;
  graphs = schemas;
  useCatalog.setState((s) => ({ catalog: { ...s.server, ...graphs } }));
}
