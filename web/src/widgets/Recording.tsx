import { useEffect, useRef, type ReactNode } from "react";
import { loadChoices, uploadImage, useChoices } from "../api/choices";
import { fileUrl } from "../api/routes";
import type { AudioFileWidget, VideoFileWidget } from "../api/types";
import { toastError } from "../canvas/surface";
import { Icon } from "../panels/Icon";
import { Picker } from "./Picker";
import { useValue, type WidgetProps } from "./value";

interface Props {
  readonly props: WidgetProps<VideoFileWidget | AudioFileWidget>;
  readonly kind: "videos" | "sounds";
  readonly accept: string;
  readonly hint: string;
  readonly player: (url: string) => ReactNode;
}

/** A recording on the server: pick one or upload it, and play it in the card. */
export function Recording({ props, kind, accept, hint, player }: Props) {
  const { node, input, widget, disabled } = props;
  const [raw, set] = useValue(node, input);
  const key = `${kind}/${widget.folder}`;
  const names = useChoices((s) => s.names[key]);
  const chooser = useRef<HTMLInputElement>(null);
  const load = () => void loadChoices(kind, widget.folder);
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
        <Picker props={props} names={names} empty={`no ${kind} yet`} onOpen={load} />
        <button type="button" className="w-icon nodrag" aria-label={`Upload ${input.name}`} disabled={disabled} onClick={() => chooser.current?.click()}>
          <Icon name="upload" />
        </button>
      </div>
      <div className="w-drop nodrag" onDragOver={(event) => event.preventDefault()} onDrop={(event) => [event.preventDefault(), event.stopPropagation(), take(event.dataTransfer.files[0])]}>
        {name && names?.includes(name) ? player(fileUrl(widget.folder, name)) : <span className="w-hint">{hint}</span>}
      </div>
      <input ref={chooser} type="file" accept={accept} hidden onChange={(event) => take(event.target.files?.[0])} />
    </div>
  );
}
