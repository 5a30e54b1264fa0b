import { useEffect } from "react";
import { loadChoices, useChoices } from "../../api/choices";
import type { ImageFolderWidget } from "../../api/types";
import { Picker } from "../Picker";
import type { WidgetProps } from "../value";

/** A folder of pictures on the server; "." is the whole input folder. */
export default function ImageFolder(props: WidgetProps<ImageFolderWidget>) {
  const { folder } = props.widget;
  const names = useChoices((s) => s.names[`image_folders/${folder}`]);
  useEffect(() => {
    if (!useChoices.getState().names[`image_folders/${folder}`]) void loadChoices("image_folders", folder);
  }, [folder]);
  return <Picker props={props} names={names} empty="no folders yet" onOpen={() => void loadChoices("image_folders", folder)} />;
}
