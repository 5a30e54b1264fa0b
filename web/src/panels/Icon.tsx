/** Line icons on a 16-unit grid, drawn with the text's colour. */
const PATHS = {
  alignBottom: "M2 14h12M3.5 3h3.5v8.5H3.5zM9 7h3.5v4.5H9z",
  alignCentre: "M8 2v1.5M8 7v2M8 12.5V14M3 3.5h10V7H3zM5 9h6v3.5H5z",
  alignLeft: "M2 2v12M4.5 3.5H13V7H4.5zM4.5 9H9v3.5H4.5z",
  alignMiddle: "M2 8h1.5M7 8h2M12.5 8H14M3.5 3H7v10H3.5zM9 5h3.5v6H9z",
  alignRight: "M14 2v12M3 3.5h8.5V7H3zM7 9h4.5v3.5H7z",
  alignTop: "M2 2h12M3.5 4.5h3.5V13H3.5zM9 4.5h3.5V9H9z",
  app: "M4.5 1.5h7v13h-7zM6.5 4h3M6.5 6.5h3M7.5 12h1",
  arrange: "M2 3h4v4H2zM2 10h4v3H2zM10 6h4v4h-4zM6 5h2v6H6M8 8h2",
  bypass: "M2 8h3m6 0h3M5 8c0-5 6-5 6 0",
  cancel: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.5 3.5L13 4.5",
  chevron: "M5 6.5L8 9.5l3-3",
  compare: "M2 3h12v10H2zM8 1.5v13M4.5 8h1M10.5 8h1",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  dice: "M2.5 2.5h11v11h-11zM5.5 5.5h.01M8 8h.01M10.5 10.5h.01",
  down: "M8 3v10m0 0l4-4m-4 4L4 9",
  download: "M8 2v8m0 0L5 7m3 3l3-3M3 13h10",
  enter: "M3 3h10v10H3zM6 8h4M8 6v4",
  error: "M8 4.5v4.5M8 11.5h.01M8 1.8l6.5 11.7h-13z",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  gallery: "M2 3h12v10H2zM2 11l3.5-3.5L9 11l2-2 3 3M10.5 6h.01",
  group: "M2 2.5h12v11H2zM2 5.5h12",
  help: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M6.2 6.3a1.8 1.8 0 1 1 2.7 1.6c-.6.3-.9.7-.9 1.4M8 11.4h.01",
  history: "M8 4.5V8l2.5 1.5M2.5 8a5.5 5.5 0 1 0 1.8-4L2.5 5.5m0-3v3h3",
  inspector: "M2 13.5h12M4 11V8m3 3V4m3 7V6m3 5V9",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  magnet: "M3 3v5a5 5 0 0 0 10 0V3h-3v5a2 2 0 0 1-4 0V3zM3 5.5h3M10 5.5h3",
  map: "M2 3.5h12v9H2zM9 8h3.5v3H9z",
  models: "M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8L8 7.8l5.5-3M8 7.8v6.4",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  mute: "M3.5 8h9",
  open: "M2 13V3.5h4L7.5 5H14v8z",
  next: "M8 13V4m0 0L4 8m4-4l4 4M3 2h10",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  pencil: "M3 13l.6-2.8L11 2.8l2.2 2.2-7.4 7.4zM9.5 4.3l2.2 2.2",
  play: "M4.5 3l8 5-8 5z",
  plus: "M8 3v10M3 8h10",
  queue: "M3 4h10M3 8h10M3 12h6",
  redo: "M13 6.5H6a3.5 3.5 0 0 0 0 7h3M13 6.5L10 3.5m3 3l-3 3",
  reroute: "M1.5 12.5c4 0 3-7 6.5-7m0-1.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3m1.5 1.5h5",
  retry: "M13 8a5 5 0 1 1-1.6-3.7L13 6m0-3.5V6H9.5",
  settings: "M2 4.5h6m4 0h2M2 11.5h2m4 0h6M10 2.8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4M6 9.8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4",
  shuffle: "M2 4.5h2.5l6 7H14m0 0L12 9.7m2 1.8l-2 1.8M2 11.5h2.5l1.7-2M8.5 6.8l2-2.3H14m0 0L12 2.7m2 1.8L12 6.3",
  spreadAcross: "M2 2v12M14 2v12M6 4h4v8H6z",
  spreadDown: "M2 2h12M2 14h12M4 6h8v4H4z",
  subgraph: "M2 2.5h12v11H2zM4.5 5h3v2.5h-3zM8.5 8.5h3V11h-3zM6 7.5v2h2.5",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  unpack: "M3 3h4v4H3zM9 9h4v4H9zM11 3v3m0-3h3m-3 0l3 3",
  up: "M8 13V3m0 0L4 7m4-4l4 4",
  undo: "M3 6.5h7a3.5 3.5 0 0 1 0 7H7M3 6.5l3-3m-3 3l3 3",
  upload: "M8 11V3m0 0L5 6m3-3l3 3M3 13h10",
  workflows: "M2 2.5h5v4H2zM9 9.5h5v4H9zM4.5 6.5v5H9",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" data-icon={name} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
