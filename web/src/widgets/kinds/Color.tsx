import { label } from "../../graph/catalog";
import { controlProps, useValue, type WidgetProps } from "../value";

const HEX = /^#[0-9a-f]{6}$/i;

/** A colour: a swatch that opens the browser's picker, and its text. */
export default function Color(props: WidgetProps) {
  const [raw, set] = useValue(props.node, props.input);
  const value = String(raw ?? "#000000");
  const name = label(props.input.name);
  return (
    <div className="w-line w-field w-color">
      <span className="w-label">{name}</span>
      <input {...controlProps(props)} className="nodrag nopan" value={value} spellCheck={false} onChange={(event) => set(event.target.value)} />
      <input type="color" className="nodrag nopan" aria-label={`Pick ${name}`} disabled={props.disabled} value={HEX.test(value) ? value : "#000000"} onChange={(event) => set(event.target.value)} />
    </div>
  );
}
