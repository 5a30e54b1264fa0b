import { memo, type ComponentType } from "react";
import { label } from "../graph/catalog";
import type { InputSchema } from "../api/types";
import type { WidgetProps } from "./value";

/** A kind of widget is one file in kinds/, named like the kind in the node schema. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Kind = ComponentType<WidgetProps<any>>;

const files = import.meta.glob<{ default: Kind }>("./kinds/*.tsx", { eager: true });
const kinds = new Map(Object.entries(files).map(([path, file]) => [/(\w+)\.tsx$/.exec(path)![1]!, file.default]));

interface Props {
  readonly node: string;
  readonly input: InputSchema;
  readonly linked: boolean;
  readonly invalid: boolean;
}

export const Widget = memo(function Widget({ node, input, linked, invalid }: Props) {
  const kind = input.widget && kinds.get(input.widget.kind);
  if (!kind) return <UnknownWidget input={input} />;
  const Control = kind;
  return <Control node={node} input={input} widget={input.widget} disabled={linked} invalid={invalid} />;
});

/** A newer server may know widgets that this page does not: say so instead of drawing nothing. */
function UnknownWidget({ input }: { input: InputSchema }) {
  return (
    <div className="w-line">
      <span className="w-label">{label(input.name)}</span>
      <span className="w-note">reload the page to edit this</span>
    </div>
  );
}
