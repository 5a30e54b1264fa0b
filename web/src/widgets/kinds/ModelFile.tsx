import { useEffect } from "react";
import { loadChoices, useChoices } from "../../api/choices";
import type { ModelFileWidget } from "../../api/types";
import { Picker } from "../Picker";
import type { WidgetProps } from "../value";

/** A model on the server's disk. */
export default function ModelFile(props: WidgetProps<ModelFileWidget>) {
  const { folder } = props.widget;
  const names = useChoices((s) => s.names[`models/${folder}`]);
  useEffect(() => {
    if (!useChoices.getState().names[`models/${folder}`]) void loadChoices("models", folder);
  }, [folder]);
  return <Picker props={props} names={names} empty={`no models in ${folder}`} onOpen={() => void loadChoices("models", folder)} />;
}
