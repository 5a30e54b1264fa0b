import { useCatalog } from "../api/catalog";
import { freeInputs } from "../graph/connection";
import { remove } from "../graph/edit";
import { incoming, type Link } from "../graph/sheet";
import { deleteLink, reconnectWire, type Point } from "./actions";
import { currentSheet, useEditor } from "./editor";
import { toast } from "./surface";

/**
 * Take the link off an input, to drag its end elsewhere. React Flow does that at the end of an edge, beside the port;
 * a press on the port itself is handed on to there. Of several links the one that came last is taken.
 */
export function takeOff(node: string, input: string, { x, y }: Point): void {
  const link = incoming(useEditor.getState().links, node).get(input)?.at(-1);
  const edge = link && document.querySelector(`.react-flow__edge[data-id="${CSS.escape(link.id)}"]`);
  const press = new MouseEvent("mousedown", { bubbles: true, button: 0, clientX: x, clientY: y });
  edge?.querySelector(".react-flow__edgeupdater-target")?.dispatchEvent(press);
}

/** A link's end was dropped on no port: on a card it looks for a place, on the canvas it goes, elsewhere it stays. */
export function letGo(id: string, { x, y }: Point): void {
  const link = useEditor.getState().links.find((l) => l.id === id);
  const spot = document.elementFromPoint(x, y);
  const card = spot?.closest<HTMLElement>(".react-flow__node-card")?.dataset["id"];
  if (!link) return;
  if (card) moveToCard(link, card);
  else if (spot?.closest(".react-flow") && !spot.closest(".react-flow__panel")) deleteLink(id);
}

/** Only one place leaves no doubt; with none, or several, the link goes back to where it was. */
function moveToCard(link: Link, card: string): void {
  const { catalog } = useCatalog.getState();
  const without = remove(currentSheet(), new Set(), new Set([link.id]));
  const free = freeInputs(without, catalog, link, card);
  const [first] = free;
  if (first && free.length === 1) {
    return reconnectWire(link.id, { source: link.source, output: link.output, target: card, input: first.name });
  }
  if (card === link.target) return;
  const several = "Several inputs of this node fit: drop the link on one of them.";
  toast(first ? several : "No free input of this node fits: the link stays where it was.", { tone: "error" });
}
