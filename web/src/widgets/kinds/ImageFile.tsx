import { useEffect, useRef, useState } from "react";
import { loadChoices, uploadImage, useChoices } from "../../api/choices";
import { fileUrl, thumbnailUrl } from "../../api/routes";
import type { ImageFileWidget } from "../../api/types";
import { toastError } from "../../canvas/surface";
import { Icon } from "../../panels/Icon";
import { Picker } from "../Picker";
import { useValue, type WidgetProps } from "../value";

const ACCEPTED = "image/png,image/jpeg,image/webp";

/** A picture on the server: pick one, or upload by button, drop or paste. */
export default function ImageFile(props: WidgetProps<ImageFileWidget>) {
  const { node, input, widget, disabled } = props;
  const [value, set] = useValue(node, input);
  const names = useChoices((s) => s.names[`images/${widget.folder}`]);
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!useChoices.getState().names[`images/${widget.folder}`]) void loadChoices("images", widget.folder);
  }, [widget.folder]);

  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (!file || disabled) return;
    uploadImage(file).then(set, (error: unknown) => toastError(error, "Not uploaded"));
  };
  const name = String(value ?? "");
  const present = name !== "" && names?.includes(name);
  return (
    <div className="w-image">
      <Picker
        props={props}
        names={names}
        empty="no pictures yet"
        thumbnail={(name) => thumbnailUrl(widget.folder, name, 128)}
        onOpen={() => void loadChoices("images", widget.folder)}
      />
      <div
        className={`w-drop nodrag ${over ? "over" : ""}`}
        tabIndex={disabled ? -1 : 0}
        role="button"
        aria-label={`Upload ${input.name}`}
        data-testid={`drop-${input.name}`}
        onClick={() => !disabled && chooser.current?.click()}
        onKeyDown={(event) => event.key === "Enter" && chooser.current?.click()}
        onPaste={(event) => {
          if (!event.clipboardData.files.length) return;
          event.preventDefault();
          event.stopPropagation();
          take(event.clipboardData.files);
        }}
        onDragOver={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setOver(false);
          take(event.dataTransfer.files);
        }}
      >
        {present ? <img src={fileUrl(widget.folder, name)} alt={name} draggable={false} /> : <DropHint />}
      </div>
      <input ref={chooser} type="file" accept={ACCEPTED} hidden onChange={(event) => take(event.target.files)} />
    </div>
  );
}

function DropHint() {
  return (
    <span className="w-hint">
      <Icon name="upload" /> Click, drop or paste a picture
    </span>
  );
}
