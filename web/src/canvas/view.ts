import { useReactFlow, type Viewport } from "@xyflow/react";
import { useCallback, useEffect, useRef } from "react";
import { useCatalog } from "../api/catalog";
import { arrangeCards } from "./actions";
import { useEditor } from "./editor";
import { usePrefs } from "./prefs";
import { useWorkflow } from "./workflow";

const FIT = { padding: 0.06, maxZoom: 1.1 };

/**
 * Which part of the canvas is on the screen. A new opening fits the whole workflow into it: a view that was saved
 * on another screen seldom suits this one. Panning is remembered with the next save, and is no edit of its own.
 */
export function useView() {
  const flow = useReactFlow();
  const opening = useWorkflow((s) => s.opening);
  const unplaced = useWorkflow((s) => s.unplaced);
  const complete = useCatalog((s) => Object.keys(s.catalog).length > 0);
  const panel = usePrefs((s) => s.tab !== null);
  const placed = useRef(0);
  const panned = useRef(false);

  const place = useCallback(() => {
    const { cards } = useEditor.getState();
    if (!Object.keys(cards).length) return;
    panned.current = false;
    void flow.fitView(FIT);
  }, [flow]);

  // A panel takes room from the canvas, and cards grow when their nodes become known: as long as nobody has chosen
  // another view, the whole workflow stays in it.
  useEffect(() => {
    if (panned.current || !placed.current) return;
    const frame = requestAnimationFrame(() => requestAnimationFrame(place));
    return () => cancelAnimationFrame(frame);
  }, [panel, complete, place]);

  useEffect(() => {
    if (unplaced) {
      if (!complete) return;
      arrangeCards();
      return useWorkflow.setState({ unplaced: false });
    }
    if (!opening || placed.current === opening) return;
    placed.current = opening;
    // The nodes reach React Flow with the next render.
    const frame = requestAnimationFrame(() => requestAnimationFrame(place));
    return () => cancelAnimationFrame(frame);
  }, [opening, unplaced, complete, place]);

  const remember = useCallback((event: unknown, { x, y, zoom }: Viewport) => {
    if (event) panned.current = true;
    useWorkflow.setState({ view: { x, y, zoom } });
  }, []);
  return { place, remember };
}

export const FIT_VIEW = { ...FIT, duration: 200 };
