import type { AudioFileWidget } from "../../api/types";
import { Recording } from "../Recording";
import type { WidgetProps } from "../value";

export default function AudioFile(props: WidgetProps<AudioFileWidget>) {
  return <Recording props={props} kind="sounds" accept="audio/*" hint="Drop a sound here" player={(url) => <audio src={url} controls />} />;
}
