import { freeId, type Frame, type Sheet } from "../graph/sheet";
import { membersOf, updateFrame, type Ids } from "../graph/edit";
import { fold, foldedIds, foldsOf, unfold } from "../graph/folding";
import { sizeOf } from "./attachments";
import { currentSheet, edit, select } from "./editor";

/** Notes are groups with a text of their own; groups act on the cards that lie in them. */
const SIZE = { width: 260, height: 160 };

export function addNote({ x, y }: { x: number; y: number }): void {
  const id = freeId("group:1", (name) => currentSheet().frames.some((f) => f.id === name));
  const frame: Frame = { id, title: "Note", color: "yellow", x: Math.round(x), y: Math.round(y), ...SIZE, extra: { note: "" } };
  edit((sheet) => ({ ...sheet, frames: [...sheet.frames, frame] }));
}

export function noteOf(frame: Frame): string | null {
  return typeof frame.extra["note"] === "string" ? frame.extra["note"] : null;
}

export function writeNote(id: string, note: string): void {
  const frame = currentSheet().frames.find((f) => f.id === id);
  if (frame) edit((sheet) => updateFrame(sheet, id, { extra: { ...frame.extra, note } }), `note ${id}`);
}

/** Select the cards that lie in a group, for whatever is to be done with them. */
export function selectMembers(id: string): void {
  const sheet = currentSheet();
  const frame = sheet.frames.find((f) => f.id === id);
  if (frame) select(new Set(foldedIds(frame) ?? membersOf(frame, sheet, sizeOf)));
}

/** Collapse groups, or open them again when all of them are collapsed. */
export function foldGroups(ids: Ids): void {
  const frames = currentSheet().frames.filter((f) => ids.has(f.id) && noteOf(f) === null);
  const all = frames.every((frame) => foldedIds(frame) !== null);
  edit((sheet) => frames.reduce((now, { id }) => turned(now, id, !all), sheet));
}

function turned(sheet: Sheet, id: string, away: boolean): Sheet {
  const frame = sheet.frames.find((f) => f.id === id)!;
  if ((foldedIds(frame) !== null) === away) return sheet;
  return away ? fold(sheet, frame, membersOf(frame, sheet, sizeOf)) : unfold(sheet, frame);
}

/** Open the collapsed group that hides a card, so that it can be shown. */
export function bringOut(id: string): void {
  const frame = foldsOf(currentSheet()).get(id);
  if (!frame) return;
  foldGroups(new Set([frame.id]));
  bringOut(id);
}
