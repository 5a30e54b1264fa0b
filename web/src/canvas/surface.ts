import { create } from "zustand";
import type { Asset } from "../api/types";
import type { LooseEnd } from "../graph/connection";

/** What floats over the canvas: palette, menu, dialogs, large picture, short messages. */
export interface PaletteRequest {
  /** Where on the screen, and where on the canvas the new card goes. */
  readonly screen: { x: number; y: number };
  readonly canvas: { x: number; y: number };
  readonly end: LooseEnd | null;
  /** Nobody pointed at a place, so the card goes where it covers no other. */
  readonly anywhere?: boolean;
}

export interface MenuRequest {
  readonly x: number;
  readonly y: number;
  readonly target: { kind: "card" | "frame" | "link"; id: string } | { kind: "pane" };
}

export interface Toast {
  readonly id: number;
  readonly tone: "info" | "error";
  readonly text: string;
  readonly remedy: string;
  readonly action: { label: string; act: () => void } | null;
}

export type Dialog = "keys" | "conflict" | "templates" | null;

interface Surface {
  palette: PaletteRequest | null;
  menu: MenuRequest | null;
  dialog: Dialog;
  renaming: string | null;
  help: string | null;
  viewer: { assets: readonly Asset[]; at: number; comparing?: boolean } | null;
  toasts: readonly Toast[];
}

export const useSurface = create<Surface>(() => ({
  palette: null,
  menu: null,
  dialog: null,
  renaming: null,
  help: null,
  viewer: null,
  toasts: [],
}));

let lastToast = 0;
const SHORT = 5000;
const LONG = 12000;

export function toast(text: string, more: Partial<Pick<Toast, "tone" | "remedy" | "action">> = {}): void {
  const { toasts } = useSurface.getState();
  if (toasts.some((t) => t.text === text)) return;
  const id = ++lastToast;
  const next: Toast = { id, text, tone: more.tone ?? "info", remedy: more.remedy ?? "", action: more.action ?? null };
  useSurface.setState({ toasts: [...toasts.slice(-3), next] });
  window.setTimeout(() => dismissToast(id), next.action || next.remedy ? LONG : SHORT);
}

export function dismissToast(id: number): void {
  useSurface.setState((s) => ({ toasts: s.toasts.filter((t) => t.id !== id) }));
}

/** Show why something failed. Knows ApiErrors' remedies; never shows a stack trace. */
export function toastError(error: unknown, doing: string): void {
  const { message, remedy } = error as { message?: string; remedy?: string };
  toast(`${doing}: ${message ?? "something went wrong."}`, { tone: "error", remedy: remedy ?? "" });
}

export function closeFloating(): void {
  useSurface.setState({ palette: null, menu: null, help: null });
}

export function viewAssets(assets: readonly Asset[], at: number): void {
  useSurface.setState({ viewer: { assets, at } });
}

/** Two pictures beside each other, with what differs in their workflows. */
export function compareAssets(one: Asset, other: Asset): void {
  useSurface.setState({ viewer: { assets: [one, other], at: 1, comparing: true } });
}
