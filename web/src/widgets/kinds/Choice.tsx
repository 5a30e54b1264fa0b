import { Picker } from "../Picker";
import { Select } from "../Select";
import type { WidgetProps } from "../value";

/** More than this many are found faster by typing. */
const FEW = 8;

/** One of the choices that the schema lists. */
export default function Choice(props: WidgetProps) {
  const names = props.input.choices.map(String);
  return names.length > FEW ? <Picker props={props} names={names} /> : <Select props={props} names={names} />;
}
