import { useReactFlow, type OnConnectEnd, type OnConnectStart, type OnReconnect } from "@xyflow/react";
import { useCallback, useRef } from "react";
import { useCatalog } from "../api/catalog";
import { inputOf, outputOf } from "../graph/catalog";
import { refusal, wireTo, type LooseEnd, type Wire } from "../graph/connection";
import { connectToCard, connectWire, reconnectWire, type Point } from "./actions";
import { useDragging } from "./dragging";
import { currentSheet, useEditor } from "./editor";
import { letGo } from "./rewiring";
import { closeFloating, toast, useSurface } from "./surface";

interface Ends {
  source: string | null;
  sourceHandle?: string | null;
  target: string | null;
  targetHandle?: string | null;
}

function toWire(c: Ends): Wire {
  return { source: c.source ?? "", output: c.sourceHandle ?? "", target: c.target ?? "", input: c.targetHandle ?? "" };
}

export const isValid = (c: Ends) => refusal(currentSheet(), useCatalog.getState().catalog, toWire(c)) === null;

/** What dragging a link does: connect, refuse with the reason, or ask which node to make. */
export function useConnecting() {
  const flow = useReactFlow();
  const caught = useRef(false);
  const onConnectStart: OnConnectStart = useCallback((_event, from) => {
    const end = from.nodeId ? looseEnd(from.nodeId, from.handleId, from.handleType) : null;
    useDragging.setState({ end });
    closeFloating();
  }, []);
  const onConnectEnd: OnConnectEnd = useCallback(
    (event, state) => {
      const end = useDragging.getState().end;
      useDragging.setState({ end: null });
      if (state.isValid || !end) return;
      if (state.toHandle) return explain(end, state.toHandle.nodeId, state.toHandle.id ?? "", state.toHandle.type);
      if (caught.current) return;
      const { x, y } = pointOf(event);
      const card = document.elementFromPoint(x, y)?.closest<HTMLElement>(".react-flow__node-card");
      if (card) return connectToCard(end, card.dataset["id"] ?? "");
      useSurface.setState({ palette: { screen: { x, y }, canvas: flow.screenToFlowPosition({ x, y }), end } });
    },
    [flow],
  );
  const onReconnectStart = useCallback(() => (caught.current = true), []);
  const onReconnect: OnReconnect = useCallback((edge, connection) => reconnectWire(edge.id, toWire(connection)), []);
  const onReconnectEnd = useCallback((event: MouseEvent | TouchEvent, edge: { id: string }, _type: unknown, state: { toHandle: unknown }) => {
    caught.current = false;
    if (!state.toHandle) letGo(edge.id, pointOf(event));
  }, []);
  const onConnect = useCallback((c: Ends) => connectWire(toWire(c)), []);
  return { onConnect, onConnectStart, onConnectEnd, onReconnectStart, onReconnect, onReconnectEnd };
}

function pointOf(event: MouseEvent | TouchEvent): Point {
  const { clientX: x, clientY: y } = "changedTouches" in event ? event.changedTouches[0]! : event;
  return { x, y };
}

function explain(end: LooseEnd, node: string, port: string, handle: "source" | "target"): void {
  if (node === end.node && port === end.port) return;
  const forward = end.side === "output";
  if (forward === (handle === "source")) return toast("Connect an output to an input.", { tone: "error" });
  const reason = refusal(currentSheet(), useCatalog.getState().catalog, wireTo(end, node, port));
  if (reason) toast(reason, { tone: "error" });
}

function looseEnd(node: string, port: string | null, handle: "source" | "target" | null): LooseEnd | null {
  const schema = useCatalog.getState().catalog[useEditor.getState().cards[node]?.type ?? ""];
  const side = handle === "source" ? "output" : "input";
  const type = side === "output" ? outputOf(schema, port ?? "")?.type : inputOf(schema, port ?? "")?.type;
  return port && type ? { node, port, type, side } : null;
}
