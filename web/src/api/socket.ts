import { apiUrl } from "./client";
import { decodePreview } from "./previews";
import type { ServerStatus } from "./routes";
import type { RunEvent } from "./types";

export interface Hello {
  readonly type: "hello";
  readonly seq: number;
  readonly status: ServerStatus;
}

export interface SocketListener {
  /** The last event that was seen: the server goes on after it. */
  from(): number;
  hello(hello: Hello): void;
  event(event: RunEvent): void;
  preview(node: string, image: Blob): void;
  lost(): void;
}

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;

/** The event stream, reconnected for ever with growing pauses. */
export class EventSocket {
  private socket: WebSocket | null = null;
  private timer = 0;
  private wait = FIRST_WAIT;

  constructor(private readonly listener: SocketListener) {
    window.addEventListener("online", () => this.connect());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.timer) this.connect();
    });
  }

  /** (Re)connect now, from where the listener stands. */
  connect(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    const old = this.socket;
    this.socket = null;
    old?.close();
    const url = new URL(apiUrl(`ws?from=${this.listener.from()}`));
    url.protocol = url.protocol.replace("http", "ws");
    this.open(new WebSocket(url));
  }

  private open(socket: WebSocket): void {
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (message) => {
      if (this.socket === socket) this.receive(message.data as string | ArrayBuffer);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.retry();
    };
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const preview = decodePreview(data);
      if (preview) this.listener.preview(preview.node, preview.image);
      return;
    }
    const message = JSON.parse(data) as Hello | RunEvent;
    if (message.type !== "hello") return this.listener.event(message);
    this.wait = FIRST_WAIT;
    this.listener.hello(message);
  }

  private retry(): void {
    this.socket = null;
    this.listener.lost();
    // A little chance keeps many tabs from knocking at the same moment.
    this.timer = window.setTimeout(() => this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(LONGEST_WAIT, this.wait * 1.7);
  }
}
