/* Generated from the Python dataclasses; do not edit. The shapes are explained in docs/api.md. */

export interface Problem {
  node: string | null;
  input: string | null;
  code: string;
  message: string;
  remedy: string;
  severity: "error" | "warning";
}

export type JobStatus = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Job {
  id: string;
  title: string;
  status: JobStatus;
  created: number;
  started: number | null;
  finished: number | null;
  duration: number | null;
  problem: Problem | null;
}

export interface Asset {
  id: number;
  job: string;
  node: string;
  folder: "output" | "temp";
  name: string;
  width: number;
  height: number;
  created: number;
}

export interface SliderWidget {
  kind: "Slider";
  min: number;
  max: number;
  step: number;
  unit: string;
}

export interface NumberWidget {
  kind: "Number";
  min: number | null;
  max: number | null;
  step: number;
  unit: string;
}

export interface SeedWidget {
  kind: "Seed";
}

export interface TextBoxWidget {
  kind: "TextBox";
  lines: number;
}

export interface TextLineWidget {
  kind: "TextLine";
}

export interface ModelFileWidget {
  kind: "ModelFile";
  folder: string;
}

export interface ImageFileWidget {
  kind: "ImageFile";
  folder: string;
}

export interface CheckboxWidget {
  kind: "Checkbox";
}

export interface ChoiceWidget {
  kind: "Choice";
}

export type Widget =
  | SliderWidget
  | NumberWidget
  | SeedWidget
  | TextBoxWidget
  | TextLineWidget
  | ModelFileWidget
  | ImageFileWidget
  | CheckboxWidget
  | ChoiceWidget;

export interface InputSchema {
  name: string;
  type: string;
  help: string;
  required: boolean;
  port: boolean;
  multiple: boolean;
  choices: string[];
  default: unknown;
  widget: Widget | null;
}

export interface OutputSchema {
  name: string;
  type: string;
}

export interface NodeSchema {
  id: string;
  title: string;
  category: string;
  description: string;
  references: string[];
  output_node: boolean;
  was: string[];
  version: string;
  inputs: InputSchema[];
  outputs: OutputSchema[];
}

export interface Edge {
  from: [string, string];
  to: [string, string];
}

export interface NodeInstance {
  type: string;
  values?: Record<string, unknown>;
  mode?: "on" | "mute" | "bypass";
  title?: string;
  position?: [number, number];
  size?: [number, number];
  color?: string;
  collapsed?: boolean;
}

export interface Group {
  title: string;
  position: [number, number];
  size: [number, number];
  color: string;
}

export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Graph {
  nodes: Record<string, NodeInstance>;
  edges: Edge[];
  groups?: Group[];
  view?: View;
}

export interface WorkflowDocument {
  format: string;
  title?: string;
  description?: string;
  root: string;
  graphs: Record<string, Graph>;
  lock?: Record<string, unknown>;
}

interface EventHead {
  seq: number;
  time: number;
}

export interface JobQueued extends EventHead {
  type: "job_queued";
  job: string;
  title: string;
}

export interface JobStarted extends EventHead {
  type: "job_started";
  job: string;
  order: string[];
  cached: string[];
}

export interface NodeStarted extends EventHead {
  type: "node_started";
  job: string;
  node: string;
}

export interface NodeProgress extends EventHead {
  type: "node_progress";
  job: string;
  node: string;
  step: number;
  steps: number;
  duration: number;
}

export interface NodeFinished extends EventHead {
  type: "node_finished";
  job: string;
  node: string;
  duration: number;
  cached: boolean;
}

export interface NodeReported extends EventHead {
  type: "node_reported";
  job: string;
  node: string;
  report: Record<string, unknown>;
}

export interface AssetAdded extends EventHead {
  type: "asset_added";
  job: string;
  node: string;
  asset: Asset;
}

export interface JobFinished extends EventHead {
  type: "job_finished";
  job: string;
  status: "done" | "failed" | "cancelled";
  problem: Problem | null;
  duration: number | null;
}

export interface WorkerChanged extends EventHead {
  type: "worker_changed";
  job: null;
  state: "starting" | "ready" | "stopped";
  device: string;
  detail: string;
}

export interface CatalogChanged extends EventHead {
  type: "catalog_changed";
  job: null;
  version: string;
}

export type RunEvent =
  | JobQueued
  | JobStarted
  | NodeStarted
  | NodeProgress
  | NodeFinished
  | NodeReported
  | AssetAdded
  | JobFinished
  | WorkerChanged
  | CatalogChanged;
