import { useEffect, useRef, useState } from "react";
import { uploadImage } from "../../api/choices";
import { toastError } from "../../canvas/surface";
import { Icon } from "../../panels/Icon";
import { Stage, type Place } from "./Stage";

interface Props {
  readonly picture: string | null;
  readonly mask: string | null;
  readonly onDone: (name: string) => void;
  readonly onClose: () => void;
}

const LONGEST = 2048;
const UNDOS = 20;

/** Paint where: white strokes on nothing, kept as a PNG of the picture's size. */
export default function MaskEditor({ picture, mask, onDone, onClose }: Props) {
  const [brush, setBrush] = useState(8);
  const [erasing, setErasing] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const undos = useRef<ImageData[]>([]);
  const pen = () => canvas.current!.getContext("2d", { willReadFrequently: true })!;
  const remember = () => {
    const { width, height } = canvas.current!;
    undos.current = [...undos.current.slice(1 - UNDOS), pen().getImageData(0, 0, width, height)];
  };
  const undo = () => {
    const last = undos.current.pop();
    if (last) pen().putImageData(last, 0, 0);
  };
  const all = (rule: "fill" | "clear" | "invert") => {
    remember();
    const { width, height } = canvas.current!;
    const paint = pen();
    paint.globalCompositeOperation = rule === "invert" ? "xor" : "source-over";
    if (rule === "clear") paint.clearRect(0, 0, width, height);
    else {
      paint.fillStyle = "#fff";
      paint.fillRect(0, 0, width, height);
    }
  };
  const press = (start: Place) => {
    remember();
    let from = start;
    const stroke = (to: Place) => {
      line(pen(), from, to, brush / 100, erasing);
      from = to;
    };
    stroke(start);
    return { move: stroke };
  };
  const done = () => {
    canvas.current!.toBlob((blob) => {
      if (!blob) return;
      uploadImage(new File([blob], "mask.png", { type: "image/png" })).then(
        (name) => [onDone(name), onClose()],
        (error: unknown) => toastError(error, "The mask was not kept"),
      );
    }, "image/png");
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "[") setBrush((b) => Math.max(1, b - 1));
      else if (event.key === "]") setBrush((b) => Math.min(40, b + 1));
      else if (event.key === "e") setErasing((on) => !on);
      else if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", key, true);
    return () => window.removeEventListener("keydown", key, true);
  }, []);
  return (
    <Stage
      title="Paint a mask"
      picture={picture}
      hint="[ and ] change the brush, E erases, Ctrl+Z takes a stroke back."
      tools={
        <>
          <label>
            Brush <input type="range" min={1} max={40} value={brush} onChange={(event) => setBrush(Number(event.target.value))} /> <output>{brush} %</output>
          </label>
          <button type="button" className="button" aria-pressed={erasing} onClick={() => setErasing(!erasing)}>
            Erase
          </button>
          <button type="button" className="button" onClick={undo}>
            <Icon name="undo" size={14} /> Undo
          </button>
          <button type="button" className="button" onClick={() => all("fill")}>
            Fill
          </button>
          <button type="button" className="button" onClick={() => all("invert")}>
            Invert
          </button>
          <button type="button" className="button" onClick={() => all("clear")}>
            Clear
          </button>
        </>
      }
      onPress={press}
      onDone={done}
      onClose={onClose}
    >
      {(size) => <Sheet ref={canvas} size={size} mask={mask} />}
    </Stage>
  );
}

interface SheetProps {
  readonly ref: React.RefObject<HTMLCanvasElement | null>;
  readonly size: { width: number; height: number };
  readonly mask: string | null;
}

function Sheet({ ref, size, mask }: SheetProps) {
  const shrink = Math.min(1, LONGEST / Math.max(size.width, size.height));
  const [width, height] = [Math.round(size.width * shrink), Math.round(size.height * shrink)];
  useEffect(() => {
    if (!mask) return;
    const old = new Image();
    old.onload = () => ref.current?.getContext("2d")?.drawImage(old, 0, 0, width, height);
    old.src = mask;
  }, [ref, mask, width, height]);
  return <canvas ref={ref} className="mask-sheet" width={width} height={height} data-testid="mask-sheet" />;
}

function line(paint: CanvasRenderingContext2D, from: Place, to: Place, brush: number, erasing: boolean): void {
  const { width, height } = paint.canvas;
  paint.globalCompositeOperation = erasing ? "destination-out" : "source-over";
  paint.strokeStyle = "#fff";
  paint.lineCap = paint.lineJoin = "round";
  paint.lineWidth = Math.max(1, brush * Math.max(width, height));
  paint.beginPath();
  paint.moveTo(from[0] * width, from[1] * height);
  paint.lineTo(to[0] * width + 0.01, to[1] * height);
  paint.stroke();
}
