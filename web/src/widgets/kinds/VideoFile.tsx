import type { VideoFileWidget } from "../../api/types";
import { Recording } from "../Recording";
import type { WidgetProps } from "../value";

export default function VideoFile(props: WidgetProps<VideoFileWidget>) {
  return <Recording props={props} kind="videos" accept="video/*,image/gif" hint="Drop a video here" player={(url) => <video src={url} controls muted loop playsInline />} />;
}
