import type { EdgeChange, NodeChange } from "@xyflow/react";
import { membersOf, move, updateCards, updateFrame, type Ids } from "../graph/edit";
import { foldedIds, framesIn, withFolded } from "../graph/folding";
import type { Frame, Sheet } from "../graph/sheet";
import { sizeOf } from "./attachments";
import { currentSheet, DRAG, edit, sealStep, useEditor } from "./editor";
import type { FlowNode } from "./flow";

let members = new Map<string, Ids>();

export function startDrag(): void {
  sealStep();
  const sheet = currentSheet();
  const { selected } = useEditor.getState();
  // What lies in a frame is settled when the drag begins, else it would sweep up cards on its way.
  members = new Map(sheet.frames.map((f) => [f.id, without(held(f, sheet), selected)]));
}

export function endDrag(): void {
  members = new Map();
  sealStep();
}

/** The cards, notes and groups that lie in a group. */
function held(frame: Frame, sheet: Sheet): Ids {
  const folded = foldedIds(frame);
  const cards = folded ?? [...membersOf(frame, sheet, sizeOf)];
  const frames = folded ? [...withFolded(sheet, new Set([frame.id]))].filter((id) => id !== frame.id) : framesIn(frame, sheet).map(({ id }) => id);
  return new Set([...cards, ...frames]);
}

function without(ids: Ids, others: Ids): Ids {
  return new Set([...ids].filter((id) => !others.has(id)));
}

/** Turns React Flow's changes into edits of the sheet. */
export function applyNodeChanges(changes: NodeChange<FlowNode>[]): void {
  const to = new Map<string, { x: number; y: number }>();
  const picks = new Map<string, boolean>();
  for (const change of changes) {
    if (change.type === "position" && change.position) to.set(change.id, change.position);
    if (change.type === "select") picks.set(change.id, change.selected);
    if (change.type === "dimensions" && change.resizing && change.dimensions) resize(change.id, change.dimensions);
  }
  if (to.size && moves(currentSheet(), to)) edit((sheet) => move(sheet, to, members), "move", DRAG);
  if (picks.size) useEditor.setState((s) => ({ selected: picked(s.selected, picks) }));
}

export function applyEdgeChanges(changes: EdgeChange[]): void {
  const picks = new Map<string, boolean>();
  for (const change of changes) if (change.type === "select") picks.set(change.id, change.selected);
  if (picks.size) useEditor.setState((s) => ({ selectedLinks: picked(s.selectedLinks, picks) }));
}

/** A click is no move: React Flow reports the old position too. */
function moves(sheet: Sheet, to: ReadonlyMap<string, { x: number; y: number }>): boolean {
  return [...to].some(([id, at]) => {
    const old = sheet.cards[id] ?? sheet.frames.find((f) => f.id === id);
    return old !== undefined && (old.x !== at.x || old.y !== at.y);
  });
}

function resize(id: string, size: { width: number; height: number }): void {
  edit((sheet) => {
    if (id in sheet.cards) return updateCards(sheet, new Set([id]), () => size);
    return updateFrame(sheet, id, size);
  }, `resize ${id}`, DRAG);
}

function picked(old: Ids, picks: ReadonlyMap<string, boolean>): Ids {
  const next = new Set(old);
  for (const [id, on] of picks) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return next;
}
