import { useReactFlow } from "@xyflow/react";
import { arrangeCards } from "../canvas/actions";
import { redoEdit, undoEdit, useEditor } from "../canvas/editor";
import type { FlowNode } from "../canvas/flow";
import { openPaletteInMiddle } from "../canvas/keymap";
import { themeInForce, usePrefs } from "../canvas/prefs";
import { useSurface } from "../canvas/surface";
import { FIT_VIEW } from "../canvas/view";
import { Icon, type IconName } from "./Icon";

/** The strip of tools at the lower left. */
export function Tools() {
  const flow = useReactFlow<FlowNode>();
  const canUndo = useEditor((s) => s.history.past.length > 0);
  const canRedo = useEditor((s) => s.history.future.length > 0);
  const { snap, minimap, theme } = usePrefs();
  const dark = themeInForce(theme) === "dark";
  return (
    <div className="tools" role="toolbar" aria-label="Canvas tools">
      <Tool icon="plus" hint="Add a node (Space)" onClick={() => openPaletteInMiddle(flow)} />
      <Tool icon="undo" hint="Undo (Ctrl+Z)" disabled={!canUndo} onClick={undoEdit} />
      <Tool icon="redo" hint="Redo (Ctrl+Shift+Z)" disabled={!canRedo} onClick={redoEdit} />
      <i className="gap" />
      <Tool icon="fit" hint="Fit the view (F)" onClick={() => void flow.fitView(FIT_VIEW)} />
      <Tool icon="arrange" hint="Lay out the nodes (L)" onClick={() => [arrangeCards(), window.setTimeout(() => void flow.fitView(FIT_VIEW), 30)]} />
      <Tool icon="magnet" hint="Snap to the grid" on={snap} onClick={() => usePrefs.setState({ snap: !snap })} />
      <Tool icon="map" hint="Minimap (M)" on={minimap} onClick={() => usePrefs.setState({ minimap: !minimap })} />
      <i className="gap" />
      <Tool icon={dark ? "sun" : "moon"} hint={dark ? "Light theme" : "Dark theme"} onClick={() => usePrefs.setState({ theme: dark ? "light" : "dark" })} />
      <Tool icon="keyboard" hint="Keyboard map (?)" onClick={() => useSurface.setState({ dialog: "keys" })} />
    </div>
  );
}

interface ToolProps {
  readonly icon: IconName;
  readonly hint: string;
  readonly on?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

function Tool({ icon, hint, on, disabled, onClick }: ToolProps) {
  return (
    <button type="button" className={on ? "on" : ""} title={hint} aria-label={hint} aria-pressed={on} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
