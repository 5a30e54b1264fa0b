import { useEffect, useRef } from "react";
import { startCamera, stopCamera, useCameras } from "../../api/cameras";
import { toastError } from "../../canvas/surface";
import { Icon } from "../../panels/Icon";
import { controlProps, useValue, type WidgetProps } from "../value";

/** A camera of this browser: its name, a button that starts and stops it, and what it sees. */
export default function CameraName(props: WidgetProps) {
  const [value, set] = useValue(props.node, props.input);
  const name = String(value ?? "");
  const stream = useCameras((s) => s.running[name]);
  const started = stream !== undefined;
  const press = () => {
    const done = started ? stopCamera(name) : startCamera(name);
    done.catch((error: unknown) => toastError(error, "No camera"));
  };
  return (
    <div className="w-image">
      <div className="w-pair">
        <label className="w-line w-field">
          <input {...controlProps(props)} disabled={props.disabled || started} className="nodrag nopan" value={name} onChange={(event) => set(event.target.value)} />
        </label>
        <button type="button" className={`w-icon nodrag${started ? " on" : ""}`} aria-label={started ? "Stop camera" : "Start camera"} aria-pressed={started} disabled={props.disabled || !name} onClick={press}>
          <Icon name={started ? "pause" : "play"} />
        </button>
      </div>
      <div className="w-drop nodrag">{stream ? <Seen stream={stream} /> : <span className="w-hint">▷ starts the camera</span>}</div>
    </div>
  );
}

/** What the camera sees, as in a mirror. */
function Seen({ stream }: { stream: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    video.current!.srcObject = stream;
  }, [stream]);
  return <video ref={video} style={{ transform: "scaleX(-1)" }} autoPlay muted playsInline />;
}
