import {
  Background,
  BackgroundVariant,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
  type NodeProps,
  type ReactFlowProps,
} from "@xyflow/react";
import { type DragEvent, type MouseEvent } from "react";
import { EmptySheet } from "../panels/EmptySheet";
import { isValid, useConnecting } from "./connecting";
import { prefixOf, useEditor, type Path } from "./editor";
import { takeFiles } from "./dropping";
import { useFlowNodes, type FlowNode, type GhostNode } from "./flow";
import { useFlowEdges, type MarkedEdge } from "./flowEdges";
import { FoldCard } from "./FoldCard";
import { FrameBox } from "./FrameBox";
import { Minimap } from "./Minimap";
import { applyEdgeChanges, applyNodeChanges, endDrag, startDrag } from "./moving";
import { NodeCard } from "./NodeCard";
import { usePrefs } from "./prefs";
import { closeFloating, useSurface, type MenuRequest } from "./surface";
import { useView } from "./view";
import { Wire } from "./Wire";

const NODE_TYPES = { card: NodeCard, frame: FrameBox, fold: FoldCard, ghost: Ghost };
const EDGE_TYPES = { wire: Wire };
const GRID: [number, number] = [12, 12];

/** How React Flow behaves here; none of it changes. */
const BEHAVIOUR = {
  connectionRadius: 26,
  reconnectRadius: 12,
  minZoom: 0.08,
  maxZoom: 2.5,
  snapGrid: GRID,
  zoomOnDoubleClick: false,
  selectionMode: SelectionMode.Partial,
  panOnDrag: [0, 1],
  panActivationKeyCode: null,
  selectionKeyCode: "Shift",
  multiSelectionKeyCode: ["Control", "Meta", "Shift"],
  // Deleting is an edit like others, so the keymap does it as one undo step.
  deleteKeyCode: null,
  onlyRenderVisibleElements: true,
  elevateNodesOnSelect: true,
  attributionPosition: "bottom-center",
} satisfies ReactFlowProps<FlowNode, MarkedEdge>;

/** The canvas itself: React Flow, fed from the editor, and what pointer gestures on it mean. */
export function Canvas() {
  const path = useEditor(prefixOfState);
  // Another sheet is another canvas: nothing of one may linger on the other.
  return <SheetCanvas key={path} />;
}

const prefixOfState = (s: { path: Path }) => prefixOf(s.path);

function SheetCanvas() {
  const nodes = useFlowNodes();
  const edges = useFlowEdges();
  const snap = usePrefs((s) => s.snap);
  const minimap = usePrefs((s) => s.minimap);
  const view = useView();
  const connecting = useConnecting();
  const { onDoubleClick, onDrop } = usePane();
  return (
    <div className="canvas" onDoubleClick={onDoubleClick} onDrop={onDrop} onDragOver={(event) => event.preventDefault()}>
      <ReactFlow<FlowNode, MarkedEdge>
        {...BEHAVIOUR}
        {...connecting}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        snapToGrid={snap}
        onNodesChange={applyNodeChanges}
        onEdgesChange={applyEdgeChanges}
        isValidConnection={isValid}
        onNodeDragStart={startDrag}
        onNodeDragStop={endDrag}
        onSelectionDragStart={startDrag}
        onSelectionDragStop={endDrag}
        onNodeContextMenu={openNodeMenu}
        onSelectionContextMenu={(event, [node]) => node && openNodeMenu(event, node)}
        onEdgeContextMenu={(event, edge) => openMenu(event, { kind: "link", id: edge.id })}
        onPaneContextMenu={(event) => openMenu(event, { kind: "pane" })}
        onPaneClick={closeFloating}
        onMoveStart={(event) => event && closeFloating()}
        onMoveEnd={view.remember}
        onInit={view.place}
      >
        <Grid />
        {minimap && <Minimap nodes={nodes} />}
      </ReactFlow>
      {nodes.length === 0 && <EmptySheet />}
    </div>
  );
}

function openMenu(event: MouseEvent | globalThis.MouseEvent, target: MenuRequest["target"]): void {
  event.preventDefault();
  useSurface.setState({ menu: { x: event.clientX, y: event.clientY, target } });
}

function openNodeMenu(event: MouseEvent, { id, type }: FlowNode): void {
  if (type !== "ghost") openMenu(event, { kind: type === "card" ? "card" : "frame", id });
}

/** Double-click and drop on the empty canvas. */
function usePane() {
  const flow = useReactFlow();
  const onDoubleClick = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).classList.contains("react-flow__pane")) return;
    const screen = { x: event.clientX, y: event.clientY };
    useSurface.setState({ palette: { screen, canvas: flow.screenToFlowPosition(screen), end: null }, menu: null });
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    void takeFiles([...event.dataTransfer.files], flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };
  return { onDoubleClick, onDrop };
}

/** Far out, only every sixth line is drawn: all of them would be a grey veil. */
function Grid() {
  const far = useStore((s) => s.transform[2] < 0.4);
  return <Background variant={BackgroundVariant.Lines} gap={far ? 144 : 24} lineWidth={0.5} />;
}

/** What an older revision had here. */
function Ghost({ data }: NodeProps<GhostNode>) {
  return <div className="ghost">{data.title}</div>;
}
