import { useReactFlow } from "@xyflow/react";
import { useEffect } from "react";
import { copySelection, deleteSelection, pasteText, type Point } from "./actions";
import { pastePicture } from "./dropping";
import type { FlowNode } from "./flow";
import { bindingFor } from "./keymap";
import { toast, toastError, useSurface } from "./surface";

/** Keyboard and clipboard for the whole page. */
export function useKeys(): void {
  const flow = useReactFlow<FlowNode>();
  useEffect(() => {
    const pointer = { x: innerWidth / 2, y: innerHeight / 2 };
    const moved = (event: PointerEvent) => Object.assign(pointer, { x: event.clientX, y: event.clientY });
    const key = (event: KeyboardEvent) => {
      const binding = bindingFor(event, inField(event));
      if (!binding?.act || (modalOpen() && event.key !== "Escape") || pressesButton(event)) return;
      event.preventDefault();
      binding.act(flow);
    };
    // On a focused card React Flow would take Ctrl+Enter for a click that adds to the selection.
    const early = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      key(event);
      event.stopPropagation();
    };
    const copied = (event: ClipboardEvent) => {
      const text = inField(event) || hasSelectedText() ? null : copySelection();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
      if (event.type === "cut") deleteSelection();
    };
    const pasted = (event: ClipboardEvent) => {
      if (!inField(event)) paste(event, flow.screenToFlowPosition(pointer));
    };
    const listeners: [string, (event: never) => void][] = [
      ["pointermove", moved],
      ["keydown", key],
      ["copy", copied],
      ["cut", copied],
      ["paste", pasted],
    ];
    for (const [name, listener] of listeners) window.addEventListener(name, listener as EventListener);
    window.addEventListener("keydown", early, true);
    return () => {
      window.removeEventListener("keydown", early, true);
      for (const [name, listener] of listeners) window.removeEventListener(name, listener as EventListener);
    };
  }, [flow]);
}

function paste(event: ClipboardEvent, at: Point): void {
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  if (picture) {
    pastePicture(picture, at).catch((error: unknown) => toastError(error, "Not pasted"));
    return;
  }
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (text && !pasteText(text, at)) toast("The clipboard holds no nodes, workflow or picture.");
}

function inField(event: Event): boolean {
  const target = event.target as HTMLElement | null;
  return Boolean(target?.closest?.("input:not([type=checkbox],[type=range]),textarea,select,[contenteditable]"));
}

/** Space and Enter on a focused button press it. */
function pressesButton(event: KeyboardEvent): boolean {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  return plain && event.key === " " && Boolean((event.target as HTMLElement).closest?.("button,a,[role=button],input"));
}

function modalOpen(): boolean {
  const { dialog, viewer } = useSurface.getState();
  return Boolean(dialog ?? viewer);
}

function hasSelectedText(): boolean {
  return (window.getSelection()?.toString() ?? "") !== "";
}
