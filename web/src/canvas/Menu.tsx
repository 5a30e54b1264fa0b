import { useReactFlow } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { CARD_COLORS } from "../graph/colors";
import { addDot, clearDots } from "../graph/dots";
import { graphOf } from "../graph/interface";
import type { Dot } from "../graph/sheet";
import { Icon, type IconName } from "../panels/Icon";
import { arrangeCards, collapseSelection, copySelection, deleteSelection, duplicateSelection, groupSelection, paint, pasteText, pinSelection, switchMode } from "./actions";
import { LININGS } from "./aligning";
import { edit, enterGraph, select, selectAll, useEditor } from "./editor";
import type { FlowNode } from "./flow";
import { runSelected } from "./keymap";
import { subgraphSelection, unpackSelection } from "./grouping";
import { addNote, foldGroups, selectMembers } from "./notes";
import { toast, useSurface, type MenuRequest } from "./surface";
import { FIT_VIEW } from "./view";

interface Item {
  readonly label: string;
  readonly icon: IconName;
  readonly keys?: string;
  readonly act: () => void;
}

/** The context menu of a card, a group or the canvas. */
export function Menu() {
  const menu = useSurface((s) => s.menu);
  return menu && <OpenMenu menu={menu} />;
}

function OpenMenu({ menu }: { menu: MenuRequest }) {
  const box = useRef<HTMLDivElement>(null);
  const flow = useReactFlow<FlowNode>();
  const close = () => useSurface.setState({ menu: null });
  const id = menu.target.kind === "pane" ? null : menu.target.id;
  const link = menu.target.kind === "link";
  useEffect(() => {
    if (link && id) select(new Set(), new Set([id]));
    else if (id && !useEditor.getState().selected.has(id)) select(new Set([id]));
    box.current?.querySelector("button")?.focus();
  }, [id, link]);
  const items = itemsFor(menu, flow);
  const walk = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      // Further up, Escape would also drop the selection that the menu was opened for.
      event.stopPropagation();
      return close();
    }
    if (!step) return;
    event.preventDefault();
    const buttons = [...box.current!.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div className="veil" onPointerDown={close} onContextMenu={(event) => event.preventDefault()}>
      <div
        ref={box}
        className="menu"
        role="menu"
        style={{ left: Math.min(menu.x, innerWidth - 250), top: Math.min(menu.y, innerHeight - 70 - items.length * 30) }}
        onPointerDown={(event) => event.stopPropagation()}
        onKeyDown={walk}
      >
        {items.map((item) => (
          <button key={item.label} type="button" role="menuitem" onClick={() => [close(), item.act()]}>
            <Icon name={item.icon} size={14} />
            <span>{item.label}</span>
            {item.keys && <kbd>{item.keys}</kbd>}
          </button>
        ))}
        {menu.target.kind === "card" && <Lines onDone={close} />}
        {id && !link && <Swatches id={id} onDone={close} />}
      </div>
    </div>
  );
}

/** Ways to line up the selection, when it is more than one card. */
function Lines({ onDone }: { onDone: () => void }) {
  const several = useEditor((s) => [...s.selected].filter((id) => id in s.cards).length > 1);
  if (!several) return null;
  return (
    <div className="lines" role="group" aria-label="Line up">
      {LININGS.map(({ does, key, icon, act }) => (
        <button key={does} type="button" role="menuitem" title={`${does} (${key})`} aria-label={does} onClick={() => [onDone(), act()]}>
          <Icon name={icon} size={15} />
        </button>
      ))}
    </div>
  );
}

function Swatches({ id, onDone }: { id: string; onDone: () => void }) {
  const painted = useEditor((s) => s.cards[id]?.color ?? s.frames.find((f) => f.id === id)?.color ?? "");
  return (
    <div className="swatches" role="group" aria-label="Colour">
      {["", ...Object.keys(CARD_COLORS)].map((color) => (
        <button
          key={color}
          type="button"
          role="menuitemradio"
          aria-checked={color === painted}
          title={color || "by category"}
          aria-label={`Colour ${color || "by category"}`}
          style={{ background: color ? `hsl(${CARD_COLORS[color]} var(--port-tone))` : "var(--raised)" }}
          onClick={() => [paint(id, color), onDone()]}
        />
      ))}
    </div>
  );
}

