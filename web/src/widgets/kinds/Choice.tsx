import { Select } from "../Select";
import type { WidgetProps } from "../value";

/** One of the choices that the schema lists. */
export default function Choice(props: WidgetProps) {
  return <Select props={props} names={props.input.choices.map(String)} />;
}
