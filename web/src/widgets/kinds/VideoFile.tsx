import { useEffect, useRef } from "react";
import { loadChoices, uploadImage, useChoices } from "../../api/choices";
import { fileUrl } from "../../api/routes";
import type { VideoFileWidget } from "../../api/types";
import { toastError } from "../../canvas/surface";
import { Icon } from "../../panels/Icon";
import { Picker } from "../Picker";
import { useValue, type WidgetProps } from "../value";

/** A video on the server: pick one or upload it, and play it in the card. */
export default function VideoFile(props: WidgetProps<VideoFileWidget>) {
  const { node, input, widget, disabled } = props;
  const [raw, set] = useValue(node, input);
  const key = `videos/${widget.folder}`;
  const names = useChoices((s) => s.names[key]);
  const chooser = useRef<HTMLInputElement>(null);
  const load = () => void loadChoices("videos", widget.folder);
  useEffect(() => {
    if (!useChoices.getState().names[key]) load();
  }, [key]);
  const take = (file: File | undefined) => {
    if (file && !disabled) uploadImage(file).then(set, (error: unknown) => toastError(error, "Not uploaded"));
  };
  const name = String(raw ?? "");
  return (
    <div className="w-image">
      <div className="w-pair">
        <Picker props={props} names={names} empty="no videos yet" onOpen={load} />
        <button type="button" className="w-icon nodrag" aria-label={`Upload ${input.name}`} disabled={disabled} onClick={() => chooser.current?.click()}>
          <Icon name="upload" />
        </button>
      </div>
      <div className="w-drop nodrag" onDragOver={(event) => event.preventDefault()} onDrop={(event) => [event.preventDefault(), event.stopPropagation(), take(event.dataTransfer.files[0])]}>
        {name && names?.includes(name) ? <video src={fileUrl(widget.folder, name)} controls muted loop playsInline /> : <span className="w-hint">Drop a video here</span>}
      </div>
      <input ref={chooser} type="file" accept="video/*,image/gif" hidden onChange={(event) => take(event.target.files?.[0])} />
    </div>
  );
}
