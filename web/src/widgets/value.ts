import { useEditor, editValue } from "../canvas/editor";
import { effectiveValue } from "../graph/catalog";
import type { InputSchema } from "../api/types";

/** What every widget gets. A linked input is shown but cannot be changed. */
export interface WidgetProps<W = unknown> {
  readonly node: string;
  readonly input: InputSchema;
  readonly widget: W;
  readonly disabled: boolean;
  readonly invalid: boolean;
}

/** An input's value in force and how to set it: changes `within` milliseconds are one undo step. Only this widget renders when it changes. */
export function useValue(node: string, input: InputSchema): [unknown, (value: unknown, within?: number) => void] {
  const saved = useEditor((s) => s.values[node]?.[input.name]);
  return [effectiveValue(input, saved), (value, within) => editValue(node, input.name, value, within)];
}

/** Attributes that every widget's control carries. */
export function controlProps({ input, disabled, invalid }: WidgetProps) {
  return {
    "data-testid": `w-${input.name}`,
    "aria-label": input.name.replaceAll("_", " "),
    "aria-invalid": invalid || undefined,
    disabled,
  };
}
