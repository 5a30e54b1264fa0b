import { align, distribute, type Alignment, type Axis, type PlacedBox } from "../graph/align";
import type { Spot } from "../graph/arrange";
import { move } from "../graph/edit";
import type { IconName } from "../panels/Icon";
import { sizeOf } from "./attachments";
import { currentSheet, edit, selectedCards, useEditor } from "./editor";
import { toast } from "./surface";

/** Lining up the selected cards, each way one undo step. The keymap and the menu of a selection offer these. */
export interface Lining {
  readonly does: string;
  readonly key: string;
  readonly icon: IconName;
  readonly act: () => void;
}

export const LININGS: readonly Lining[] = [
  lining("Align left", "Alt+A", "alignLeft", "left"),
  lining("Align centres", "Alt+H", "alignCentre", "centre"),
  lining("Align right", "Alt+D", "alignRight", "right"),
  lining("Align top", "Alt+W", "alignTop", "top"),
  lining("Align middles", "Alt+V", "alignMiddle", "middle"),
  lining("Align bottom", "Alt+S", "alignBottom", "bottom"),
  spacing("Distribute horizontally", "Alt+Shift+H", "spreadAcross", "x"),
  spacing("Distribute vertically", "Alt+Shift+V", "spreadDown", "y"),
];

function lining(does: string, key: string, icon: IconName, to: Alignment): Lining {
  return { does, key, icon, act: () => place(2, (boxes) => align(boxes, to)) };
}

function spacing(does: string, key: string, icon: IconName, axis: Axis): Lining {
  return { does, key, icon, act: () => place(3, (boxes) => distribute(boxes, axis)) };
}

function place(least: number, rule: (boxes: readonly PlacedBox[]) => ReadonlyMap<string, Spot>): void {
  const { cards } = useEditor.getState();
  const picked = [...selectedCards()].map((id) => cards[id]!);
  if (picked.length < least) return toast(`Select at least ${least} nodes first.`);
  const to = rule(picked.map((card) => ({ id: card.id, x: card.x, y: card.y, ...boxSize(sizeOf(card)) })));
  const still = picked.every((card) => card.x === to.get(card.id)!.x && card.y === to.get(card.id)!.y);
  if (!still) edit(() => move(currentSheet(), to, new Map()));
}

function boxSize({ width, height }: { width: number; height: number }) {
  return { width, height };
}
