import { label } from "../../graph/catalog";
import { controlProps, useValue, type WidgetProps } from "../value";

/** On or off. */
export default function Checkbox(props: WidgetProps) {
  const [value, set] = useValue(props.node, props.input);
  return (
    <label className="w-line w-switch nodrag">
      <span className="w-label">{label(props.input.name)}</span>
      <input {...controlProps(props)} type="checkbox" role="switch" checked={value === true} onChange={(event) => set(event.target.checked)} />
    </label>
  );
}
