import type { TextBoxWidget } from "../../api/types";
import type { KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { label } from "../../graph/catalog";
import { weigh } from "../../graph/weights";
import { controlProps, useValue, type WidgetProps } from "../value";

/** Several lines of text, such as a prompt. Ctrl+Up and Ctrl+Down weigh the words at the cursor. */
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
        onKeyDown={(event) => weighByKey(event, set)}
      />
    </div>
  );
}

function weighByKey(event: KeyboardEvent<HTMLTextAreaElement>, set: (text: string) => void): void {
  const by = { ArrowUp: 1 as const, ArrowDown: -1 as const }[event.key];
  if (!by || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const field = event.currentTarget;
  const next = weigh({ text: field.value, start: field.selectionStart, end: field.selectionEnd }, by);
  // The text is written at once, so that the words are picked again before the next key, however fast it comes.
  flushSync(() => set(next.text));
  field.setSelectionRange(next.start, next.end);
}
