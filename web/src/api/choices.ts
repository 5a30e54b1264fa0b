import { create } from "zustand";
import { getChoices, uploadFile } from "./routes";

/** What ModelFile and ImageFile widgets offer, by `kind/folder`. Absent until the server has answered. */
export const useChoices = create<{ names: Readonly<Record<string, readonly string[]>> }>(() => ({ names: {} }));

type Kind = "models" | "images" | "image_folders" | "videos" | "sounds";
const asked = new Set<string>();

export async function loadChoices(kind: Kind, folder: string): Promise<void> {
  const key = `${kind}/${folder}`;
  asked.add(key);
  const answer = await getChoices(kind, folder).catch(() => null);
  if (answer) useChoices.setState((s) => ({ names: { ...s.names, [key]: answer.names } }));
}

/** Files may have come or gone: ask again for all lists that are on the screen. */
export function reloadChoices(): void {
  for (const key of asked) {
    const at = key.indexOf("/");
    void loadChoices(key.slice(0, at) as Kind, key.slice(at + 1));
  }
}

/** Upload a picture; its name is offered by every ImageFile widget at once. */
export async function uploadImage(file: File): Promise<string> {
  const { name } = await uploadFile(file);
  reloadChoices();
  return name;
}
