import { create } from "zustand";
import { getModels } from "./routes";
import type { ModelCard } from "./types";

/** What lies in the model folders; undefined until somebody has asked. */
export const useModels = create<{ models: readonly ModelCard[] | undefined; fault: string | null }>(() => ({ models: undefined, fault: null }));

export async function loadModels(): Promise<void> {
  try {
    useModels.setState({ models: (await getModels()).models, fault: null });
  } catch (error) {
    useModels.setState({ fault: (error as Error).message });
  }
}
