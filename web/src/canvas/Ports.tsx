import { Handle, Position } from "@xyflow/react";
import { memo, type TouchEvent } from "react";
import type { NodeSchema } from "../api/types";
import { fits, type LooseEnd } from "../graph/connection";
import type { PortSpot } from "../graph/layout";
import { incoming } from "../graph/sheet";
import type { Point } from "./actions";
import { useDragging } from "./dragging";
import { useEditor } from "./editor";
import { portColor } from "./ports";
import { takeOff } from "./rewiring";

interface Props {
  readonly id: string;
  readonly schema: NodeSchema;
  readonly spots: readonly PortSpot[];
}

/** The handles of a card, near or far, at the places that its layout says. */
export const Ports = memo(function Ports({ id, schema, spots }: Props) {
  const linked = useEditor((s) => incoming(s.links, id));
  const dragged = useDragging((s) => s.end);
  return spots.map((spot) => {
    const port = portOf(schema, spot);
    const held = spot.side === "input" && linked.has(spot.name);
    const names = ["port", held ? "held" : port.quiet ? "quiet" : "", strange(dragged, id, spot, port.type) ? "strange" : ""];
    return (
      <Handle
        key={`${spot.side} ${spot.name}`}
        id={spot.name}
        type={spot.side === "input" ? "target" : "source"}
        position={spot.side === "input" ? Position.Left : Position.Right}
        className={names.join(" ")}
        style={{ top: spot.y, background: portColor(port.type) }}
        title={`${spot.name}: ${port.type}`}
        isConnectableStart={!held}
        onMouseDown={held ? (event) => event.button === 0 && takeOff(id, spot.name, { x: event.clientX, y: event.clientY }) : undefined}
        onTouchStart={held ? (event) => takeOff(id, spot.name, touchPoint(event)) : undefined}
      />
    );
  });
});

function touchPoint({ touches }: TouchEvent): Point {
  const { clientX: x, clientY: y } = touches[0]!;
  return { x, y };
}

function portOf(schema: NodeSchema, spot: PortSpot): { type: string; quiet: boolean } {
  if (spot.side === "output") return { type: schema.outputs.find((o) => o.name === spot.name)?.type ?? "Any", quiet: false };
  const input = schema.inputs.find((i) => i.name === spot.name);
  return { type: input?.type ?? "Any", quiet: input?.port === false };
}

/** While a link is dragged, ports that it does not fit step back. */
function strange(end: LooseEnd | null, id: string, spot: PortSpot, type: string): boolean {
  if (!end || (end.node === id && end.port === spot.name && end.side === spot.side)) return false;
  if (end.node === id || end.side === spot.side) return true;
  return !(end.side === "output" ? fits(end.type, type) : fits(type, end.type));
}

/** Where links end on a card that is drawn from afar: places for React Flow to find, nothing to see or touch. */
export function FarPorts({ spots }: Pick<Props, "spots">) {
  return spots.map(({ name, side, y }) => (
    <div
      key={`${side} ${name}`}
      className={`far-port ${side === "input" ? "target" : "source"}`}
      data-handleid={name}
      data-handlepos={side === "input" ? "left" : "right"}
      style={{ top: y }}
    />
  ));
}
