import { create } from "zustand";
import { getModels, getOffers, type Offer } from "./routes";
import type { ModelCard } from "./types";

/** What lies in the model folders; undefined until somebody has asked. */
export const useModels = create<{ models: readonly ModelCard[] | undefined; offers: readonly Offer[]; fault: string | null }>(() => ({ models: undefined, offers: [], fault: null }));

export async function loadModels(): Promise<void> {
  try {
    useModels.setState({ models: (await getModels()).models, fault: null });
  } catch (error) {
    useModels.setState({ fault: (error as Error).message });
  }
}

/** Where models can be had; asked for once, when somebody misses one. */
export async function loadOffers(): Promise<void> {
  if (useModels.getState().offers.length) return;
  // Without the catalogue there is still the remedy that the problem itself names.
  const answer = await getOffers().catch(() => null);
  if (answer) useModels.setState({ offers: answer.offers });
}