function itemsFor(menu: MenuRequest, flow: ReturnType<typeof useReactFlow<FlowNode>>): Item[] {
  switch (menu.target.kind) {
    case "pane":
      return paneItems(menu, flow);
    case "card":
      return cardItems(menu.target.id);
    case "frame":
      return frameItems(menu.target.id);
    case "link":
      return linkItems(menu.target.id, flow.screenToFlowPosition({ x: menu.x, y: menu.y }));
  }
}

function linkItems(id: string, at: Dot): Item[] {
  const dotted = useEditor.getState().links.some((l) => l.id === id && l.via?.length);
  return [
    { label: "Add a dot", icon: "reroute", keys: "Alt click", act: () => edit((sheet) => addDot(sheet, id, at, at, at)) },
    ...(dotted ? [{ label: "Remove its dots", icon: "cancel" as const, act: () => edit((sheet) => clearDots(sheet, id)) }] : []),
    { label: "Delete link", icon: "trash", keys: "Del", act: deleteSelection },
  ];
}

function cardItems(id: string): Item[] {
  return [
    { label: "Rename", icon: "pencil", keys: "F2", act: () => useSurface.setState({ renaming: id }) },
    { label: "Help", icon: "help", act: () => useSurface.setState({ help: id }) },
    { label: "Run up to here", icon: "play", keys: "Ctrl ⇧ ↵", act: runSelected },
    { label: "Duplicate", icon: "copy", keys: "Ctrl D", act: duplicateSelection },
    { label: "Mute", icon: "mute", keys: "Ctrl M", act: () => switchMode("mute") },
    { label: "Bypass", icon: "bypass", keys: "Ctrl B", act: () => switchMode("bypass") },
    { label: "Collapse", icon: "chevron", keys: "Alt C", act: collapseSelection },
    { label: "Pin or unpin", icon: "lock", keys: "Alt P", act: pinSelection },
    { label: "Group", icon: "group", keys: "Ctrl G", act: groupSelection },
    ...subgraphItems(id),
    { label: "Delete", icon: "trash", keys: "Del", act: deleteSelection },
  ];
}

function subgraphItems(id: string): Item[] {
  const make: Item = { label: "Make a subgraph", icon: "subgraph", keys: "Ctrl ⇧ G", act: subgraphSelection };
  if (graphOf(useEditor.getState().cards[id]?.type ?? "") === null) return [make];
  return [
    { label: "Open the subgraph", icon: "enter", keys: "Enter", act: () => enterGraph(id) },
    { label: "Unpack the subgraph", icon: "unpack", keys: "Ctrl ⇧ U", act: unpackSelection },
    make,
  ];
}

function frameItems(id: string): Item[] {
  return [
    { label: "Rename", icon: "pencil", keys: "F2", act: () => useSurface.setState({ renaming: id }) },
    { label: "Collapse or open", icon: "chevron", keys: "Alt C", act: () => foldGroups(new Set([id])) },
    { label: "Mute what is in it", icon: "mute", act: () => [selectMembers(id), switchMode("mute")] },
    { label: "Bypass what is in it", icon: "bypass", act: () => [selectMembers(id), switchMode("bypass")] },
    { label: "Select what is in it", icon: "group", act: () => selectMembers(id) },
    { label: "Remove group", icon: "trash", keys: "Del", act: deleteSelection },
  ];
}

function paneItems(menu: MenuRequest, flow: ReturnType<typeof useReactFlow<FlowNode>>): Item[] {
  const screen = { x: menu.x, y: menu.y };
  const canvas = flow.screenToFlowPosition(screen);
  return [
    { label: "Add node", icon: "plus", keys: "Space", act: () => useSurface.setState({ palette: { screen, canvas, end: null } }) },
    { label: "Add note", icon: "pencil", keys: "N", act: () => addNote(canvas) },
    { label: "Paste", icon: "copy", keys: "Ctrl V", act: () => void pasteFromClipboard(canvas) },
    { label: "Select all", icon: "group", keys: "Ctrl A", act: selectAll },
    { label: "Lay out", icon: "arrange", keys: "L", act: arrangeCards },
    { label: "Fit view", icon: "fit", keys: "F", act: () => void flow.fitView(FIT_VIEW) },
    { label: "Copy everything", icon: "copy", act: () => [selectAll(), void navigator.clipboard?.writeText(copySelection() ?? "")] },
  ];
}

async function pasteFromClipboard(at: { x: number; y: number }): Promise<void> {
  const text = await navigator.clipboard?.readText().catch(() => "");
  if (!text) return toast("The browser did not hand out the clipboard; press Ctrl+V instead.");
  if (!pasteText(text, at)) toast("The clipboard holds no nodes.");
}
