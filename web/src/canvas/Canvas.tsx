import {
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
  type OnConnectEnd,
  type OnConnectStart,
  type OnReconnect,
} from "@xyflow/react";
import { useCallback, useRef, type DragEvent, type MouseEvent } from "react";
import { useCatalog } from "../api/catalog";
import { inputOf, outputOf } from "../graph/catalog";
import { refusal, type LooseEnd, type Wire } from "../graph/connection";
import { connectToCard, connectWire, deleteLink, reconnectWire } from "./actions";
import { takeFiles } from "./dropping";
import { useDragging } from "./dragging";
import { currentSheet, useEditor } from "./editor";
import { useFlowEdges, useFlowNodes, type FlowNode } from "./flow";
import { FrameBox } from "./FrameBox";
import { applyEdgeChanges, applyNodeChanges, endDrag, startDrag } from "./moving";
import { NodeCard } from "./NodeCard";
import { usePrefs } from "./prefs";
import { closeFloating, toast, useSurface } from "./surface";
import { useView } from "./view";

const NODE_TYPES = { card: NodeCard, frame: FrameBox };
const GRID: [number, number] = [12, 12];

interface Ends {
  source: string | null;
  sourceHandle?: string | null;
  target: string | null;
  targetHandle?: string | null;
}

function toWire(c: Ends): Wire {
  return { source: c.source ?? "", output: c.sourceHandle ?? "", target: c.target ?? "", input: c.targetHandle ?? "" };
}

const isValid = (c: Ends) => refusal(currentSheet(), useCatalog.getState().catalog, toWire(c)) === null;

/** The canvas itself: React Flow, fed from the editor, and what pointer gestures on it mean. */
export function Canvas() {
  const nodes = useFlowNodes();
  const edges = useFlowEdges();
  const snap = usePrefs((s) => s.snap);
  const minimap = usePrefs((s) => s.minimap);
  const flow = useReactFlow();
  const view = useView();
  const connecting = useConnecting();

  const openPalette = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).classList.contains("react-flow__pane")) return;
    const screen = { x: event.clientX, y: event.clientY };
    useSurface.setState({ palette: { screen, canvas: flow.screenToFlowPosition(screen), end: null }, menu: null });
  };
  const openMenu = (event: MouseEvent | globalThis.MouseEvent, node?: FlowNode) => {
    event.preventDefault();
    const target = node ? { kind: node.type as "card" | "frame", id: node.id } : { kind: "pane" as const };
    useSurface.setState({ menu: { x: event.clientX, y: event.clientY, target } });
  };
  const openLinkMenu = (event: MouseEvent, edge: { id: string }) => {
    event.preventDefault();
    useSurface.setState({ menu: { x: event.clientX, y: event.clientY, target: { kind: "link", id: edge.id } } });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void takeFiles([...event.dataTransfer.files], flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };
  return (
    <div className="canvas" onDoubleClick={openPalette} onDrop={drop} onDragOver={(event) => event.preventDefault()}>
      <ReactFlow<FlowNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodesChange={applyNodeChanges}
        onEdgesChange={applyEdgeChanges}
        {...connecting}
        isValidConnection={isValid}
        onNodeDragStart={startDrag}
        onNodeDragStop={endDrag}
        onSelectionDragStart={startDrag}
        onSelectionDragStop={endDrag}
        onNodeContextMenu={openMenu}
        onPaneContextMenu={openMenu}
        onEdgeContextMenu={openLinkMenu}
        onPaneClick={closeFloating}
        onMoveStart={(event) => event && closeFloating()}
        onMoveEnd={view.remember}
        onInit={view.place}
        connectionRadius={26}
        reconnectRadius={12}
        minZoom={0.08}
        maxZoom={2.5}
        snapToGrid={snap}
        snapGrid={GRID}
        zoomOnDoubleClick={false}
        selectionMode={SelectionMode.Partial}
        panOnDrag={[0, 1]}
        panActivationKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={["Control", "Meta", "Shift"]}
        deleteKeyCode={null}
        onlyRenderVisibleElements
        elevateNodesOnSelect
        proOptions={{ hideAttribution: true }}
      >
        <Grid />
        {minimap && nodes.length > 0 && <MiniMap pannable zoomable nodeBorderRadius={4} ariaLabel="Map of the workflow" />}
      </ReactFlow>
      {nodes.length === 0 && <EmptyHint />}
    </div>
  );
}

/** What dragging a link does: connect, refuse with the reason, or ask which node to make. */
function useConnecting() {
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
      const { clientX: x, clientY: y } = "changedTouches" in event ? event.changedTouches[0]! : event;
      if (caught.current) return;
      const card = document.elementFromPoint(x, y)?.closest<HTMLElement>(".react-flow__node-card");
      if (card) return connectToCard(end, card.dataset["id"] ?? "");
      useSurface.setState({ palette: { screen: { x, y }, canvas: flow.screenToFlowPosition({ x, y }), end } });
    },
    [flow],
  );
  const onReconnectStart = useCallback(() => (caught.current = true), []);
  const onReconnect: OnReconnect = useCallback((edge, connection) => reconnectWire(edge.id, toWire(connection)), []);
  const onReconnectEnd = useCallback((_event: unknown, edge: { id: string }, _type: unknown, state: { toHandle: unknown }) => {
    caught.current = false;
    if (!state.toHandle) deleteLink(edge.id);
  }, []);
  const onConnect = useCallback((c: Ends) => connectWire(toWire(c)), []);
  return { onConnect, onConnectStart, onConnectEnd, onReconnectStart, onReconnect, onReconnectEnd };
}

function explain(end: LooseEnd, node: string, port: string, handle: "source" | "target"): void {
  if (node === end.node && port === end.port) return;
  const forward = end.side === "output";
  if (forward === (handle === "source")) return toast(`Connect an output to an input.`, { tone: "error" });
  const wire = forward
    ? { source: end.node, output: end.port, target: node, input: port }
    : { source: node, output: port, target: end.node, input: end.port };
  const reason = refusal(currentSheet(), useCatalog.getState().catalog, wire);
  if (reason) toast(reason, { tone: "error" });
}

function looseEnd(node: string, port: string | null, handle: "source" | "target" | null): LooseEnd | null {
  const schema = useCatalog.getState().catalog[useEditor.getState().cards[node]?.type ?? ""];
  const side = handle === "source" ? "output" : "input";
  const type = side === "output" ? outputOf(schema, port ?? "")?.type : inputOf(schema, port ?? "")?.type;
  return port && type ? { node, port, type, side } : null;
}

/** Far out, only every sixth line is drawn: all of them would be a grey veil. */
function Grid() {
  const far = useStore((s) => s.transform[2] < 0.4);
  return <Background variant={BackgroundVariant.Lines} gap={far ? 144 : 24} lineWidth={0.5} />;
}

function EmptyHint() {
  return (
    <div className="empty-hint">
      <p>
        Double-click, or press <kbd>Space</kbd>, to add a node.
      </p>
      <p>Drop a saved picture here to open the workflow that made it.</p>
    </div>
  );
}
