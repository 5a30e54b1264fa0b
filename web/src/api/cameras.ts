import { create } from "zustand";
import { request } from "./client";

/** The cameras that this page sends to the server, by name. One goes on when its card scrolls off the screen. */
export const useCameras = create<{ running: Readonly<Record<string, MediaStream>> }>(() => ({ running: {} }));

const WIDTH = 640;
const QUALITY = 0.85;
const PAUSE = 30; // milliseconds after the answer to a frame

const sending = new Map<string, Promise<void>>();

/** Ask the browser for a camera, which asks the user, and send its frames until it is stopped. */
export async function startCamera(name: string): Promise<void> {
  // Browsers hide cameras from pages that came over plain http from another machine.
  if (!window.isSecureContext) throw new Error("A browser gives cameras to https pages and to its own machine only.");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDTH } } });
  for (const track of stream.getTracks()) track.addEventListener("ended", () => forget(name));
  useCameras.setState(({ running }) => ({ running: { ...running, [name]: stream } }));
  sending.set(name, send(name, stream));
  await sending.get(name);
}

/** Stop a camera; the run that works on its frames ends. A frame on its way comes first, or it would come after the end. */
export async function stopCamera(name: string): Promise<void> {
  forget(name);
  await sending.get(name)?.catch(() => null);
  await request(`cameras/${encodeURIComponent(name)}`, { method: "DELETE" });
}

/** A frame is taken when the server has the one before: a slow connection drops frames instead of queueing them. */
async function send(name: string, stream: MediaStream): Promise<void> {
  const video = document.createElement("video");
  const sheet = document.createElement("canvas");
  video.muted = true;
  video.srcObject = stream;
  try {
    await video.play();
    while (useCameras.getState().running[name] === stream) {
      await request(`cameras/${encodeURIComponent(name)}`, { file: await taken(video, sheet) });
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } finally {
    if (useCameras.getState().running[name] === stream) forget(name);
  }
}

function taken(video: HTMLVideoElement, sheet: HTMLCanvasElement): Promise<Blob> {
  sheet.width = Math.min(WIDTH, video.videoWidth);
  sheet.height = Math.round((sheet.width * video.videoHeight) / video.videoWidth);
  sheet.getContext("2d")!.drawImage(video, 0, 0, sheet.width, sheet.height);
  return new Promise((resolve, reject) =>
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The camera gave no picture."))), "image/jpeg", QUALITY),
  );
}

function forget(name: string): void {
  const { [name]: stream, ...others } = useCameras.getState().running;
  for (const track of stream?.getTracks() ?? []) track.stop();
  useCameras.setState({ running: others });
}
