import type { TextLineWidget } from "../../api/types";
import { label } from "../../graph/catalog";
import { controlProps, useValue, type WidgetProps } from "../value";

/** One line of text, such as a file name's beginning. */
export default function TextLine(props: WidgetProps<TextLineWidget>) {
  const [value, set] = useValue(props.node, props.input);
  return (
    <label className="w-line w-field">
      <span className="w-label">{label(props.input.name)}</span>
      <input
        {...controlProps(props)}
        className="nodrag nopan"
        value={String(value ?? "")}
        onChange={(event) => set(event.target.value)}
      />
    </label>
  );
}
