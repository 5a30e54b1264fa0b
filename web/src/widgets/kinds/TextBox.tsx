import type { TextBoxWidget } from "../../api/types";
import { label } from "../../graph/catalog";
import { controlProps, useValue, type WidgetProps } from "../value";

/** Several lines of text, such as a prompt. */
export default function TextBox(props: WidgetProps<TextBoxWidget>) {
  const [value, set] = useValue(props.node, props.input);
  return (
    <div className="w-box">
      <span className="w-label">{label(props.input.name)}</span>
      <textarea
        {...controlProps(props)}
        className="nodrag nowheel nopan"
        spellCheck={false}
        value={String(value ?? "")}
        onChange={(event) => set(event.target.value)}
      />
    </div>
  );
}
