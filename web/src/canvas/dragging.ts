import { create } from "zustand";
import type { LooseEnd } from "../graph/connection";

/** The end from which a link is being dragged. */
export const useDragging = create<{ end: LooseEnd | null }>(() => ({ end: null }));
