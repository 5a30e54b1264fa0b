import type { Template } from "../graph/templates";
import { apiUrl, request } from "./client";
import type { Asset, Job, ModelCard, NodeSchema, PlannedMemory, Problem, WorkflowDocument } from "./types";

/** One function a route of docs/api.md. */
export interface CatalogAnswer {
  version: string;
  complete: boolean;
  nodes: NodeSchema[];
}

export interface ServerStatus {
  version: string;
  worker: { state: "starting" | "ready" | "stopped"; device: string };
  queue: { running: string | null; queued: number; paused: boolean };
  last_seq: number;
  failed_files: { file: string; reason: string }[];
}

export interface WorkflowHead {
  id: string;
  title: string;
  revision: number;
  updated: number;
}

export interface WorkflowAnswer extends WorkflowHead {
  document: WorkflowDocument;
}

export interface Revision {
  revision: number;
  title: string;
  updated: number;
}

export interface JobAnswer {
  job: Job;
  document: WorkflowDocument;
  assets: Asset[];
  reports: { node: string; report: Record<string, unknown> }[];
}

const seg = encodeURIComponent;

/** The filters that are set, as parts of an address. */
function filters(all: Readonly<Record<string, string>>): string {
  return Object.entries(all)
    .filter(([, value]) => value)
    .map(([name, value]) => `&${name}=${seg(value)}`)
    .join("");
}

export const getNodes = () => request<CatalogAnswer>("nodes");
export const checkDocument = (document: WorkflowDocument) =>
  request<{ problems: Problem[] }>("check", { json: { document } });

export const postPlan = (document: WorkflowDocument) =>
  request<{ runs: string[]; reused: string[]; memory?: PlannedMemory | null }>("plan", { json: { document } });

export const importFile = (file: File) =>
  request<{ document: WorkflowDocument; problems: Problem[] }>("import", { file });

export const postJob = (document: WorkflowDocument, title: string, workflow: string | null, targets: readonly string[] = []) =>
  request<{ job: Job; problems: Problem[] }>("jobs", { json: { document, title, workflow, targets } });
export const getJobs = (limit: number, search = "", status = "") =>
  request<{ jobs: Job[] }>(`jobs?limit=${limit}${filters({ search, status })}`);
export const getJob = (id: string) => request<JobAnswer>(`jobs/${seg(id)}`);
export const cancelJob = (id: string) => request<{ job: Job }>(`jobs/${seg(id)}/cancel`, { method: "POST" });
export const retryJob = (id: string) => request<{ job: Job }>(`jobs/${seg(id)}/retry`, { method: "POST" });
export const moveJob = (id: string, before: string | null) => request<{ order: string[] }>(`jobs/${seg(id)}/move`, { json: { before } });
export const pauseQueue = (paused: boolean) =>
  request<{ paused: boolean; order: string[] }>("queue", { method: "PUT", json: { paused } });
export const deleteJob = (id: string) => request<null>(`jobs/${seg(id)}`, { method: "DELETE" });

export const getReels = (job: string) => request<{ frames: Record<string, number> }>(`jobs/${seg(job)}/previews`);
export const frameUrl = (job: string, node: string, index: number) =>
  apiUrl(`jobs/${seg(job)}/previews/${index}/${node.split("/").map(seg).join("/")}`);

/** A small picture of a picture, for lists. */
export const thumbnailUrl = (folder: string, name: string, size = 256) =>
  apiUrl(`thumbnails/${seg(folder)}/${name.split("/").map(seg).join("/")}?size=${size}`);

export const getAssets = (limit: number, { before = "", kind = "", search = "" }: { before?: number | ""; kind?: string; search?: string } = {}) =>
  request<{ assets: Asset[] }>(`assets?limit=${limit}&folder=output${filters({ before: String(before), kind, search })}`);
export const fileUrl = (folder: string, name: string) =>
  apiUrl(`files/${seg(folder)}/${name.split("/").map(seg).join("/")}`);
export const getChoices = (kind: "models" | "images" | "image_folders" | "videos" | "sounds", folder: string) =>
  request<{ names: string[] }>(`choices/${kind}/${seg(folder)}`);

export function uploadFile(file: File): Promise<{ folder: string; name: string }> {
  const form = new FormData();
  form.append("file", file, file.name || "pasted.png");
  return request("upload", { form });
}

export const freeMemory = () => request<null>("free", { method: "POST" });

/** A file that can be fetched: where it goes, the page where it is, and what it hashes to ("" when nobody checked). */
export interface OfferedFile {
  to: string;
  page: string;
  sha256: string;
}

export interface Offer {
  name: string;
  about: string;
  licence: string;
  files: OfferedFile[];
}

export const getOffers = () => request<{ offers: Offer[] }>("offers");
export const getHash = (folder: string, name: string) =>
  request<{ sha256: string }>(`hashes/${seg(folder)}/${name.split("/").map(seg).join("/")}`);

export const getModels = () => request<{ models: ModelCard[] }>("models");

export const getTemplates = () => request<{ templates: Template[] }>("templates");
export const getTemplate = (name: string) => request<WorkflowDocument>(`templates/${seg(name)}`);
export const templatePictureUrl = (name: string) => apiUrl(`templates/${seg(name)}/picture`);

export const getWorkflows = () => request<{ workflows: WorkflowHead[] }>("workflows");
export const getWorkflow = (id: string, revision?: number) =>
  request<WorkflowAnswer>(`workflows/${seg(id)}${revision ? `?revision=${revision}` : ""}`);
export const createWorkflow = (title: string, document: WorkflowDocument) =>
  request<WorkflowHead>("workflows", { json: { title, document } });
export const saveWorkflow = (id: string, save: { title: string; document: WorkflowDocument; base_revision: number; keep?: boolean }) =>
  request<WorkflowHead>(`workflows/${seg(id)}`, { method: "PUT", json: save });
export const deleteWorkflow = (id: string) => request<null>(`workflows/${seg(id)}`, { method: "DELETE" });
export const getRevisions = (id: string) => request<{ revisions: Revision[] }>(`workflows/${seg(id)}/revisions`);
